package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// clusterMetrics tell what the nodes say to each other.
type clusterMetrics struct{ cluster *cluster.Cluster }

// The metrics, and what each is of the counts.
var (
	nodesNow      = prometheus.NewDesc("holdfast_nodes", "Nodes of the cluster that are alive, this one among them.", nil, nil)
	clusterCounts = []clusterCount{
		count("holdfast_bus_sent_total", "Frames told to other nodes.", func(n cluster.Counts) int64 { return n.Sent }),
		count("holdfast_bus_sent_bytes_total", "Bytes told to other nodes.", func(n cluster.Counts) int64 { return n.SentBytes }),
		count("holdfast_bus_received_total", "Frames that other nodes told.", func(n cluster.Counts) int64 { return n.Taken }),
		count("holdfast_bus_received_bytes_total", "Bytes that other nodes told.", func(n cluster.Counts) int64 { return n.TakenBytes }),
		count("holdfast_bus_unsent_total", "Frames that could not be told, because there was no connection to NATS.", func(n cluster.Counts) int64 { return n.Unsent }),
		count("holdfast_bus_slow_total", "Times that NATS began to drop frames, because this node did not take them fast enough.", func(n cluster.Counts) int64 { return n.Dropped }),
		count("holdfast_bus_unreadable_total", "Frames that could not be read.", func(n cluster.Counts) int64 { return n.Unreadable }),
		count("holdfast_bus_busy_total", "Questions of other nodes that were refused, because too many were being answered.", func(n cluster.Counts) int64 { return n.Busy }),
		count("holdfast_bus_holes_total", "Times that changes of other nodes' rows were missed, and fetched.", func(n cluster.Counts) int64 { return n.Holes }),
		count("holdfast_bus_gaps_total", "Times that messages of channels without history were missed between nodes.", func(n cluster.Counts) int64 { return n.Gaps }),
		count("holdfast_nodes_came_total", "Times that another node came.", func(n cluster.Counts) int64 { return n.Came }),
		count("holdfast_nodes_went_total", "Times that another node went.", func(n cluster.Counts) int64 { return n.Went }),
	}
)

type clusterCount struct {
	desc *prometheus.Desc
	of   func(cluster.Counts) int64
}

func count(name, help string, of func(cluster.Counts) int64) clusterCount {
	return clusterCount{prometheus.NewDesc(name, help, nil, nil), of}
}

func (m clusterMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- nodesNow
	for _, one := range clusterCounts {
		to <- one.desc
	}
}

func (m clusterMetrics) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(nodesNow, prometheus.GaugeValue, float64(len(m.cluster.Nodes())))
	counts := m.cluster.Counts()
	for _, one := range clusterCounts {
		to <- prometheus.MustNewConstMetric(one.desc, prometheus.CounterValue, float64(one.of(counts)))
	}
}

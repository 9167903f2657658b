package broker

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	raiseInterval = time.Second
	metaReplicas  = 3 // fewer nodes than that can't do without any one of them
)

// replicasFor returns on how many of so many nodes a log is kept. Two would be worse than one: both would be needed.
func replicasFor(nodes, wanted int) int {
	most := min(nodes, wanted)
	if most < metaReplicas {
		return 1
	}
	return most
}

// raiser keeps each log on as many nodes as it is to be on. Every node has one; that of the node that leads works.
type raiser struct {
	broker *Broker
	stop   context.CancelFunc
	done   sync.WaitGroup
	failed map[string]string // what is wrong with a stream, so that it is told once
}

func startRaiser(b *Broker) *raiser {
	ctx, stop := context.WithCancel(context.Background())
	r := &raiser{broker: b, stop: stop, failed: map[string]string{}}
	r.done.Go(func() { r.run(ctx) })
	return r
}

func (r *raiser) close() {
	r.stop()
	r.done.Wait()
}

func (r *raiser) run(ctx context.Context) {
	tick := time.NewTicker(raiseInterval)
	defer tick.Stop()
	with := time.Now() // since when there has been a majority
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		m := r.broker.engine.Membership()
		if m.Leader == "" {
			with = time.Now()
		}
		if m.Leader == r.broker.config.Cluster.Node {
			r.raise(ctx, replicasFor(m.Known, r.broker.config.Replicas))
		}
		r.broker.noteWhole(with)
	}
}

// raise gives each log that is on fewer nodes than wanted more of them. None is ever taken away here.
func (r *raiser) raise(ctx context.Context, wanted int) {
	streams, err := r.broker.streams(ctx)
	if err != nil {
		return // nobody leads just now, or this node does not any more: the next one sees to it
	}
	for _, info := range streams {
		name, err := setting[string](info, "name")
		if err != nil {
			continue
		}
		have, err := setting[int](info, "num_replicas")
		if err != nil || have >= wanted || !strings.HasPrefix(name, streamPrefix) {
			continue
		}
		log := r.broker.config.Log.With("stream", name, "from", have, "to", wanted)
		meta, err := setting[map[string]string](info, "metadata")
		if err == nil {
			_, err = (&Log{broker: r.broker, stream: name}).update(ctx, info, map[string]any{"num_replicas": wanted}, meta)
		}
		switch {
		case err == nil:
			delete(r.failed, name)
			log.Info("a log is copied to more nodes")
		case r.failed[name] != err.Error() && !errors.Is(err, context.Canceled):
			r.failed[name] = err.Error()
			log.Warn("a log can't be copied to more nodes yet; trying again", "error", err)
		}
	}
}

// streams returns all streams of the account.
func (b *Broker) streams(ctx context.Context) ([]*streamInfo, error) {
	var all []*streamInfo
	for {
		body, err := json.Marshal(map[string]int{"offset": len(all)})
		if err != nil {
			return nil, err
		}
		answer, err := b.readers[0].ask(ctx, "$JS.API.STREAM.LIST", body)
		if err != nil {
			return nil, err
		}
		var page struct {
			Total   int           `json:"total"`
			Streams []*streamInfo `json:"streams"`
		}
		if err := unmarshalAPI(answer, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Streams...)
		if len(page.Streams) == 0 || len(all) >= page.Total {
			return slices.Clip(all), nil
		}
	}
}

package together

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// stream is what JetStream says of the log.
type stream struct {
	Config struct {
		Replicas int `json:"num_replicas"`
	} `json:"config"`
	Cluster struct {
		Leader   string `json:"leader"`
		Replicas []struct {
			Name    string `json:"name"`
			Current bool   `json:"current"`
		} `json:"replicas"`
	} `json:"cluster"`
}

const streamName = "holdfast-chat=2f=23"

// ask asks JetStream; an answer that does not come is empty.
func (n *node) ask(t testing.TB, subject string, body string) (answer []byte) {
	t.Helper()
	conn, err := n.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	m, err := conn.Request(subject, []byte(body), 2*time.Second)
	if err == nats.ErrTimeout || err == nats.ErrNoResponders {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return m.Data
}

func (n *node) stream(t testing.TB) (s stream) {
	t.Helper()
	if answer := n.ask(t, "$JS.API.STREAM.INFO."+streamName, ""); answer != nil {
		if err := json.Unmarshal(answer, &s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// replicas returns on how many nodes the log is, all with all that it has.
func (n *node) replicas(t testing.TB) int {
	t.Helper()
	s := n.stream(t)
	if s.Cluster.Leader == "" {
		return 0
	}
	current := 1
	for _, r := range s.Cluster.Replicas {
		if r.Current {
			current++
		}
	}
	return current
}

// leadBy has a node lead the log.
func (n *node) leadBy(t testing.TB, name string) {
	t.Helper()
	eventually(t, name+" leads", func() bool {
		if n.stream(t).Cluster.Leader == name {
			return true
		}
		n.ask(t, "$JS.API.STREAM.LEADER.STEPDOWN."+streamName, `{"placement":{"preferred":"`+name+`"}}`)
		return n.stream(t).Cluster.Leader == name
	})
}

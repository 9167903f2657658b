package hub

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/websocket"
)

// nodes returns n hubs of as many nodes, which know each other.
func nodes(t testing.TB, n int) (hubs []*Hub, clusters []*cluster.Cluster) {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	connect := func(_ context.Context, _ string, options ...nats.Option) (*nats.Conn, error) {
		return nats.Connect("", append(options, nats.InProcessServer(s))...)
	}
	for i := range n {
		name := fmt.Sprint("node", i)
		c, err := cluster.New(t.Context(), cluster.Node{ID: name, Name: name}, connect, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		h := New()
		h.Join(c)
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			c.Close()
			h.Close()
		})
		hubs, clusters = append(hubs, h), append(clusters, c)
	}
	until(t, func() bool {
		return !slices.ContainsFunc(clusters, func(c *cluster.Cluster) bool { return len(c.Nodes()) < n })
	})
	return hubs, clusters
}

func until(t testing.TB, holds func() bool) {
	t.Helper()
	for late := time.After(20 * time.Second); !holds(); {
		select {
		case <-late:
			t.Fatal("it does not come to pass")
		case <-time.After(time.Millisecond):
		}
	}
}

// whole remembers publications.
type whole struct {
	mu  sync.Mutex
	got []*Publication
}

func (w *whole) Missed() {}
func (w *whole) Deliver(p *Publication) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, p)
}

func (w *whole) first() *Publication {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.got) == 0 {
		return nil
	}
	return w.got[0]
}

func TestAMessageReachesOtherNodesWithAllThatIsSaidOfIt(t *testing.T) {
	hubs, clusters := nodes(t, 3)
	var there, elsewhere whole
	hubs[1].Subscribe("chat/lobby", &there)
	hubs[2].SubscribeAll("chat/+", &elsewhere)
	sent := &broker.Message{
		Channel: "chat/lobby", Type: websocket.Binary, Payload: []byte{0, 1, 2}, ID: "i", Key: "k", Source: "s", Time: time.Unix(1700000000, 5),
		Meta: &broker.Meta{Pairs: []broker.Pair{{Name: "a", Value: "b"}}, ContentType: "x/y", QoS: 1},
	}
	before := clusters[0].Counts().Sent
	hubs[0].Publish(Bundle(sent, sent, sent), nil)
	for _, w := range []*whole{&there, &elsewhere} {
		until(t, func() bool { return w.first() != nil })
		p := w.first()
		if len(p.Messages) != 3 {
			t.Fatalf("three messages that came together are %d", len(p.Messages))
		}
		m := p.Messages[2]
		if m.Channel != sent.Channel || m.Type != sent.Type || string(m.Payload) != string(sent.Payload) || m.ID != "i" || m.Key != "k" || m.Source != "s" ||
			!m.Time.Equal(sent.Time) || m.Meta.ContentType != "x/y" || m.Meta.Pairs[0] != sent.Meta.Pairs[0] || m.Meta.QoS != 1 {
			t.Errorf("it arrives as %+v with %+v", m, m.Meta)
		}
	}
	if sent := clusters[0].Counts().Sent - before; sent > 3 { // heartbeats among them
		t.Errorf("it took %d frames", sent)
	}
}

func TestMessagesOfOnePublisherReachEachNodeOnceAndInOrder(t *testing.T) {
	hubs, _ := nodes(t, 3)
	const each = 500
	boxes := make([]inbox, len(hubs))
	for i, h := range hubs {
		h.Subscribe("c", &boxes[i])
	}
	var publishing sync.WaitGroup
	for i, h := range hubs {
		publishing.Go(func() {
			for n := range each {
				h.Publish(text("c", fmt.Sprintf("%d %04d", i, 2*n), fmt.Sprintf("%d %04d", i, 2*n+1)), nil)
			}
		})
	}
	publishing.Wait()
	for i := range boxes {
		until(t, func() bool { return len(boxes[i].messages()) == len(hubs)*each*2 })
		for from := range hubs {
			own := slices.DeleteFunc(boxes[i].messages(), func(m string) bool { return m[0] != byte('0'+from) })
			if len(own) != 2*each || !slices.IsSorted(own) {
				t.Errorf("node %d got %d messages of node %d, in order: %v", i, len(own), from, slices.IsSorted(own))
			}
		}
	}
}

func TestWhatIsTooMuchForOneFrameTakesSeveral(t *testing.T) {
	hubs, _ := nodes(t, 2)
	var box inbox
	hubs[1].Subscribe("c", &box)
	many := make([]string, 12)
	for i := range many {
		many[i] = fmt.Sprintf("%02d%s", i, make([]byte, 200<<10))
	}
	hubs[0].Publish(text("c", many...), nil)
	until(t, func() bool { return len(box.messages()) == len(many) })
	box.want(t, many...)
}

func TestANodeAloneTellsTheBusNothing(t *testing.T) {
	hubs, clusters := nodes(t, 1)
	hubs[0].Publish(text("c", "1"), nil)
	if n := clusters[0].Counts(); n.SentBytes > 2*n.Sent*200 || n.Sent > 3 {
		t.Errorf("it has sent %+v", n)
	}
}

func TestSubscribersAreToldThatSomethingIsMissingButNotAllTheTime(t *testing.T) {
	h := New()
	defer h.Close()
	var named, all inbox
	h.Subscribe("c", &named)
	h.SubscribeAll("a/#", &all)
	const missing = "(something is missing)"
	for range 1000 {
		h.miss("node", 1)
	}
	named.want(t, missing)
	all.want(t, missing)
	until(t, func() bool { return len(named.messages()) == 2 && len(all.messages()) == 2 })
	named.want(t, missing, missing)
}

func TestWhatIsMissingIsToldBeforeTheNextMessage(t *testing.T) {
	h := New()
	defer h.Close()
	var box inbox
	h.Subscribe("c", &box)
	const missing = "(something is missing)"
	h.miss("node", 1)
	h.Publish(text("c", "1"), nil)
	h.miss("node", 1) // not told at once
	h.Publish(text("c", "2"), nil)
	h.Publish(text("c", "3"), nil)
	box.want(t, missing, "1", missing, "2", "3")
	var late inbox
	h.Subscribe("d", &late)
	h.Publish(text("d", "4"), nil)
	late.want(t, "4")
}

func TestAFrameThatIsNoBundleReachesNobody(t *testing.T) {
	h := New()
	defer h.Close()
	var box inbox
	h.SubscribeAll("#", &box)
	for _, b := range [][]byte{nil, {0}, {200}, {1, 'c'}, {1, 'c', 1, 2, 3}, {1, '#', 1}} {
		if err := h.hear("node", b); err == nil {
			t.Errorf("%v is taken", b)
		}
	}
	box.want(t)
}

// count counts messages.
type count struct{ n atomic.Int64 }

func (c *count) Missed()                {}
func (c *count) Deliver(p *Publication) { c.n.Add(int64(len(p.Messages))) }

// BenchmarkAcrossNodes measures what a message costs on its way to another node of the same process, both sides and NATS
// together, where somebody wants it and where nobody does; beside one that stays on its node.
func BenchmarkAcrossNodes(b *testing.B) {
	hubs, _ := nodes(b, 2)
	alone := New()
	defer alone.Close()
	payload := make([]byte, 100)
	messages := func(name channel.Name, n int) *Publication {
		all := make([]websocket.Message, n)
		for i := range all {
			all[i] = websocket.Message{Type: websocket.Text, Payload: payload}
		}
		return NewPublication(name, all...)
	}
	var there count
	hubs[1].Subscribe("wanted", &there)
	hubs[1].Subscribe("end", &there)
	for _, burst := range []int{1, 20} {
		run := func(b *testing.B, h *Hub, name channel.Name) time.Duration {
			before, began := there.n.Load(), time.Now()
			n := b.N / burst
			for i := range n {
				h.Publish(messages(name, burst), nil)
				if h != alone && name == "wanted" && i%256 == 255 { // not to have NATS drop any
					for there.n.Load()-before < int64((i-4096)*burst) {
						runtime.Gosched()
					}
				}
			}
			if h != alone { // what is behind everything else
				h.Publish(messages("end", 1), nil)
				want := before + 1
				if name == "wanted" {
					want += int64(n * burst)
				}
				for there.n.Load() < want {
					runtime.Gosched()
				}
			}
			return time.Since(began) / time.Duration(max(n*burst, 1))
		}
		b.Run(fmt.Sprint(burst, " together"), func(b *testing.B) {
			local := run(b, alone, "wanted")
			wanted, unwanted := run(b, hubs[0], "wanted"), run(b, hubs[0], "unwanted")
			b.ReportMetric(float64(local), "local-ns/message")
			b.ReportMetric(float64(wanted), "wanted-ns/message")
			b.ReportMetric(float64(unwanted), "unwanted-ns/message")
			b.ReportMetric(float64(wanted)/float64(local), "wanted/local")
		})
	}
}

// Package figures measures what the records of a storm tell: how much was delivered, how long nothing could be published,
// how fast clients were back. Like package check it is pure.
package figures

import (
	"iter"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// Figures are what was measured. Times are in milliseconds.
type Figures struct {
	LastsMS    int64     `json:"lasts_ms"`
	Deliveries int       `json:"deliveries"`
	Sent       int       `json:"sent"`
	Acked      int       `json:"acknowledged"`
	Clients    Clients   `json:"clients"`
	AckMS      Quantiles `json:"ack_ms"`      // from handing a publication over to its acknowledgement
	FailoverMS Quantiles `json:"failover_ms"` // from the last acknowledgement before a node that led the log was killed to the first behind it, of others' probes
	KilledMS   Quantiles `json:"killed_ms"`   // the same, of whichever node
	BackMS     Quantiles `json:"sdk_back_ms"` // from SIGKILL of its node until all subscriptions of a client of an SDK were live again

	Unavailable []Unavailable `json:"unavailable"` // the longest of each channel, the longest first
	Faults      []Fault       `json:"faults"`
	Seconds     []Second      `json:"seconds"`
}

// Clients counts who subscribed and published.
type Clients struct {
	Subscriptions map[string]int `json:"subscriptions"` // by kind
	Publishers    int            `json:"publishers"`
}

// Unavailable is a time in which a channel had publications on their way and none was acknowledged.
type Unavailable struct {
	Channel string `json:"channel"`
	FromMS  int64  `json:"from_ms"`
	MS      int64  `json:"ms"`
}

// Fault is what was broken, and when.
type Fault struct {
	Number  string `json:"number"`
	Kind    string `json:"kind"`
	Node    string `json:"node"`
	FromMS  int64  `json:"from_ms"`
	UntilMS int64  `json:"until_ms"`
	Text    string `json:"text"`
}

// Second is what happened in one.
type Second struct {
	Sent          int   `json:"sent"`
	Acked         int   `json:"acked"`
	Delivered     int   `json:"delivered"`
	AckP50MS      int64 `json:"ack_p50_ms"`
	AckP99MS      int64 `json:"ack_p99_ms"`
	UnavailableMS int64 `json:"unavailable_ms"` // for how long the channel has been waiting that waits longest
}

// Measure takes the records of a storm.
func Measure(records iter.Seq2[record.Record, error]) (*Figures, error) {
	m := &measure{sent: map[string]record.Record{}, channels: map[string]*channel{}, clients: map[string]*sdk{}, kinds: map[string]int{}, speakers: map[string]bool{}}
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		m.take(&r)
	}
	return m.figures(), nil
}

// measure is what is gathered while records are read.
type measure struct {
	sent     map[string]record.Record // on their way, by id
	channels map[string]*channel
	clients  map[string]*sdk
	kinds    map[string]int
	speakers map[string]bool
	faults   []record.Record
	seconds  []second
	all      []time.Duration // from Send to Ack
	counts   struct{ sent, acked, delivered int }
}

type second struct {
	Second
	took []time.Duration
}

// at returns the second of a time.
func (m *measure) at(t record.Time) *second {
	n := int(t / record.Time(time.Second/time.Microsecond))
	for len(m.seconds) <= n {
		m.seconds = append(m.seconds, second{})
	}
	return &m.seconds[n]
}

func (m *measure) take(r *record.Record) {
	switch r.What {
	case record.Send:
		m.counts.sent++
		m.at(r.At).Sent++
		m.sent[r.ID] = *r
		m.speakers[r.Who] = true
		m.channel(r.Channel).send(r)
	case record.Ack:
		m.counts.acked++
		s := m.at(r.At)
		s.Acked++
		if sent, there := m.sent[r.ID]; there {
			took := r.At.Sub(sent.At)
			s.took, m.all = append(s.took, took), append(m.all, took)
			delete(m.sent, r.ID)
		}
		m.channel(r.Channel).ack(r)
	case record.Failed:
		delete(m.sent, r.ID)
		m.channel(r.Channel).fail(r)
	case record.Got:
		m.counts.delivered++
		m.at(r.At).Delivered++
	case record.Join:
		m.kinds[r.Kind]++
		m.sdk(r.Who).join(r)
	case record.Live, record.State:
		m.sdk(r.Who).change(r)
	case record.Fault:
		m.faults = append(m.faults, *r)
	}
}

func (m *measure) channel(name string) *channel {
	c := m.channels[name]
	if c == nil {
		c = &channel{name: name, waits: map[string]record.Time{}}
		m.channels[name] = c
	}
	return c
}

func (m *measure) sdk(who string) *sdk {
	c := m.clients[who]
	if c == nil {
		c = &sdk{}
		m.clients[who] = c
	}
	return c
}

func (m *measure) figures() *Figures {
	f := &Figures{
		LastsMS: int64(len(m.seconds)) * 1000, Deliveries: m.counts.delivered, Sent: m.counts.sent, Acked: m.counts.acked,
		Clients: Clients{Subscriptions: m.kinds, Publishers: len(m.speakers)}, AckMS: quantiles(m.all),
	}
	slices.SortStableFunc(m.faults, func(a, b record.Record) int { return int(a.At - b.At) })
	for _, r := range m.faults {
		f.Faults = append(f.Faults, Fault{Number: r.ID, Kind: r.Kind, Node: r.Node, FromMS: ms(r.At), UntilMS: ms(r.Until), Text: r.Text})
	}
	for _, c := range m.channels {
		if c.probed() {
			continue // its publisher can't go to another node
		}
		if c.longest.MS > 0 {
			f.Unavailable = append(f.Unavailable, c.longest)
		}
		m.plotWaits(c)
	}
	slices.SortFunc(f.Unavailable, func(a, b Unavailable) int {
		if a.MS != b.MS {
			return int(b.MS - a.MS)
		}
		return int(a.FromMS - b.FromMS)
	})
	for i := range m.seconds {
		s := &m.seconds[i]
		q := quantiles(s.took)
		s.AckP50MS, s.AckP99MS = q.P50, q.P99
		f.Seconds = append(f.Seconds, s.Second)
	}
	f.FailoverMS = quantiles(m.failovers(func(kind string) bool { return kind == "kill leader" }))
	f.KilledMS = quantiles(m.failovers(isKill))
	f.BackMS = quantiles(m.back())
	return f
}

// plotWaits notes in each second for how long a channel has waited.
func (m *measure) plotWaits(c *channel) {
	for _, u := range c.waited {
		for t := u.FromMS; t < u.FromMS+u.MS; t += 1000 {
			s := m.at(record.Time(t * 1000))
			s.UnavailableMS = max(s.UnavailableMS, min(t-u.FromMS+1000, u.MS))
		}
	}
}

// Quantiles are of several times.
type Quantiles struct {
	Count int   `json:"count"`
	P50   int64 `json:"p50"`
	P99   int64 `json:"p99"`
	Max   int64 `json:"max"`
}

func quantiles(all []time.Duration) Quantiles {
	if len(all) == 0 {
		return Quantiles{}
	}
	slices.Sort(all)
	at := func(q float64) int64 { return all[min(int(q*float64(len(all))), len(all)-1)].Milliseconds() }
	return Quantiles{Count: len(all), P50: at(0.5), P99: at(0.99), Max: all[len(all)-1].Milliseconds()}
}

func ms(t record.Time) int64 { return int64(t) / 1000 }

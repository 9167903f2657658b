package cluster

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// Flow carries much, fast, from each node to all others, at most once and in order. It has a connection of its own, so that
// a flood does not hold up what nodes have to say else, and tells when something is missing. Its methods may be called from
// any goroutine.
type Flow struct {
	cluster *Cluster
	bus     bus // nil before the start, and if this node is alone
	subject string
	take    func(from string, body []byte) error
	lost    func(from string, n int)

	others atomic.Int32 // nodes
	bodies sync.Pool    // of *[]byte

	sending sync.Mutex // guards number, and keeps what is sent in its order
	number  uint64     // of the last frame sent

	taking sync.Mutex        // guards what follows; held while take and lost are called
	heard  map[string]uint64 // the number of the last frame of each node
}

// Flow returns the flow of that name. take is called with what others send, one at a time, may keep body, and returns an
// error if it can't be read; lost is called when n pieces of a node were missed before the next one, or, if n is 0, nobody
// knows how many. Both must not block. It is called before Start, once for each name.
func (c *Cluster) Flow(name string, take func(from string, body []byte) error, lost func(from string, n int)) *Flow {
	f := &Flow{cluster: c, subject: subjectFlow + name, take: take, lost: lost, heard: make(map[string]uint64)}
	f.bodies.New = func() any { return new([]byte) }
	c.flows = append(c.flows, f)
	return f
}

// Open tells whether anybody else is there. While nobody is, Send does nothing.
func (f *Flow) Open() bool { return f.others.Load() > 0 }

// MaxBytes is how much can be sent at once.
func (f *Flow) MaxBytes() int { return f.bus.maxBytes() - maxHeaderBytes }

// Send sends what encode appends to dst, if anybody else is there. It waits while the connection takes nothing, and fails
// silently: the others notice. Cost: one copy into the connection's buffer.
func (f *Flow) Send(encode func(dst []byte) []byte) {
	if !f.Open() {
		return
	}
	buffer := f.bodies.Get().(*[]byte)
	b := append(append((*buffer)[:0], frameVersion, byte(len(f.cluster.id))), f.cluster.id...)
	at := len(b)
	b = encode(append(b, 0, 0, 0, 0, 0, 0, 0, 0))
	f.sending.Lock()
	f.number++
	binary.BigEndian.PutUint64(b[at:], f.number)
	err := f.bus.publish(f.subject, b)
	f.sending.Unlock()
	n := &f.cluster.counts
	if err != nil {
		n.unsent.Add(1)
	} else {
		n.sent.Add(1)
		n.sentBytes.Add(int64(len(b)))
	}
	if cap(b) <= maxKeptBuffer {
		*buffer = b
		f.bodies.Put(buffer)
	}
}

const (
	maxKeptBuffer = 64 << 10
	maxHeard      = 1024
)

// start connects, and begins to take what others send.
func (f *Flow) start(ctx context.Context) (err error) {
	if f.bus, err = f.cluster.connect(ctx, "flow"); err != nil {
		return err
	}
	return f.bus.subscribe(f.subject, f.receive)
}

func (f *Flow) close() error {
	if f.bus == nil {
		return nil // it was not started
	}
	f.others.Store(0)
	return f.bus.close()
}

// receive takes a frame: the version, the id of the sender behind its length, the number in eight bytes, and the body.
func (f *Flow) receive(b []byte) {
	n := &f.cluster.counts
	n.taken.Add(1)
	n.takenBytes.Add(int64(len(b)))
	if len(b) < 2 || b[0] != frameVersion || b[1] == 0 || len(b) < 2+int(b[1])+8 {
		f.cluster.unreadable(frame{topic: f.subject}, errFrame)
		return
	}
	id, b := b[2:2+int(b[1])], b[2+int(b[1]):]
	number, body := binary.BigEndian.Uint64(b), b[8:]

	f.taking.Lock()
	defer f.taking.Unlock()
	last, known := f.heard[string(id)]
	from := string(id)
	if known && number <= last {
		return
	}
	if known && number > last+1 {
		n.gaps.Add(1)
		f.lost(from, int(min(number-last-1, 1<<30)))
	}
	if !known && len(f.heard) >= maxHeard {
		clear(f.heard) // nearly all of nodes that went silent for good
	}
	f.heard[from] = number
	if err := f.take(from, body); err != nil {
		f.cluster.unreadable(frame{from: from, topic: f.subject}, err)
	}
}

// come notes that a node is there, which had been given up if again is set: then it may have sent nothing to nobody.
// A number is left out if nobody was there until now: who knows this node still, or again, before it has said that it is
// back, learns by it that what was sent to nobody is missing.
func (f *Flow) come(id string, again bool) {
	f.sending.Lock()
	if f.others.Load() == 0 {
		f.number++
	}
	f.others.Add(1)
	f.sending.Unlock()
	if again {
		f.taking.Lock()
		defer f.taking.Unlock()
		f.cluster.counts.gaps.Add(1)
		f.lost(id, 0)
	}
}

// leave notes that a node has gone. It is forgotten, unless it was silent: then it may be heard again, where it went on.
func (f *Flow) leave(id string, silent bool) {
	f.others.Add(-1)
	f.taking.Lock()
	defer f.taking.Unlock()
	if !silent {
		delete(f.heard, id)
	} else if _, known := f.heard[id]; !known {
		f.heard[id] = 0
	}
}

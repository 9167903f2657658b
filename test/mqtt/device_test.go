package mqtt

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// device is a client that does what the standard asks of one, and comes back whenever its connection breaks.
type device struct {
	t    *testing.T
	addr string
	id   string
	ctx  context.Context

	nc     net.Conn
	unread []byte
	half   map[uint16]bool // QoS 2: identifiers of messages that have come and are not released

	mu  sync.Mutex // guards what follows
	got map[string]int
}

// connect connects until it succeeds, or returns false at the end of the test.
func (d *device) connect() bool {
	for d.ctx.Err() == nil {
		if d.nc != nil {
			d.nc.Close() // broken before
		}
		nc, err := net.DialTimeout("tcp", d.addr, time.Second)
		if err != nil {
			select {
			case <-time.After(10 * time.Millisecond):
			case <-d.ctx.Done():
			}
			continue
		}
		d.nc, d.unread = nc, nil
		p := &packet.Connect{Version: packet.V5, ClientID: d.id, Properties: new(packet.Properties)}
		p.Properties.SetNumber(packet.SessionExpiry, 3600)
		if _, err := nc.Write(p.Append(nil)); err != nil {
			continue
		}
		if raw, err := d.read(); err == nil && raw.Type == packet.TypeConnack && raw.Body[1] == 0 {
			return true
		}
	}
	return false
}

// read returns the next packet.
func (d *device) read() (packet.Raw, error) {
	for {
		raw, n, err := packet.Next(d.unread, packet.MaxRemaining)
		if err != nil {
			return raw, err
		}
		if n > 0 {
			d.unread = d.unread[n:]
			return raw, nil
		}
		if err := d.nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return raw, err
		}
		var b [4096]byte
		m, err := d.nc.Read(b[:])
		if err != nil {
			return raw, err
		}
		d.unread = append(d.unread[:len(d.unread):len(d.unread)], b[:m]...)
	}
}

func (d *device) write(b []byte) error {
	_, err := d.nc.Write(b)
	return err
}

func (d *device) ack(t packet.Type, id uint16) error {
	return d.write((&packet.Ack{Type: t, ID: id}).Append(nil, packet.V5))
}

// await reads until an answer comes, and returns its code.
func (d *device) await(t packet.Type, id uint16) (packet.Reason, error) {
	for {
		raw, err := d.read()
		if err != nil {
			return 0, err
		}
		if raw.Type != t {
			continue
		}
		if a, err := packet.ParseAck(raw, packet.V5); err != nil || a.ID == id {
			return a.Code, err
		}
	}
}

// publish publishes until that is acknowledged to its end, however the connection breaks.
func (d *device) publish(topic, payload string, qos byte, id uint16) bool {
	p := &packet.Publish{Topic: topic, Payload: []byte(payload), QoS: qos, ID: id}
	for received := false; ; p.Dup = true {
		err := d.step(p, &received)
		if err == nil {
			return true
		}
		if !d.connect() {
			return false
		}
	}
}

// step goes on with a publication on one connection.
func (d *device) step(p *packet.Publish, received *bool) error {
	if !*received {
		if err := d.write(p.Append(nil, packet.V5)); err != nil {
			return err
		}
		t := packet.TypePuback
		if p.QoS == 2 {
			t = packet.TypePubrec
		}
		code, err := d.await(t, p.ID)
		if err != nil {
			return err
		}
		if code.Refusal() {
			return fmt.Errorf("refused with %#x", byte(code))
		}
		*received = true
	}
	if p.QoS < 2 {
		return nil
	}
	if err := d.ack(packet.TypePubrel, p.ID); err != nil {
		return err
	}
	_, err := d.await(packet.TypePubcomp, p.ID)
	return err
}

// subscribe subscribes and waits for the answer.
func (d *device) subscribe(filter string, qos byte) {
	d.t.Helper()
	p := &packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: filter, QoS: qos}}}
	if err := d.write(p.Append(nil, packet.V5)); err != nil {
		d.t.Fatal(err)
	}
	raw, err := d.read()
	if err != nil || raw.Type != packet.TypeSuback {
		d.t.Fatalf("got %v, %v", raw.Type, err)
	}
}

// listen receives messages until the end of the test, however the connection breaks.
func (d *device) listen() {
	for {
		raw, err := d.read()
		if err == nil {
			err = d.receive(raw)
		}
		if err != nil && !d.connect() {
			return
		}
	}
}

// receive deals with a packet as the receiver of QoS 1 and 2 (MQTT 5, section 4.3).
func (d *device) receive(raw packet.Raw) error {
	switch raw.Type {
	case packet.TypePublish:
		p, err := packet.ParsePublish(raw, packet.V5)
		if err != nil {
			return err
		}
		if p.QoS == 2 {
			if !d.half[p.ID] {
				d.half[p.ID] = true
				d.count(string(p.Payload))
			}
			return d.ack(packet.TypePubrec, p.ID)
		}
		d.count(string(p.Payload))
		return d.ack(packet.TypePuback, p.ID)
	case packet.TypePubrel:
		a, err := packet.ParseAck(raw, packet.V5)
		if err != nil {
			return err
		}
		delete(d.half, a.ID)
		return d.ack(packet.TypePubcomp, a.ID)
	}
	return nil
}

func (d *device) count(payload string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got[payload]++
}

// times returns how often a message has come.
func (d *device) times(payload string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.got[payload]
}

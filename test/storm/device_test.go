//go:build linux

package storm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// device is a client of MQTT 5 with a session, which acknowledges what comes with QoS 1. It tries one node after the
// other.
type device struct {
	crowd *crowd
	ear   *ear
	try   int

	nc      net.Conn
	unread  []byte
	session bool // there has been one
}

const (
	deviceExpiry = 3600             // seconds
	deviceAlive  = 10 * time.Second // between the pings of a device that hears nothing
)

// joinDevice brings a subscriber by MQTT in.
func (c *crowd) joinDevice(ctx context.Context, i int) error {
	d := &device{crowd: c, try: i, ear: c.listenFor(fmt.Sprint("mqtt-", i), record.MQTT, c.chat(i))}
	if err := d.connect(ctx); err != nil {
		return err
	}
	// What is stored from now on is owed. What was stored a moment before may come, too.
	b := &bare{crowd: c, channel: c.chat(i), try: i}
	begins, err := b.where(ctx)
	if err != nil {
		return err
	}
	c.listens(d.listen)
	return d.ear.joins(begins)
}

// listen notes what comes, however often the connection breaks.
func (d *device) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := d.read(ctx)
		d.nc.Close() // it is broken, or over
		for err != nil && ctx.Err() == nil {
			d.try++
			if !sleep(ctx, about(retryAfter)) {
				return
			}
			err = d.connect(ctx)
		}
	}
}

// connect resumes the session, or begins it.
func (d *device) connect(ctx context.Context) error {
	nodes := d.crowd.fleet.nodes
	dialer := net.Dialer{Timeout: 5 * time.Second}
	nc, err := dialer.DialContext(ctx, "tcp", nodes[d.try%len(nodes)].devices.Addr())
	if err != nil {
		return err
	}
	d.nc, d.unread = nc, nil
	if err := d.greet(); err != nil {
		nc.Close() // the error says more
		return err
	}
	return nil
}

func (d *device) greet() error {
	p := &packet.Connect{Version: packet.V5, ClientID: d.ear.who, KeepAlive: uint16(3 * deviceAlive / time.Second), Properties: new(packet.Properties)}
	p.Properties.SetNumber(packet.SessionExpiry, deviceExpiry)
	if _, err := d.nc.Write(p.Append(nil)); err != nil {
		return err
	}
	raw, err := d.next(10 * time.Second)
	if err != nil {
		return err
	}
	if raw.Type != packet.TypeConnack {
		return fmt.Errorf("%v in place of CONNACK", raw.Type)
	}
	ack, err := packet.ParseConnack(raw.Body, packet.V5)
	switch {
	case err != nil:
		return err
	case ack.Code != packet.Success:
		return fmt.Errorf("refused with %#x", byte(ack.Code))
	case ack.SessionPresent:
		d.ear.tells(record.Live, "")
		return nil
	case d.session:
		d.ear.tells(record.Ended, "the session was forgotten")
	}
	return d.subscribe()
}

func (d *device) subscribe() error {
	p := &packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: d.ear.channel, QoS: 1}}}
	if _, err := d.nc.Write(p.Append(nil, packet.V5)); err != nil {
		return err
	}
	for {
		raw, err := d.next(10 * time.Second)
		if err != nil {
			return err
		}
		if raw.Type == packet.TypeSuback {
			d.session = true
			return nil
		}
		if err := d.take(raw); err != nil {
			return err
		}
	}
}

// read notes what comes until the connection ends.
func (d *device) read(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { d.nc.Close() })
	defer stop()
	for {
		raw, err := d.next(deviceAlive)
		if timeout, is := errors.AsType[net.Error](err); is && timeout.Timeout() {
			if _, err := d.nc.Write(packet.AppendPingreq(nil)); err != nil {
				return err
			}
			raw, err = d.next(deviceAlive)
		}
		if err != nil {
			return err
		}
		if err := d.take(raw); err != nil {
			return err
		}
	}
}

// take deals with a packet.
func (d *device) take(raw packet.Raw) error {
	switch raw.Type {
	case packet.TypePublish:
		p, err := packet.ParsePublish(raw, packet.V5)
		if err != nil {
			return err
		}
		d.ear.got(string(p.Payload), 0, "")
		if p.QoS == 0 {
			return nil
		}
		_, err = d.nc.Write((&packet.Ack{Type: packet.TypePuback, ID: p.ID}).Append(nil, packet.V5))
		return err
	case packet.TypeDisconnect:
		return errors.New("disconnected")
	}
	return nil
}

// next returns the next packet, if it comes in time.
func (d *device) next(within time.Duration) (packet.Raw, error) {
	if err := d.nc.SetReadDeadline(time.Now().Add(within)); err != nil {
		return packet.Raw{}, err
	}
	for {
		raw, n, err := packet.Next(d.unread, packet.MaxRemaining)
		if err != nil {
			return raw, err
		}
		if n > 0 {
			d.unread = d.unread[n:]
			return raw, nil
		}
		var b [4096]byte
		m, err := d.nc.Read(b[:])
		if err != nil {
			return raw, err
		}
		d.unread = append(d.unread[:len(d.unread):len(d.unread)], b[:m]...)
	}
}

package protocol

import "time"

// A Push is what the server sends unasked: *[Message], *[Live], *[Lost], *[Gap], *[PresenceChange],
// *[Unsubscribed], *[Move] or *[Expiring].
type Push interface {
	push() string
	write(*encoder)
	read(*decoder)
}

// Live says that the replay of a subscription is over, or moves its position forward.
type Live struct {
	Sub      uint64
	Position Positions // nil without history
}

// Lost says that messages between two positions are not kept any more, or may not be. The
// subscription goes on behind Position.
type Lost struct {
	Sub      uint64
	Since    Positions
	Position Positions
	Why      string // WhyExpired or WhyReset
}

// Gap says that messages of a channel without history were left out, because the client was too
// slow for them.
type Gap struct {
	Sub    uint64
	Missed uint64 // 0 if not known
}

// Unsubscribed says that the server has ended a subscription, and why.
type Unsubscribed struct {
	Sub   uint64
	Error Error
}

// Move asks the client to connect somewhere else, at a random moment between After and After+Spread
// from now.
type Move struct {
	After     time.Duration
	Spread    time.Duration
	Why       string // WhyShutdown, WhyDrain or WhyBalance
	Ref       string
	Endpoints []string // URLs to use; nil for those that the client knows
}

// Why a client is asked to move.
const (
	WhyShutdown = "shutdown" // the node stops
	WhyDrain    = "drain"    // the node is being emptied
	WhyBalance  = "balance"  // others have less to do
)

// Expiring says when the token expires.
type Expiring struct {
	In time.Duration
}

// newPush returns an empty push, or nil if there is none of that name.
func newPush(name string) Push {
	switch name {
	case "message":
		return new(Message)
	case "live":
		return new(Live)
	case "lost":
		return new(Lost)
	case "gap":
		return new(Gap)
	case "presence":
		return new(PresenceChange)
	case "unsubscribed":
		return new(Unsubscribed)
	case "move":
		return new(Move)
	case "expiring":
		return new(Expiring)
	}
	return nil
}

func (*Live) push() string { return "live" }

func (l *Live) write(w *encoder) {
	at := w.object()
	w.whole("sub", l.Sub)
	w.positions("position", l.Position)
	w.endObject(at)
}

func (l *Live) read(d *decoder) {
	d.fields("live", func(name string) {
		switch name {
		case "sub":
			l.Sub = d.whole(name, 1, MaxWhole)
		case "position":
			l.Position = d.positions(name)
		default:
			d.unknown(name)
		}
	}, "sub")
}

func (*Lost) push() string { return "lost" }

func (l *Lost) write(w *encoder) {
	at := w.object()
	w.whole("sub", l.Sub)
	w.positions("since", l.Since)
	w.positions("position", l.Position)
	w.text("why", l.Why)
	w.endObject(at)
}

func (l *Lost) read(d *decoder) {
	d.fields("lost", func(name string) {
		switch name {
		case "sub":
			l.Sub = d.whole(name, 1, MaxWhole)
		case "since":
			l.Since = d.positions(name)
		case "position":
			l.Position = d.positions(name)
		case "why":
			l.Why = d.text(name, 0, MaxNameBytes)
		default:
			d.unknown(name)
		}
	}, "sub")
}

func (*Gap) push() string { return "gap" }

func (g *Gap) write(w *encoder) {
	at := w.object()
	w.whole("sub", g.Sub)
	w.optWhole("missed", g.Missed)
	w.endObject(at)
}

func (g *Gap) read(d *decoder) {
	d.fields("gap", func(name string) {
		switch name {
		case "sub":
			g.Sub = d.whole(name, 1, MaxWhole)
		case "missed":
			g.Missed = d.whole(name, 0, MaxWhole)
		default:
			d.unknown(name)
		}
	}, "sub")
}

func (*Unsubscribed) push() string { return "unsubscribed" }

func (u *Unsubscribed) write(w *encoder) {
	at := w.object()
	w.whole("sub", u.Sub)
	w.name("error")
	u.Error.write(w)
	w.endObject(at)
}

func (u *Unsubscribed) read(d *decoder) {
	d.fields("unsubscribed", func(name string) {
		switch name {
		case "sub":
			u.Sub = d.whole(name, 1, MaxWhole)
		case "error":
			u.Error.read(d)
		default:
			d.unknown(name)
		}
	}, "sub", "error")
}

func (*Move) push() string { return "move" }

func (m *Move) write(w *encoder) {
	at := w.object()
	w.seconds("after", m.After)
	w.seconds("spread", m.Spread)
	w.text("why", m.Why)
	w.optText("ref", m.Ref)
	w.texts("endpoints", m.Endpoints)
	w.endObject(at)
}

func (m *Move) read(d *decoder) {
	d.fields("move", func(name string) {
		switch name {
		case "after":
			m.After = d.seconds(name)
		case "spread":
			m.Spread = d.seconds(name)
		case "why":
			m.Why = d.text(name, 0, MaxNameBytes)
		case "ref":
			m.Ref = d.text(name, 0, MaxIDBytes)
		case "endpoints":
			m.Endpoints = d.texts(name)
		default:
			d.unknown(name)
		}
	}, "after", "spread")
}

func (*Expiring) push() string { return "expiring" }

func (e *Expiring) write(w *encoder) {
	at := w.object()
	w.seconds("in", e.In)
	w.endObject(at)
}

func (e *Expiring) read(d *decoder) {
	d.fields("expiring", func(name string) {
		if name != "in" {
			d.unknown(name)
			return
		}
		e.In = d.seconds(name)
	}, "in")
}

package protocol

// Subscribe asks for the messages of a channel, or of all that a pattern matches.
type Subscribe struct {
	Channel string // one of the two
	Pattern string
	Sub     uint64    // the subscription's number, unlike any other in use; 0 lets the server take one
	Since   Positions // replay what is behind them; nil for no replay, unless Last says so
	Last    uint64    // replay the newest so many; 0 for none

	Presence bool // push who comes and goes
	NoEcho   bool // do not push what this session itself publishes; on the wire, "echo":false
	Latest   bool // a newer message may replace an older one of its key that has not been sent
}

// SubscribeOK says where a subscription begins.
type SubscribeOK struct {
	Sub      uint64
	Position Positions // the first push is of a message behind it; nil without history
	Replay   uint64    // how many messages the replay has at most; 0 if not known
	Lost     bool      // messages behind Since are not kept any more, or may not be
	Why      string    // with Lost: WhyExpired, WhyReset or WhyNoHistory
	Oldest   Positions // with Lost: of the oldest messages kept
}

// Why messages are lost, besides WhyExpired.
const (
	WhyReset     = "reset"      // the log was made anew, in another epoch
	WhyNoHistory = "no_history" // the channel keeps no messages
)

func (*Subscribe) verb() string { return "subscribe" }

func (s *Subscribe) write(w *encoder) {
	at := w.object()
	w.optText("channel", s.Channel)
	w.optText("pattern", s.Pattern)
	w.optWhole("sub", s.Sub)
	w.positions("since", s.Since)
	w.optWhole("last", s.Last)
	w.optFlag("presence", s.Presence)
	if s.NoEcho {
		w.flag("echo", false)
	}
	w.optFlag("latest", s.Latest)
	w.endObject(at)
}

func (s *Subscribe) read(d *decoder) {
	d.fields("subscribe", func(name string) {
		switch name {
		case "channel":
			s.Channel = d.channel(name)
		case "pattern":
			s.Pattern = d.channel(name)
		case "sub":
			s.Sub = d.whole(name, 1, MaxWhole)
		case "since":
			s.Since = d.positions(name)
		case "last":
			s.Last = d.whole(name, 1, MaxWhole)
		case "presence":
			s.Presence = d.flag(name)
		case "echo":
			s.NoEcho = !d.flag(name)
		case "latest":
			s.Latest = d.flag(name)
		default:
			d.unknown(name)
		}
	})
	switch {
	case (s.Channel == "") == (s.Pattern == ""):
		d.refuse(CodeBadCommand, "subscribe needs a channel or a pattern, and not both")
	case s.Since != nil && s.Last != 0:
		d.refuse(CodeBadCommand, "subscribe has both since and last; give one of them")
	case s.Presence && s.Pattern != "":
		d.refuse(CodeBadCommand, "subscribe asks for the presence of a pattern; it is to be had of single channels")
	}
}

func (*SubscribeOK) result() {}

func (s *SubscribeOK) write(w *encoder) {
	at := w.object()
	w.whole("sub", s.Sub)
	w.positions("position", s.Position)
	w.optWhole("replay", s.Replay)
	w.optFlag("lost", s.Lost)
	w.optText("why", s.Why)
	w.positions("oldest", s.Oldest)
	w.endObject(at)
}

func (s *SubscribeOK) read(d *decoder) {
	d.fields("ok", func(name string) {
		switch name {
		case "sub":
			s.Sub = d.whole(name, 1, MaxWhole)
		case "position":
			s.Position = d.positions(name)
		case "replay":
			s.Replay = d.whole(name, 0, MaxWhole)
		case "lost":
			s.Lost = d.flag(name)
		case "why":
			s.Why = d.text(name, 0, MaxNameBytes)
		case "oldest":
			s.Oldest = d.positions(name)
		default:
			d.unknown(name)
		}
	}, "sub")
}

// Unsubscribe ends a subscription.
type Unsubscribe struct {
	Sub uint64
}

// UnsubscribeOK says that no push bears the subscription's number any more.
type UnsubscribeOK struct{ empty }

func (*Unsubscribe) verb() string { return "unsubscribe" }

func (u *Unsubscribe) write(w *encoder) {
	at := w.object()
	w.whole("sub", u.Sub)
	w.endObject(at)
}

func (u *Unsubscribe) read(d *decoder) {
	d.fields("unsubscribe", func(name string) {
		if name != "sub" {
			d.unknown(name)
			return
		}
		u.Sub = d.whole(name, 1, MaxWhole)
	}, "sub")
}

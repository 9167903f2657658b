package protocol

// FirstServerSub is the least number of a subscription that the server makes of its own accord. Clients choose, and the
// server chooses for them, numbers below.
const FirstServerSub = 1 << 52

// Subscribed is a subscription that the server has made when the client connected, as if it had asked for it.
type Subscribed struct {
	Sub      uint64
	Channel  string
	Position Positions // where it begins; none without history
}

func (s *Subscribed) write(w *encoder) {
	at := w.object()
	w.whole("sub", s.Sub)
	w.text("channel", s.Channel)
	w.positions("position", s.Position)
	w.endObject(at)
}

func (s *Subscribed) read(d *decoder) {
	d.fields("subscription", func(name string) {
		switch name {
		case "sub":
			s.Sub = d.whole(name, 1, MaxWhole)
		case "channel":
			s.Channel = d.channel(name)
		case "position":
			s.Position = d.positions(name)
		default:
			d.unknown(name)
		}
	}, "sub", "channel")
}

package protocol

// History asks for a page of a channel's history: behind Since, or the newest Last, or from the oldest message on.
type History struct {
	Channel string
	Since   Positions // of one log; nil if not given
	Last    uint64    // 0 if not given
	Limit   int       // messages on the page, up to MaxPage; 0 for the server's default
}

// HistoryOK is a page of history.
type HistoryOK struct {
	Messages []Message // oldest first; without Sub
	Position Positions // behind the page
	More     bool      // there was more behind it
	Lost     bool      // messages behind Since are not kept any more, or may not be
	Why      string    // with Lost: WhyExpired or WhyReset
}

func (*History) verb() string { return "history" }

func (h *History) write(w *encoder) {
	at := w.object()
	w.text("channel", h.Channel)
	w.positions("since", h.Since)
	w.optWhole("last", h.Last)
	w.optWhole("limit", uint64(h.Limit))
	w.endObject(at)
}

func (h *History) read(d *decoder) {
	d.fields("history", func(name string) {
		switch name {
		case "channel":
			h.Channel = d.channel(name)
		case "since":
			h.Since = d.positions(name)
		case "last":
			h.Last = d.whole(name, 1, MaxWhole)
		case "limit":
			h.Limit = int(d.whole(name, 1, MaxPage))
		default:
			d.unknown(name)
		}
	}, "channel")
	switch {
	case h.Since != nil && h.Last != 0:
		d.refuse(CodeBadCommand, "history has both since and last; give one of them")
	case len(h.Since) > 1:
		d.refuse(CodeBadPosition, "history has %d positions in since; a channel has one", len(h.Since))
	}
}

func (*HistoryOK) result() {}

func (h *HistoryOK) write(w *encoder) {
	at := w.object()
	w.name("messages")
	w.array(len(h.Messages))
	for i := range h.Messages {
		w.element()
		h.Messages[i].write(w)
	}
	w.endArray()
	w.positions("position", h.Position)
	w.flag("more", h.More)
	w.optFlag("lost", h.Lost)
	w.optText("why", h.Why)
	w.endObject(at)
}

func (h *HistoryOK) read(d *decoder) {
	d.fields("ok", func(name string) {
		switch name {
		case "messages":
			d.items(name, func() {
				var m Message
				m.read(d)
				h.Messages = append(h.Messages, m)
			})
		case "position":
			h.Position = d.positions(name)
		case "more":
			h.More = d.flag(name)
		case "lost":
			h.Lost = d.flag(name)
		case "why":
			h.Why = d.text(name, 0, MaxNameBytes)
		default:
			d.unknown(name)
		}
	}, "messages", "position")
}

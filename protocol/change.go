package protocol

// PresenceChange says who has come to a channel and who has gone. Leaves count before joins.
type PresenceChange struct {
	Sub     uint64
	Join    []Entry
	Leave   []Entry // without Info
	Count   Count   // after these changes
	Partial bool    // there were more than are named
}

// Entry is one connection in a presence change.
type Entry struct {
	User string // "" for an anonymous one
	ID   string // the session's
	Info string // came with the token; "" for none
}

func (*PresenceChange) push() string { return "presence" }

func (p *PresenceChange) write(w *encoder) {
	at := w.object()
	w.whole("sub", p.Sub)
	writeEntries(w, "join", p.Join)
	writeEntries(w, "leave", p.Leave)
	w.name("count")
	p.Count.write(w)
	w.optFlag("partial", p.Partial)
	w.endObject(at)
}

func (p *PresenceChange) read(d *decoder) {
	d.fields("presence", func(name string) {
		switch name {
		case "sub":
			p.Sub = d.whole(name, 1, MaxWhole)
		case "join":
			p.Join = readEntries(d, name)
		case "leave":
			p.Leave = readEntries(d, name)
		case "count":
			p.Count.read(d)
		case "partial":
			p.Partial = d.flag(name)
		default:
			d.unknown(name)
		}
	}, "sub", "count")
}

// writeEntries writes an array unless it is empty.
func writeEntries(w *encoder, name string, all []Entry) {
	if len(all) == 0 {
		return
	}
	w.name(name)
	w.array(len(all))
	for _, e := range all {
		w.element()
		at := w.object()
		w.text("user", e.User)
		w.text("id", e.ID)
		w.optText("info", e.Info)
		w.endObject(at)
	}
	w.endArray()
}

func readEntries(d *decoder, name string) (all []Entry) {
	d.items(name, func() {
		var e Entry
		e.read(d)
		all = append(all, e)
	})
	return all
}

func (e *Entry) read(d *decoder) {
	d.fields("entry", func(name string) {
		switch name {
		case "user":
			e.User = d.text(name, 0, MaxIDBytes)
		case "id":
			e.ID = d.text(name, 1, MaxNameBytes)
		case "info":
			e.Info = d.text(name, 0, MaxTokenBytes)
		default:
			d.unknown(name)
		}
	}, "id")
}

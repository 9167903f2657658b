package protocol

// Presence asks who is in a channel.
type Presence struct {
	Channel string
	After   string // Next of the page before; "" for the first
	Limit   int    // connections on the page, up to MaxPage; 0 for the server's default
}

// PresenceOK is a page of those who are there.
type PresenceOK struct {
	Users []User
	Count Count
	Next  string // asks for the next page; "" if this is the last one
}

// User is one who is in a channel, with the connections that are.
type User struct {
	User        string       // "" for an anonymous one, which has one connection
	Connections []Connection // they may go on on the next page
}

// Connection is one session that is in a channel.
type Connection struct {
	ID   string // the session's
	Info string // came with the token; "" for none
}

// Count is how many are in a channel.
type Count struct {
	Users       uint64
	Connections uint64
}

func (*Presence) verb() string { return "presence" }

func (p *Presence) write(w *encoder) {
	at := w.object()
	w.text("channel", p.Channel)
	w.optText("after", p.After)
	w.optWhole("limit", uint64(p.Limit))
	w.endObject(at)
}

func (p *Presence) read(d *decoder) {
	d.fields("presence", func(name string) {
		switch name {
		case "channel":
			p.Channel = d.channel(name)
		case "after":
			p.After = d.text(name, 0, MaxIDBytes)
		case "limit":
			p.Limit = int(d.whole(name, 1, MaxPage))
		default:
			d.unknown(name)
		}
	}, "channel")
}

func (*PresenceOK) result() {}

func (p *PresenceOK) write(w *encoder) {
	at := w.object()
	w.name("users")
	w.array(len(p.Users))
	for i := range p.Users {
		w.element()
		p.Users[i].write(w)
	}
	w.endArray()
	w.name("count")
	p.Count.write(w)
	w.optText("next", p.Next)
	w.endObject(at)
}

func (p *PresenceOK) read(d *decoder) {
	d.fields("ok", func(name string) {
		switch name {
		case "users":
			d.items(name, func() {
				var u User
				u.read(d)
				p.Users = append(p.Users, u)
			})
		case "count":
			p.Count.read(d)
		case "next":
			p.Next = d.text(name, 0, MaxIDBytes)
		default:
			d.unknown(name)
		}
	}, "users", "count")
}

func (u *User) write(w *encoder) {
	at := w.object()
	w.text("user", u.User)
	w.name("connections")
	w.array(len(u.Connections))
	for _, c := range u.Connections {
		w.element()
		inner := w.object()
		w.text("id", c.ID)
		w.optText("info", c.Info)
		w.endObject(inner)
	}
	w.endArray()
	w.endObject(at)
}

func (u *User) read(d *decoder) {
	d.fields("user", func(name string) {
		switch name {
		case "user":
			u.User = d.text(name, 0, MaxIDBytes)
		case "connections":
			d.items(name, func() {
				var c Connection
				c.read(d)
				u.Connections = append(u.Connections, c)
			})
		default:
			d.unknown(name)
		}
	}, "user", "connections")
}

func (c *Connection) read(d *decoder) {
	d.fields("connection", func(name string) {
		switch name {
		case "id":
			c.ID = d.text(name, 1, MaxNameBytes)
		case "info":
			c.Info = d.text(name, 0, MaxTokenBytes)
		default:
			d.unknown(name)
		}
	}, "id")
}

func (c *Count) write(w *encoder) {
	at := w.object()
	w.whole("users", c.Users)
	w.whole("connections", c.Connections)
	w.endObject(at)
}

func (c *Count) read(d *decoder) {
	d.fields("count", func(name string) {
		switch name {
		case "users":
			c.Users = d.whole(name, 0, MaxWhole)
		case "connections":
			c.Connections = d.whole(name, 0, MaxWhole)
		default:
			d.unknown(name)
		}
	}, "users", "connections")
}

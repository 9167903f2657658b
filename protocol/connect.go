package protocol

import "time"

// Connect says who the client is, and which session it comes back to.
type Connect struct {
	Token   string   // "" for what came with the handshake
	Session *Session // to resume; nil for a fresh one
	Client  *Client  // nil if it does not say
}

// Session is what a client needs to come back as the same.
type Session struct {
	ID     string // also the connection's id in presence
	Secret string
}

// Client is the program that connects, for the server's log and console.
type Client struct {
	Name    string
	Version string
}

// ConnectOK tells the client its session and how the connection is kept.
type ConnectOK struct {
	Session Session
	Resumed bool   // the session that was asked for goes on
	Why     string // why it does not, if one was asked for: WhyUnknown or WhyExpired

	User    string        // "" if anonymous
	Expires time.Duration // until the token does; 0 for never
	Window  time.Duration // for how long after a drop presence is kept
	Dedup   time.Duration // for how long the id of a publication is remembered

	Ping      time.Duration // after so much silence of the client the server pings it,
	Pong      time.Duration // and after so much more gives it up
	Limits    Limits
	Endpoints []string // URLs of /socket on other nodes

	Subscriptions []Subscribed // what the server has subscribed the client to
}

// Why a session could not be resumed, in ConnectOK.
const (
	WhyUnknown = "unknown" // there is none such, or the secret is wrong
	WhyExpired = "expired" // its token is, or it has been gone for too long
)

func (*Connect) verb() string { return "connect" }

func (c *Connect) write(w *encoder) {
	at := w.object()
	w.optText("token", c.Token)
	if c.Session != nil {
		w.name("session")
		c.Session.write(w)
	}
	if c.Client != nil {
		w.name("client")
		c.Client.write(w)
	}
	w.endObject(at)
}

func (c *Connect) read(d *decoder) {
	d.fields("connect", func(name string) {
		switch name {
		case "token":
			c.Token = d.text(name, 0, MaxTokenBytes)
		case "session":
			c.Session = new(Session)
			c.Session.read(d)
		case "client":
			c.Client = new(Client)
			c.Client.read(d)
		default:
			d.unknown(name)
		}
	})
}

func (s *Session) write(w *encoder) {
	at := w.object()
	w.text("id", s.ID)
	w.text("secret", s.Secret)
	w.endObject(at)
}

func (s *Session) read(d *decoder) {
	d.fields("session", func(name string) {
		switch name {
		case "id":
			s.ID = d.text(name, 1, MaxNameBytes)
		case "secret":
			s.Secret = d.text(name, 1, MaxSecretBytes)
		default:
			d.unknown(name)
		}
	}, "id", "secret")
}

func (c *Client) write(w *encoder) {
	at := w.object()
	w.optText("name", c.Name)
	w.optText("version", c.Version)
	w.endObject(at)
}

func (c *Client) read(d *decoder) {
	d.fields("client", func(name string) {
		switch name {
		case "name":
			c.Name = d.text(name, 0, MaxNameBytes)
		case "version":
			c.Version = d.text(name, 0, MaxNameBytes)
		default:
			d.unknown(name)
		}
	})
}

func (*ConnectOK) result() {}

func (c *ConnectOK) write(w *encoder) {
	at := w.object()
	w.name("session")
	c.Session.write(w)
	w.flag("resumed", c.Resumed)
	w.optText("why", c.Why)
	w.optText("user", c.User)
	w.optSeconds("expires", c.Expires)
	w.seconds("window", c.Window)
	w.seconds("dedup", c.Dedup)
	w.seconds("ping", c.Ping)
	w.seconds("pong", c.Pong)
	w.name("limits")
	c.Limits.write(w)
	w.texts("endpoints", c.Endpoints)
	if len(c.Subscriptions) > 0 {
		w.name("subscriptions")
		w.array(len(c.Subscriptions))
		for i := range c.Subscriptions {
			w.element()
			c.Subscriptions[i].write(w)
		}
		w.endArray()
	}
	w.endObject(at)
}

func (c *ConnectOK) read(d *decoder) {
	d.fields("ok", func(name string) {
		switch name {
		case "session":
			c.Session.read(d)
		case "resumed":
			c.Resumed = d.flag(name)
		case "why":
			c.Why = d.text(name, 0, MaxNameBytes)
		case "user":
			c.User = d.text(name, 0, MaxIDBytes)
		case "expires":
			c.Expires = d.seconds(name)
		case "window":
			c.Window = d.seconds(name)
		case "dedup":
			c.Dedup = d.seconds(name)
		case "ping":
			c.Ping = d.seconds(name)
		case "pong":
			c.Pong = d.seconds(name)
		case "limits":
			c.Limits.read(d)
		case "endpoints":
			c.Endpoints = d.texts(name)
		case "subscriptions":
			d.items(name, func() {
				var s Subscribed
				s.read(d)
				c.Subscriptions = append(c.Subscriptions, s)
			})
		default:
			d.unknown(name)
		}
	}, "session", "resumed", "ping", "pong", "limits")
}

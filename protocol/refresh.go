package protocol

import "time"

// Refresh replaces the token before it expires.
type Refresh struct {
	Token string
}

// RefreshOK says how long the new token lasts.
type RefreshOK struct {
	Expires time.Duration // until it does; 0 for never
	Session *Session      // replaces the one before; nil if that stays
}

func (*Refresh) verb() string { return "refresh" }

func (r *Refresh) write(w *encoder) {
	at := w.object()
	w.text("token", r.Token)
	w.endObject(at)
}

func (r *Refresh) read(d *decoder) {
	d.fields("refresh", func(name string) {
		if name != "token" {
			d.unknown(name)
			return
		}
		r.Token = d.text(name, 1, MaxTokenBytes)
	}, "token")
}

func (*RefreshOK) result() {}

func (r *RefreshOK) write(w *encoder) {
	at := w.object()
	w.optSeconds("expires", r.Expires)
	if r.Session != nil {
		w.name("session")
		r.Session.write(w)
	}
	w.endObject(at)
}

func (r *RefreshOK) read(d *decoder) {
	d.fields("ok", func(name string) {
		switch name {
		case "expires":
			r.Expires = d.seconds(name)
		case "session":
			r.Session = new(Session)
			r.Session.read(d)
		default:
			d.unknown(name)
		}
	})
}

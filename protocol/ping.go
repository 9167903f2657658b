package protocol

// Ping asks for a sign of life.
type Ping struct{ empty }

// PingOK is the sign of life.
type PingOK struct{ empty }

func (*Ping) verb() string { return "ping" }

// empty is an object without fields.
type empty struct{}

func (*empty) result() {}

func (*empty) write(w *encoder) { w.endObject(w.object()) }

func (*empty) read(d *decoder) { d.fields("ping", d.unknown) }

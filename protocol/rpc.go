package protocol

// RPC calls a method of the backend.
type RPC struct {
	Method string
	Payload
}

// RPCOK is what the method has returned.
type RPCOK struct {
	Payload
}

func (*RPC) verb() string { return "rpc" }

func (r *RPC) write(w *encoder) {
	at := w.object()
	w.text("method", r.Method)
	w.payload(&r.Payload)
	w.endObject(at)
}

func (r *RPC) read(d *decoder) {
	var payload payloadReader
	d.fields("rpc", func(name string) {
		if name == "method" {
			r.Method = d.text(name, 1, MaxIDBytes)
			return
		}
		payload.field(d, name)
	}, "method", "data")
	r.Payload = payload.result(d, "rpc")
}

func (*RPCOK) result() {}

func (r *RPCOK) write(w *encoder) {
	at := w.object()
	w.payload(&r.Payload)
	w.endObject(at)
}

func (r *RPCOK) read(d *decoder) {
	var payload payloadReader
	d.fields("ok", func(name string) { payload.field(d, name) }, "data")
	r.Payload = payload.result(d, "ok")
}

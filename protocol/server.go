package protocol

import (
	"bytes"
	"errors"
	"fmt"
)

// Reply is what the server answers a command with, as the client sees it.
type Reply struct {
	ID  uint64 // of the command; 0 if it had none, or if the error is about a message as a whole
	Err *Error // nil if the command has worked

	encoding Encoding
	ok       []byte
}

// FromServer is one object of a WebSocket message from the server: exactly one of the two is set.
type FromServer struct {
	Reply *Reply
	Push  Push
}

// AppendOK appends the reply to a command that has worked.
func (e Encoding) AppendOK(dst []byte, id uint64, ok Result) []byte {
	w := encoder{buf: dst, pack: e == MessagePack}
	at := w.object()
	w.optWhole("id", id)
	w.name("ok")
	ok.write(&w)
	w.endObject(at)
	return w.buf
}

// AppendError appends the reply to a command that has not worked, or, with id 0, to a message that
// can't be understood.
func (e Encoding) AppendError(dst []byte, id uint64, err *Error) []byte {
	w := encoder{buf: dst, pack: e == MessagePack}
	at := w.object()
	w.optWhole("id", id)
	w.name("error")
	err.write(&w)
	w.endObject(at)
	return w.buf
}

// AppendPush appends a push.
func (e Encoding) AppendPush(dst []byte, p Push) []byte {
	w := encoder{buf: dst, pack: e == MessagePack}
	at := w.object()
	w.name(p.push())
	p.write(&w)
	w.endObject(at)
	return w.buf
}

// Result reads what the server has answered into the result that belongs to the command's verb. It
// returns Err if the command has not worked.
func (r *Reply) Result(into Result) error {
	if r.Err != nil {
		return r.Err
	}
	d, done := newDecoder(r.encoding, r.ok, false)
	defer done()
	into.read(d)
	return d.fromServer()
}

// DecodeServer reads a WebSocket message from the server: its replies and pushes in order, without
// those that this version does not know.
func (e Encoding) DecodeServer(message []byte) ([]FromServer, error) {
	d, done := newDecoder(e, message, false)
	defer done()
	var all []FromServer
	one := func() {
		if it := readFromServer(d, e); it.Reply != nil || it.Push != nil {
			all = append(all, it)
		}
	}
	if d.peek() == kindArray {
		d.items("message", one)
	} else {
		one()
	}
	if err := d.fromServer(); err != nil {
		return nil, err
	}
	return all, nil
}

// fromServer returns what is wrong with a message of the server. It is not an Error: those are the server's.
func (d *decoder) fromServer() error {
	wrong := d.finish()
	if wrong == nil {
		wrong = d.takeFault()
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("the server's message can't be understood: %w", errors.New(wrong.Message))
}

func readFromServer(d *decoder, e Encoding) (it FromServer) {
	var reply Reply
	isReply := false
	d.fields("reply", func(name string) {
		switch name {
		case "id":
			reply.ID = d.whole(name, 1, MaxWhole)
		case "ok":
			reply.encoding, reply.ok, isReply = e, bytes.Clone(d.raw()), true
		case "error":
			reply.Err, isReply = new(Error), true
			reply.Err.read(d)
		default:
			push := newPush(name)
			if push == nil {
				d.unknown(name)
				return
			}
			it.Push = push
			push.read(d)
		}
	})
	if isReply {
		return FromServer{Reply: &reply}
	}
	return it
}

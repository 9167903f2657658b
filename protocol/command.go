package protocol

// A Verb is what a command asks for: *[Connect], *[Subscribe], *[Unsubscribe], *[Publish],
// *[History], *[Presence], *[RPC], *[Refresh] or *[Ping].
type Verb interface {
	verb() string
	write(*encoder)
	read(*decoder)
}

// A Result is what a command is answered with when it has worked: a pointer to the type that is
// named like the command, with OK behind it.
type Result interface {
	result()
	write(*encoder)
	read(*decoder)
}

// Command is one thing that a client asks for.
type Command struct {
	ID   uint64 // echoed in the reply; 0 for none
	Verb Verb   // nil if Err is set

	// Err, at the server, is why the command can't be run: what it is to be answered with. The other
	// commands of the same message can.
	Err *Error
}

// newVerb returns an empty verb, or nil if there is none of that name.
func newVerb(name string) Verb {
	switch name {
	case "connect":
		return new(Connect)
	case "subscribe":
		return new(Subscribe)
	case "unsubscribe":
		return new(Unsubscribe)
	case "publish":
		return new(Publish)
	case "history":
		return new(History)
	case "presence":
		return new(Presence)
	case "rpc":
		return new(RPC)
	case "refresh":
		return new(Refresh)
	case "ping":
		return new(Ping)
	}
	return nil
}

// AppendCommand appends a command as a client sends it. Payloads and other text have to be valid
// UTF-8 unless they are binary.
func (e Encoding) AppendCommand(dst []byte, c Command) []byte {
	w := encoder{buf: dst, pack: e == MessagePack}
	at := w.object()
	w.optWhole("id", c.ID)
	w.name(c.Verb.verb())
	c.Verb.write(&w)
	w.endObject(at)
	return w.buf
}

// DecodeCommands reads a WebSocket message from a client: its commands in order, those that can't be
// run included. The error is about the message as a whole, none of whose commands is to be run then:
// broken syntax, or more than most commands. It has no id to be answered with.
func (e Encoding) DecodeCommands(message []byte, most int) ([]Command, *Error) {
	d, done := newDecoder(e, message, true)
	defer done()
	if d.peek() != kindArray {
		c := readCommand(d)
		if err := d.finish(); err != nil {
			return nil, err
		}
		return []Command{c}, nil
	}
	var commands []Command
	for d.enter(); d.next(); {
		if len(commands) == most {
			return nil, Errorf(CodeTooMany, "the message has more than %d commands; send them in several", most)
		}
		commands = append(commands, readCommand(d))
	}
	if len(commands) == 0 {
		d.refuse(CodeBadCommand, "the message is an empty array; send at least one command")
	}
	if err := d.finish(); err != nil {
		return nil, err
	}
	return commands, d.takeFault()
}

// readCommand reads the next value, whatever it is.
func readCommand(d *decoder) (c Command) {
	d.fields("command", func(name string) {
		if name == "id" {
			c.ID = d.whole(name, 1, MaxWhole)
			return
		}
		verb := newVerb(name)
		switch {
		case verb == nil:
			d.refuse(CodeUnknownCommand, "there is no command %s", quote(name))
			d.skip()
		case c.Verb != nil:
			d.refuse(CodeBadCommand, "the command is both %s and %s; send two", c.Verb.verb(), name)
			d.skip()
		default:
			c.Verb = verb
			verb.read(d)
		}
	})
	if c.Verb == nil {
		d.refuse(CodeBadCommand, `the command has no verb; it looks like {"id":1,"subscribe":{"channel":"chat/lobby"}}`)
	}
	if c.Err = d.takeFault(); c.Err != nil {
		c.Verb = nil
	}
	return c
}

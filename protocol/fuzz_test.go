package protocol

import (
	"bytes"
	"reflect"
	"testing"
	"unicode/utf8"
)

// fuzzCommands throws anything at a server: it must not panic, has to explain what it refuses in bounds, and what it lets
// through has to be the same command in both encodings.
func fuzzCommands(f *testing.F, e Encoding) {
	for _, g := range goldens {
		if g.command != nil {
			f.Add(g.encode(e))
		}
	}
	for _, r := range refusals {
		if r.encoding() == e {
			f.Add(r.message)
		}
	}
	f.Add(e.Join(nil, goldens[0].encode(e), goldens[1].encode(e)))
	f.Fuzz(func(t *testing.T, message []byte) {
		const most = 8
		commands, err := e.DecodeCommands(message, most)
		if err != nil {
			wantExplained(t, err)
			if commands != nil {
				t.Fatalf("%q is refused, but with commands: %+v", message, commands)
			}
			return
		}
		if len(commands) == 0 || len(commands) > most {
			t.Fatalf("%q has %d commands", message, len(commands))
		}
		for _, c := range commands {
			if c.Err != nil {
				wantExplained(t, c.Err)
				continue
			}
			for _, other := range encodings {
				wantSameCommand(t, other, c)
			}
		}
	})
}

func wantExplained(t *testing.T, err *Error) {
	t.Helper()
	if err.Code == "" || err.Message == "" || len(err.Message) > 1<<10 || !utf8.ValidString(err.Message) {
		t.Fatalf("badly explained: %q", err)
	}
}

func wantSameCommand(t *testing.T, e Encoding, c Command) {
	t.Helper()
	again, err := e.DecodeCommands(e.AppendCommand(nil, c), 1)
	if err != nil || !reflect.DeepEqual(again[0], c) {
		t.Fatalf("%+v in %v is read as %+v, %v", c.Verb, e, again, err)
	}
}

func FuzzDecodeCommandsJSON(f *testing.F)        { fuzzCommands(f, JSON) }
func FuzzDecodeCommandsMessagePack(f *testing.F) { fuzzCommands(f, MessagePack) }

// fuzzServer throws anything at a client: it must not panic, and pushes that it lets through have to
// be written again as ones that are read as the same.
func fuzzServer(f *testing.F, e Encoding) {
	for _, g := range goldens {
		if g.command == nil {
			f.Add(g.encode(e))
		}
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		all, err := e.DecodeServer(message)
		if err != nil {
			return
		}
		for _, it := range all {
			if it.Reply != nil {
				readAsEveryResult(it.Reply)
				continue
			}
			once := e.AppendPush(nil, it.Push)
			again, err := e.DecodeServer(once)
			if err != nil || len(again) != 1 || !bytes.Equal(e.AppendPush(nil, again[0].Push), once) {
				t.Fatalf("%+v is read as %+v, %v", it.Push, again, err)
			}
		}
	})
}

// readAsEveryResult must not panic; whether it works depends on what the reply is to.
func readAsEveryResult(r *Reply) (worked int) {
	for _, g := range goldens {
		if g.ok != nil && r.Result(reflect.New(reflect.TypeOf(g.ok).Elem()).Interface().(Result)) == nil {
			worked++
		}
	}
	return worked
}

func FuzzDecodeServerJSON(f *testing.F)        { fuzzServer(f, JSON) }
func FuzzDecodeServerMessagePack(f *testing.F) { fuzzServer(f, MessagePack) }

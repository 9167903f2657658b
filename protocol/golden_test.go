package protocol

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is one message of testdata. Exactly one of command, ok, fault and push is set.
type golden struct {
	name    string
	says    string // what the message is, for people
	command Verb
	ok      Result
	of      string // the verb that ok answers
	fault   *Error
	push    Push
}

// indexed is a golden file as testdata/index.json lists it, for implementations in other languages.
type indexed struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"` // command, reply or push
	Verb        string `json:"verb"` // of a command or push; of the command that a reply answers; error
	Says        string `json:"says"`
	JSON        string `json:"json"`    // file
	MessagePack string `json:"msgpack"` // file
}

// array is a WebSocket message of several golden ones, likewise.
type array struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"` // commands, or server
	Says        string   `json:"says"`
	Of          []string `json:"of"` // the names of its messages, in order
	JSON        string   `json:"json"`
	MessagePack string   `json:"msgpack"`
}

// index is testdata/index.json.
type index struct {
	Messages []indexed `json:"messages"`
	Arrays   []array   `json:"arrays"`
	Refused  []refused `json:"refused"`
}

const goldenID = 7

var goldenTime = time.UnixMilli(1795269600000).UTC()

func (g golden) indexed() indexed {
	i := indexed{Name: g.name, Says: g.says, JSON: g.name + ".json", MessagePack: g.name + ".msgpack"}
	switch {
	case g.command != nil:
		i.Kind, i.Verb = "command", g.command.verb()
	case g.ok != nil:
		i.Kind, i.Verb = "reply", g.of
	case g.fault != nil:
		i.Kind, i.Verb = "reply", "error"
	default:
		i.Kind, i.Verb = "push", g.push.push()
	}
	return i
}

func (g golden) encode(e Encoding) []byte {
	switch {
	case g.command != nil:
		return e.AppendCommand(nil, Command{ID: goldenID, Verb: g.command})
	case g.ok != nil:
		return e.AppendOK(nil, goldenID, g.ok)
	case g.fault != nil:
		return e.AppendError(nil, goldenID, g.fault)
	}
	return e.AppendPush(nil, g.push)
}

// file is the golden file in an encoding. JSON files end with a line feed, which editors want.
func (g golden) file(t *testing.T, e Encoding) []byte {
	t.Helper()
	name := g.indexed().JSON
	if e == MessagePack {
		name = g.indexed().MessagePack
	}
	return readTestdata(t, name)
}

func readTestdata(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".json") {
		b = bytes.TrimSuffix(b, []byte("\n"))
	}
	return b
}

func writeTestdata(t *testing.T, name string, content []byte) {
	t.Helper()
	if strings.HasSuffix(name, ".json") {
		content = append(slices.Clip(content), '\n')
	}
	if err := os.WriteFile(filepath.Join("testdata", name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMessagesAreWrittenAsTheGoldenFilesShow(t *testing.T) {
	for _, g := range goldens {
		for _, e := range encodings {
			got := g.encode(e)
			if *update {
				name := g.indexed().JSON
				if e == MessagePack {
					name = g.indexed().MessagePack
				}
				writeTestdata(t, name, got)
			}
			if want := g.file(t, e); !bytes.Equal(got, want) {
				t.Errorf("%s is written in %v as\n%q\nwant\n%q", g.name, e, got, want)
			}
		}
	}
}

func TestGoldenFilesAreReadAsWhatTheyShow(t *testing.T) {
	for _, g := range goldens {
		for _, e := range encodings {
			file := g.file(t, e)
			if g.command != nil {
				got, err := e.DecodeCommands(file, 1)
				want := []Command{{ID: goldenID, Verb: g.command}}
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s is read from %v as %+v, %v; want %+v", g.name, e, got, err, want)
				}
				continue
			}
			got, err := e.DecodeServer(file)
			if err != nil || len(got) != 1 {
				t.Errorf("%s is read from %v as %+v, %v", g.name, e, got, err)
				continue
			}
			g.check(t, e, got[0])
		}
	}
}

// check compares what has been read with a reply or push.
func (g golden) check(t *testing.T, e Encoding, got FromServer) {
	t.Helper()
	if g.push != nil {
		if !reflect.DeepEqual(got.Push, g.push) {
			t.Errorf("%s is read from %v as %+v; want %+v", g.name, e, got.Push, g.push)
		}
		return
	}
	if got.Reply == nil || got.Reply.ID != goldenID || !reflect.DeepEqual(got.Reply.Err, g.fault) {
		t.Errorf("%s is read from %v as %+v", g.name, e, got.Reply)
		return
	}
	if g.fault != nil {
		return
	}
	into := reflect.New(reflect.TypeOf(g.ok).Elem()).Interface().(Result)
	if err := got.Reply.Result(into); err != nil || !reflect.DeepEqual(into, g.ok) {
		t.Errorf("%s is read from %v as %+v, %v; want %+v", g.name, e, into, err, g.ok)
	}
}

func TestSeveralMessagesAreOneArray(t *testing.T) {
	for _, a := range arrays {
		for e, file := range map[Encoding]string{JSON: a.JSON, MessagePack: a.MessagePack} {
			var objects [][]byte
			for _, name := range a.Of {
				i := slices.IndexFunc(goldens, func(g golden) bool { return g.name == name })
				objects = append(objects, goldens[i].encode(e))
			}
			got := e.Join(nil, objects...)
			if *update {
				writeTestdata(t, file, got)
			}
			if want := readTestdata(t, file); !bytes.Equal(got, want) {
				t.Errorf("%s is written in %v as\n%q\nwant\n%q", a.Name, e, got, want)
			}
			if n := a.count(t, e, got); n != len(a.Of) {
				t.Errorf("%s is read from %v as %d messages; want %d", a.Name, e, n, len(a.Of))
			}
		}
	}
}

// count reads an array by the side that it is for.
func (a array) count(t *testing.T, e Encoding, message []byte) int {
	t.Helper()
	if a.Kind == "commands" {
		commands, err := e.DecodeCommands(message, len(a.Of))
		if err != nil {
			t.Error(err)
		}
		return len(commands)
	}
	all, err := e.DecodeServer(message)
	if err != nil {
		t.Error(err)
	}
	return len(all)
}

func TestTheIndexListsEveryGoldenFile(t *testing.T) {
	var want index
	for _, g := range goldens {
		want.Messages = append(want.Messages, g.indexed())
	}
	want.Arrays = arrays
	for _, r := range refusals {
		r.message = nil
		want.Refused = append(want.Refused, r)
	}
	if *update {
		b, err := json.MarshalIndent(want, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		writeTestdata(t, "index.json", b)
	}
	var got index
	if err := json.Unmarshal(readTestdata(t, "index.json"), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("testdata/index.json is stale; run go test ./protocol -update")
	}
	listed := map[string]bool{"index.json": true, "fuzz": true}
	for _, m := range got.Messages {
		listed[m.JSON], listed[m.MessagePack] = true, true
	}
	for _, a := range got.Arrays {
		listed[a.JSON], listed[a.MessagePack] = true, true
	}
	for _, r := range got.Refused {
		listed[r.File] = true
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !listed[f.Name()] {
			t.Errorf("testdata/%s is in no index", f.Name())
		}
	}
}

func TestEveryKindOfMessageHasAGoldenFile(t *testing.T) {
	has := map[string]bool{}
	for _, g := range goldens {
		i := g.indexed()
		has[i.Kind+" "+i.Verb] = true
	}
	for _, verb := range verbs {
		if newVerb(verb) == nil || !has["command "+verb] || !has["reply "+verb] {
			t.Errorf("the command %s or its reply has no golden file", verb)
		}
	}
	for _, push := range pushes {
		if newPush(push) == nil || !has["push "+push] {
			t.Errorf("the push %s has no golden file", push)
		}
	}
}

var (
	verbs  = []string{"connect", "subscribe", "unsubscribe", "publish", "history", "presence", "rpc", "refresh", "ping"}
	pushes = []string{"message", "live", "lost", "gap", "presence", "unsubscribed", "move", "expiring"}
)

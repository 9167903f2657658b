package hubproto

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// number is a value of one digit.
func number(digits string) Value { return JSON([]byte(digits)) }

// written are messages as the specification writes them.
var written = []struct {
	message Message
	json    string
	packed  string // in hexadecimal, without the length; "" where the specification has no example
}{
	{&Invocation{ID: "xyz", Target: "method", Arguments: []Value{number("42")}},
		`{"type":1,"invocationId":"xyz","target":"method","arguments":[42]}`, "96 01 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 90"},
	{&Invocation{Target: "method", Arguments: []Value{number("42")}},
		`{"type":1,"target":"method","arguments":[42]}`, "96 01 80 c0 a6 6d 65 74 68 6f 64 91 2a 90"},
	{&Invocation{Target: "method"}, `{"type":1,"target":"method","arguments":[]}`, "96 01 80 c0 a6 6d 65 74 68 6f 64 90 90"},
	{&Invocation{ID: "xyz", Target: "method", Arguments: []Value{number("42")}, Streaming: true},
		`{"type":4,"invocationId":"xyz","target":"method","arguments":[42]}`, "96 04 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 90"},
	{&Invocation{ID: "1", Target: "up", Streams: []string{"2", "3"}},
		`{"type":1,"invocationId":"1","target":"up","arguments":[],"streamIds":["2","3"]}`, "96 01 80 a1 31 a2 75 70 90 92 a1 32 a1 33"},
	{&StreamItem{"xyz", number("42")}, `{"type":2,"invocationId":"xyz","item":42}`, "94 02 80 a3 78 79 7a 2a"},
	{&Completion{ID: "xyz", Error: "Error"}, `{"type":3,"invocationId":"xyz","error":"Error"}`, "95 03 80 a3 78 79 7a 01 a5 45 72 72 6f 72"},
	{&Completion{ID: "xyz"}, `{"type":3,"invocationId":"xyz"}`, "94 03 80 a3 78 79 7a 02"},
	{&Completion{ID: "xyz", Result: number("42")}, `{"type":3,"invocationId":"xyz","result":42}`, "95 03 80 a3 78 79 7a 03 2a"},
	{&CancelInvocation{"xyz"}, `{"type":5,"invocationId":"xyz"}`, "93 05 80 a3 78 79 7a"},
	{&Ping{}, `{"type":6}`, "91 06"},
	{&Close{Error: "xyz"}, `{"type":7,"error":"xyz"}`, "93 07 a3 78 79 7a c2"},
	{&Close{Error: "xyz", AllowReconnect: true}, `{"type":7,"error":"xyz","allowReconnect":true}`, "93 07 a3 78 79 7a c3"},
	{&Close{}, `{"type":7}`, "93 07 c0 c2"},
	{&Ack{36}, `{"type":8,"sequenceId":36}`, "92 08 24"},
	{&Sequence{19}, `{"type":9,"sequenceId":19}`, "92 09 13"},
}

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessagesAreWrittenAsTheSpecificationHasThem(t *testing.T) {
	for _, w := range written {
		if got := string(InJSON.Append(nil, w.message)); got != w.json+"\x1e" {
			t.Errorf("%#v is %q, want %q", w.message, got, w.json)
		}
		want := fromHex(t, w.packed)
		if got := InMessagePack.Append(nil, w.message); !bytes.Equal(got, append([]byte{byte(len(want))}, want...)) {
			t.Errorf("%#v is % x, want % x", w.message, got, want)
		}
	}
}

func TestMessagesOfTheSpecificationAreUnderstood(t *testing.T) {
	for _, w := range written {
		for encoding, frame := range map[Encoding][]byte{InJSON: []byte(w.json), InMessagePack: fromHex(t, w.packed)} {
			if got, err := encoding.Decode(frame); err != nil || !reflect.DeepEqual(got, w.message) {
				t.Errorf("%s %q is %#v, %v; want %#v", encoding, frame, got, err, w.message)
			}
		}
	}
}

func TestOtherVersionsOfAMessageAreUnderstood(t *testing.T) {
	for _, test := range []struct {
		encoding Encoding
		frame    string
		want     Message
	}{
		{InJSON, `{"type":1,"headers":{"a":"b"},"target":"t","arguments":[],"new":[{}]}`, &Invocation{Target: "t"}},
		{InJSON, `{"type":3,"invocationId":"1","result":null}`, &Completion{ID: "1", Result: number("null")}},
		{InJSON, `{"type":77}`, nil},
		{InMessagePack, "\x95\x01\x80\xc0\xa1t\x90", &Invocation{Target: "t"}},                   // without stream ids
		{InMessagePack, "\x97\x01\x81\xa1a\xa1b\xc0\xa1t\x90\x90\x2a", &Invocation{Target: "t"}}, // with headers and a field more
		{InMessagePack, "\x92\x07\xc0", &Close{}},
		{InMessagePack, "\x91\x4d", nil},
	} {
		got, err := test.encoding.Decode([]byte(test.frame))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q is %#v, %v; want %#v", test.frame, got, err, test.want)
		}
	}
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	for encoding, frames := range map[Encoding][]string{
		InJSON: {"", "nonsense", "[]", `{"type":1}`, `{"type":1,"target":""}`, `{"type":4,"target":"t","arguments":[]}`, `{"type":2,"invocationId":"1"}`,
			`{"type":2,"item":1}`, `{"type":3}`, `{"type":3,"invocationId":"1","result":1,"error":"e"}`, `{"type":5}`, `{"type":1,"target":7}`, `{"type":8,"sequenceId":-1}`,
			`{"type":1,"target":"` + strings.Repeat("t", MaxIDBytes+1) + `"}`, `{"type":1,"target":"t","streamIds":[""]}`,
			`{"type":1,"target":"t","arguments":[` + strings.Repeat("1,", MaxArguments) + `1]}`},
		InMessagePack: {"", "\x01", "\x91", "\x91\xa1x", "\x96\x01\x80\xc0\xa0\x90\x90", "\x96\x04\x80\xc0\xa1t\x90\x90", "\x94\x02\x80\xa11", "\x95\x03\x80\xa11\x07\x2a",
			"\x95\x03\x80\xa11\x01\xa0", "\x93\x05\x80\xc0", "\x96\x01\x80\xc0\xa1t\xdd\xff\xff\xff\xff\x90", "\x94\x02\x80\xa11\xc1", "\x94\x02\x80\xa11\xa1\xff",
			"\x94\x02\x80\xa11\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "\x94\x02\x80\xa11\x82\xa1a\x01\xa1a\x02", "\x94\x02\x80\xa11" + strings.Repeat("\x91", MaxDepth+2) + "\x01"},
	} {
		for _, frame := range frames {
			if m, err := encoding.Decode([]byte(frame)); err == nil {
				t.Errorf("%s %.60q passes for %#v", encoding, frame, m)
			}
		}
	}
}

func TestValuesCorrespond(t *testing.T) {
	for json, packed := range map[string]string{
		"null": "c0", "true": "c3", "false": "c2", "0": "00", "-1": "ff", "300": "cd 01 2c", "18446744073709551615": "cf ff ff ff ff ff ff ff ff",
		"1.5": "cb 3f f8 00 00 00 00 00 00", `"ü"`: "a2 c3 bc", "[]": "90", "{}": "80", `[1,[2,"x"]]`: "92 01 92 02 a1 78", `{"a":{"b":[null]}}`: "81 a1 61 81 a1 62 91 c0",
	} {
		if got := JSON([]byte(json)).appendPacked(nil); !bytes.Equal(got, fromHex(t, packed)) {
			t.Errorf("%s is % x, want %s", json, got, packed)
		}
		if v, rest, err := unpackValue(fromHex(t, packed)); err != nil || len(rest) > 0 || string(v.json) != json {
			t.Errorf("%s is %s, %v; want %s", packed, v.json, err, json)
		}
	}
	for packed, json := range map[string]string{
		"c4 03 01 02 03":                `"AQID"`,
		"81 a1 62 c4 01 ff":             `{"b":"/w=="}`,
		"81 01 02":                      "", // a key that is no text
		"ca 3f c0 00 00":                "1.5",
		"d6 ff 00 00 00 00":             `"1970-01-01T00:00:00Z"`,
		"d7 ff 77 35 94 00 5f 5e 10 00": `"2020-09-13T12:26:40.5Z"`,
	} {
		v, _, err := unpackValue(fromHex(t, packed))
		if got := string(v.AppendJSON(nil)); (err == nil) != (json != "") || err == nil && got != json {
			t.Errorf("%s is %s, %v; want %s", packed, got, err, json)
		}
	}
}

func TestAValueTellsWhatItIs(t *testing.T) {
	if text, ok := Text("ü\"").Text(); !ok || text != `ü"` {
		t.Errorf("got %q, %v", text, ok)
	}
	if b, ok := Binary(nil).Binary(); !ok || len(b) != 0 {
		t.Errorf("no bytes are %v, %v", b, ok)
	}
	if _, ok := number("1").Text(); ok {
		t.Error("a number passes for text")
	}
	if _, ok := Text("x").Binary(); ok {
		t.Error("text passes for bytes")
	}
	if got := string(Value{}.AppendJSON(nil)); got != "null" || !(Value{}).IsZero() {
		t.Errorf("no value is %s", got)
	}
	if got := Text("a\xffb"); string(got.json) != `"a`+"\ufffd"+`b"` {
		t.Errorf("text that is not UTF-8 is %s", got.json)
	}
}

func TestAMessageIsACopyOfItsFrame(t *testing.T) {
	for _, e := range []Encoding{InJSON, InMessagePack} {
		frames := Frames{Encoding: e}
		frames.Feed(e.Append(nil, &StreamItem{ID: "s", Item: Binary([]byte("bytes"))}))
		frame, err := frames.Next()
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Decode(frame)
		if err != nil {
			t.Fatal(err)
		}
		clear(frame)
		if got := string(m.(*StreamItem).Item.AppendJSON(nil)); got != `"Ynl0ZXM="` {
			t.Errorf("%s: got %s", e, got)
		}
	}
}

func TestAValueThatIsTooDeepGoesAsText(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2)
	v, rest, err := unpackValue(JSON([]byte(deep)).appendPacked(nil))
	if text, ok := v.Text(); err != nil || len(rest) > 0 || !ok || text != deep {
		t.Errorf("got %s, %v", v.json, err)
	}
}

func TestHandshakes(t *testing.T) {
	h, err := DecodeHandshake([]byte(`{"protocol":"messagepack","version":1}`))
	if err != nil || h != (Handshake{InMessagePack, 1}) {
		t.Errorf("got %v, %v", h, err)
	}
	for _, frame := range []string{"", "{}", `{"protocol":"bson","version":1}`, `{"protocol":"json","version":3}`, `{"type":6}`} {
		if h, err := DecodeHandshake([]byte(frame)); err == nil {
			t.Errorf("%q passes for %v", frame, h)
		}
	}
	if got := string(AppendHandshake(nil, "")); got != "{}\x1e" {
		t.Errorf("got %q", got)
	}
	if got := string(AppendHandshake(nil, "no")); got != `{"error":"no"}`+"\x1e" {
		t.Errorf("got %q", got)
	}
}

// messages generates messages that can be written.
func messages() *rapid.Generator[Message] {
	id := rapid.StringMatching("[a-z0-9]{1,8}")
	value := rapid.Custom(func(t *rapid.T) Value {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return Text(rapid.String().Draw(t, "text"))
		case 1:
			return JSON([]byte(rapid.SampledFrom([]string{"1", "null", `[{"a":[]},-3]`, "true", `{"b":"c","d":0.25}`}).Draw(t, "json")))
		}
		return Text("x")
	})
	return rapid.Custom(func(t *rapid.T) Message {
		switch rapid.IntRange(1, 9).Draw(t, "type") {
		case typeInvocation, typeStreamInvocation:
			m := &Invocation{ID: id.Draw(t, "id"), Target: id.Draw(t, "target"), Streaming: rapid.Bool().Draw(t, "streaming")}
			for range rapid.IntRange(0, 3).Draw(t, "arguments") {
				m.Arguments = append(m.Arguments, value.Draw(t, "argument"))
			}
			for range rapid.IntRange(0, 2).Draw(t, "streams") {
				m.Streams = append(m.Streams, id.Draw(t, "stream"))
			}
			return m
		case typeStreamItem:
			return &StreamItem{id.Draw(t, "id"), value.Draw(t, "item")}
		case typeCompletion:
			if rapid.Bool().Draw(t, "failed") {
				return &Completion{ID: id.Draw(t, "id"), Error: id.Draw(t, "error")}
			}
			return &Completion{ID: id.Draw(t, "id"), Result: value.Draw(t, "result")}
		case typeCancelInvocation:
			return &CancelInvocation{id.Draw(t, "id")}
		case typeClose:
			return &Close{id.Draw(t, "error"), rapid.Bool().Draw(t, "reconnect")}
		case typeAck:
			return &Ack{rapid.Uint64().Draw(t, "sequence")}
		case typeSequence:
			return &Sequence{rapid.Uint64().Draw(t, "sequence")}
		}
		return &Ping{}
	})
}

func TestMessagesComeThroughHoweverTheBytesAreCut(t *testing.T) {
	for _, encoding := range []Encoding{InJSON, InMessagePack} {
		rapid.Check(t, func(t *rapid.T) {
			sent := rapid.SliceOfN(messages(), 1, 8).Draw(t, "messages")
			var stream []byte
			for _, m := range sent {
				stream = encoding.Append(stream, m)
			}
			frames := Frames{Encoding: encoding}
			var got []Message
			for rest := stream; len(rest) > 0; {
				n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
				piece := bytes.Clone(rest[:n])
				frames.Feed(piece)
				for {
					frame, err := frames.Next()
					if err != nil {
						t.Fatal(err)
					}
					if frame == nil {
						break
					}
					m, err := encoding.Decode(bytes.Clone(frame))
					if err != nil {
						t.Fatalf("%q: %v", frame, err)
					}
					got = append(got, m)
				}
				clear(piece) // what is kept must be a copy
				rest = rest[n:]
			}
			if !frames.Empty() || !reflect.DeepEqual(got, sent) {
				t.Fatalf("%s: got %#v, want %#v", encoding, got, sent)
			}
		})
	}
}

func TestAMessageBeyondTheLimitIsRefusedBeforeItIsWhole(t *testing.T) {
	for encoding, stream := range map[Encoding]string{InJSON: strings.Repeat("x", 101), InMessagePack: "\x65x"} {
		frames := Frames{Encoding: encoding, MaxBytes: 100}
		frames.Feed([]byte(stream))
		if frame, err := frames.Next(); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %q, %v", encoding, frame, err)
		}
	}
	frames := Frames{Encoding: InMessagePack}
	frames.Feed([]byte("\xff\xff\xff\xff\xff\x01"))
	if _, err := frames.Next(); err == nil {
		t.Error("a length without an end is taken")
	}
}

// FuzzDecode gives a decoder whatever a stranger may send: what it understands means the same when it is written again.
func FuzzDecode(f *testing.F) {
	for _, w := range written {
		f.Add(true, []byte(w.json))
		f.Add(false, InMessagePack.Append(nil, w.message)[1:])
	}
	f.Fuzz(func(t *testing.T, inJSON bool, frame []byte) {
		encoding := InMessagePack
		if inJSON {
			encoding = InJSON
		}
		m, err := encoding.Decode(frame)
		if err != nil || m == nil {
			return
		}
		for _, to := range []Encoding{InJSON, InMessagePack} {
			frames := Frames{Encoding: to}
			frames.Feed(to.Append(nil, m))
			again, err := frames.Next()
			if err != nil {
				t.Fatal(err)
			}
			if to == InJSON && !jsontext.Value(again).IsValid() {
				t.Fatalf("%q is no JSON", again)
			}
			if _, err := to.Decode(again); err != nil {
				t.Fatalf("%#v is written as %q, which is refused: %v", m, again, err)
			}
		}
	})
}

// FuzzFrames cuts whatever a stranger may send.
func FuzzFrames(f *testing.F) {
	f.Add(true, []byte("{}\x1e{\"type\":6}\x1e{"), uint8(3))
	f.Add(false, []byte("\x02\x91\x06\x80\x01"), uint8(2))
	f.Fuzz(func(t *testing.T, inJSON bool, stream []byte, piece uint8) {
		encoding := InMessagePack
		if inJSON {
			encoding = InJSON
		}
		cut := func(size int) (all [][]byte, failed bool) {
			frames := Frames{Encoding: encoding, MaxBytes: 64}
			for rest := stream; len(rest) > 0; {
				n := min(size, len(rest))
				frames.Feed(bytes.Clone(rest[:n]))
				rest = rest[n:]
				for {
					frame, err := frames.Next()
					if err != nil {
						return all, true
					}
					if frame == nil {
						break
					}
					all = append(all, bytes.Clone(frame))
				}
			}
			return all, false
		}
		whole, failed := cut(max(len(stream), 1))
		pieces, failedToo := cut(int(piece) + 1)
		if failed != failedToo || !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("whole: %q, %v; in pieces: %q, %v", whole, failed, pieces, failedToo)
		}
	})
}

package protocol

import (
	"reflect"
	"testing"
)

// decodeOne reads a message of one command that has to be in order.
func decodeOne(t *testing.T, e Encoding, message string) Verb {
	t.Helper()
	commands, err := e.DecodeCommands([]byte(message), 1)
	if err != nil || len(commands) != 1 || commands[0].Err != nil {
		t.Fatalf("%q is read as %+v, %v", message, commands, err)
	}
	return commands[0].Verb
}

func TestWhatIsTypedByHandIsUnderstood(t *testing.T) {
	for _, test := range []struct {
		message string
		want    Verb
	}{
		{`{"subscribe":{"channel":"chat/lobby"}}`, &Subscribe{Channel: "chat/lobby"}},
		{" \r\n{ \"ping\" : { } }\n", &Ping{}},
		{`{"subscribe":{"channel":"c","since":"0"}}`, &Subscribe{Channel: "c", Since: Positions{{0, ""}}}},
		{`{"\u0070ing":{},"id":5}`, &Ping{}},
		{`{"subscribe":{"channel":"c","echo":true,"presence":false,"since":null}}`, &Subscribe{Channel: "c"}},
		{`{"connect":{"token":null,"session":null}}`, &Connect{}},
		{`{"publish":{"data":"aGk=","channel":"c","binary":true}}`, &Publish{Channel: "c", Payload: Binary([]byte("hi"))}},
		{`{"publish":{"binary":false,"channel":"c","data":"aGk="}}`, &Publish{Channel: "c", Payload: Text("aGk=")}},
	} {
		if got := decodeOne(t, JSON, test.message); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s is read as %+v; want %+v", test.message, got, test.want)
		}
	}
}

func TestAnyJSONValueIsPublishedAsItsCompactText(t *testing.T) {
	for value, want := range map[string]string{
		`{ "a": [1, 2.50, "x y"] }`: `{"a":[1,2.50,"x y"]}`,
		`null`:                      `null`,
		` true`:                     `true`,
		`-1e3`:                      `-1e3`,
		`[ ]`:                       `[]`,
		`"a \"text\" \u00e9"`:       `a "text" é`,
		`""`:                        ``,
	} {
		got := decodeOne(t, JSON, `{"publish":{"channel":"c","data":`+value+`}}`).(*Publish)
		if string(got.Data) != want || got.Data == nil || got.Binary {
			t.Errorf("%s is published as %q (binary: %t); want %q", value, got.Data, got.Binary, want)
		}
	}
}

func TestEveryMessagePackFormOfANumberIsRead(t *testing.T) {
	for form, want := range map[string]uint64{
		"\x01":                                 1,
		"\xcc\xff":                             255,
		"\xcd\xff\xff":                         65535,
		"\xce\xff\xff\xff\xff":                 1<<32 - 1,
		"\xcf\x00\x1f\xff\xff\xff\xff\xff\xff": MaxWhole,
		"\xd0\x7f":                             127,
		"\xd1\x7f\xff":                         32767,
		"\xd2\x7f\xff\xff\xff":                 1<<31 - 1,
		"\xd3\x00\x00\x00\x00\x00\x00\x00\x05": 5,
		"\xca\x40\xa0\x00\x00":                 5,
		"\xcb\x40\x14\x00\x00\x00\x00\x00\x00": 5,
	} {
		if got := decodeOne(t, MessagePack, "\x81\xabunsubscribe\x81\xa3sub"+form).(*Unsubscribe); got.Sub != want {
			t.Errorf("% x is read as %d; want %d", form, got.Sub, want)
		}
	}
	for _, form := range []string{
		"\xff", "\xd0\x80", "\xd1\xff\xff", "\xd2\xff\xff\xff\xff", "\xd3\xff\xff\xff\xff\xff\xff\xff\xff",
		"\xcf\x00\x20\x00\x00\x00\x00\x00\x00",                                                                         // 2^53
		"\xcb\x40\x16\x00\x00\x00\x00\x00\x00", "\xcb\x7f\xf8\x00\x00\x00\x00\x00\x01", "\xca\x7f\x80\x00\x00", "\x00", // 5.5, NaN, Inf
	} {
		commands, err := MessagePack.DecodeCommands([]byte("\x81\xabunsubscribe\x81\xa3sub"+form), 1)
		if err != nil || commands[0].Err == nil || commands[0].Err.Code != CodeBadCommand {
			t.Errorf("% x is read as %+v, %v", form, commands, err)
		}
	}
}

func TestEveryMessagePackFormOfALengthIsRead(t *testing.T) {
	for _, message := range []string{
		"\x81\xa7publish\x82\xa7channel\xa1c\xa4data\xa2hi",
		"\xde\x00\x01\xd9\x07publish\xdf\x00\x00\x00\x02\xda\x00\x07channel\xdb\x00\x00\x00\x01c\xa4data\xd9\x02hi",
		"\xdc\x00\x01\x81\xa7publish\x82\xa7channel\xa1c\xa4data\xa2hi",
		"\xdd\x00\x00\x00\x01\x81\xa7publish\x82\xa7channel\xa1c\xa4data\xa2hi",
	} {
		want := &Publish{Channel: "c", Payload: Text("hi")}
		if got := decodeOne(t, MessagePack, message); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %+v", message, got)
		}
	}
	for _, data := range []string{"\xc4\x02hi", "\xc5\x00\x02hi", "\xc6\x00\x00\x00\x02hi"} {
		got := decodeOne(t, MessagePack, "\x81\xa7publish\x82\xa7channel\xa1c\xa4data"+data).(*Publish)
		if string(got.Data) != "hi" || !got.Binary {
			t.Errorf("%q is read as %+v", data, got)
		}
	}
}

func TestWhatIsReadDoesNotReferToTheMessage(t *testing.T) {
	for _, e := range encodings {
		want := &Publish{Channel: "chat/lobby", Payload: Text("hello"), ID: "i", Key: "k"}
		message := e.AppendCommand(nil, Command{Verb: want})
		got := decodeOne(t, e, string(message))
		commands, err := e.DecodeCommands(message, 1)
		clear(message)
		if err != nil || !reflect.DeepEqual(commands[0].Verb, got) || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v has changed with the bytes it came from, %v", e, commands[0].Verb, err)
		}
	}
}

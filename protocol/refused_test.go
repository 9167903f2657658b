package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// refused is a message of a client that a server must refuse, as testdata/index.json lists it.
type refused struct {
	Name     string `json:"name"`
	Encoding string `json:"encoding"`
	File     string `json:"file"`
	Code     Code   `json:"code"`
	ID       uint64 `json:"id,omitempty"` // of the command at fault; left out if the error is about the message or the command has none
	Has      string `json:"has"`          // the error's message has this
	Whole    bool   `json:"whole"`        // the message as a whole is refused

	message []byte
}

func badJSON(name, message string, id uint64, code Code, has string) refused {
	return refused{Name: name, Encoding: "json", File: "refused-" + name + ".json", Code: code, ID: id, Has: has, message: []byte(message)}
}

func badPack(name, message string, id uint64, code Code, has string) refused {
	return refused{Name: name, Encoding: "msgpack", File: "refused-" + name + ".msgpack", Code: code, ID: id, Has: has, message: []byte(message)}
}

func (r refused) whole() refused {
	r.Whole = true
	return r
}

var refusals = []refused{
	badJSON("not-json", `{"id":7,"ping":{}`, 0, CodeBadJSON, "byte 17").whole(),
	badJSON("nothing", ``, 0, CodeBadJSON, "too early").whole(),
	badJSON("two-objects", `{"ping":{}}{"ping":{}}`, 0, CodeBadJSON, "array").whole(),
	badJSON("not-utf8", "{\"publish\":{\"channel\":\"c\",\"data\":\"\xff\"}}", 0, CodeBadJSON, "UTF-8").whole(),
	badJSON("lone-surrogate", `{"publish":{"channel":"c","data":"\ud800"}}`, 0, CodeBadJSON, "byte").whole(),
	badJSON("too-deep", `{"id":7,"publish":{"channel":"c","data":`+strings.Repeat("[", 63)+strings.Repeat("]", 63)+`}}`, 0, CodeBadJSON, "deeper than 64").whole(),
	badJSON("twice", `{"id":7,"publish":{"channel":"c","channel":"d","data":""}}`, 0, CodeBadJSON, "duplicate").whole(),
	badJSON("broken-array", `[{"id":7,"ping":{}},{"id":8,"ping":{}]`, 0, CodeBadJSON, "byte").whole(),
	badJSON("text", `"ping"`, 0, CodeBadCommand, "text"),
	badJSON("empty-array", `[]`, 0, CodeBadCommand, "empty").whole(),
	badJSON("nested-array", `[[{"id":7,"ping":{}}]]`, 0, CodeBadCommand, "an array"),
	badJSON("no-verb", `{"id":7}`, 7, CodeBadCommand, "no verb"),
	badJSON("two-verbs", `{"ping":{},"refresh":{"token":"t"},"id":7}`, 7, CodeBadCommand, "both ping and refresh"),
	badJSON("unknown-verb", `{"id":7,"shout":{"channel":"c"}}`, 7, CodeUnknownCommand, `"shout"`),
	badJSON("unknown-field", `{"id":7,"subscribe":{"chanel":"c"}}`, 7, CodeBadCommand, `"chanel"`),
	badJSON("missing-field", `{"id":7,"publish":{"channel":"c"}}`, 7, CodeBadCommand, `"data"`),
	badJSON("wrong-type", `{"publish":{"channel":5,"data":""},"id":7}`, 7, CodeBadCommand, `"channel" of publish is a number`),
	badJSON("not-an-object", `{"id":7,"ping":true}`, 7, CodeBadCommand, "a boolean"),
	badJSON("id-zero", `{"id":0,"ping":{}}`, 0, CodeBadCommand, `"id"`),
	badJSON("id-text", `{"id":"7","ping":{}}`, 0, CodeBadCommand, `"id"`),
	badJSON("id-fraction", `{"id":7.5,"ping":{}}`, 0, CodeBadCommand, `"id" of command is 7.5`),
	badJSON("id-too-large", `{"id":9007199254740992,"ping":{}}`, 0, CodeBadCommand, `"id"`),
	badJSON("no-channel", `{"id":7,"subscribe":{}}`, 7, CodeBadCommand, "channel or a pattern"),
	badJSON("channel-and-pattern", `{"id":7,"subscribe":{"channel":"c","pattern":"#"}}`, 7, CodeBadCommand, "not both"),
	badJSON("since-and-last", `{"id":7,"subscribe":{"channel":"c","since":"1:e","last":1}}`, 7, CodeBadCommand, "since and last"),
	badJSON("presence-of-pattern", `{"id":7,"subscribe":{"pattern":"#","presence":true}}`, 7, CodeBadCommand, "presence of a pattern"),
	badJSON("bad-position", `{"id":7,"subscribe":{"channel":"c","since":"-1:e"}}`, 7, CodeBadPosition, `"-1:e"`),
	badJSON("channel-too-long", `{"id":7,"publish":{"channel":"`+strings.Repeat("c", 256)+`","data":""}}`, 7, CodeBadChannel, "256"),
	badJSON("id-of-publish-too-long", `{"id":7,"publish":{"channel":"c","data":"","id":"`+strings.Repeat("i", 129)+`"}}`, 7, CodeBadCommand, "129"),
	badJSON("not-base64", `{"id":7,"publish":{"channel":"c","data":"iVBORw","binary":true}}`, 7, CodeBadCommand, "base64"),
	badJSON("base64-line-break", `{"id":7,"publish":{"channel":"c","data":"iVBO\nRw==","binary":true}}`, 7, CodeBadCommand, "base64"),
	badJSON("binary-number", `{"id":7,"publish":{"binary":true,"channel":"c","data":5}}`, 7, CodeBadCommand, "base64"),
	badJSON("limit-too-large", `{"id":7,"history":{"channel":"c","limit":1001}}`, 7, CodeBadCommand, "1000"),
	badJSON("one-of-two", `[{"id":7,"ping":{"now":true}},{"id":8,"ping":{}}]`, 7, CodeBadCommand, `"now"`),

	badPack("empty", "", 0, CodeBadMessagePack, "too early").whole(),
	badPack("cut", "\x82\xa2id\x07\xa4ping", 0, CodeBadMessagePack, "too early").whole(),
	badPack("more", "\x81\xa4ping\x80\xc0", 0, CodeBadMessagePack, "more behind").whole(),
	badPack("extension", "\x82\xa2id\x07\xa4ping\xd4\x01\x00", 0, CodeBadMessagePack, "extension").whole(),
	badPack("claims-too-much", "\x82\xa2id\x07\xa7publish\x81\xa4data\xc6\xff\xff\xff\xff", 0, CodeBadMessagePack, "too early").whole(),
	badPack("too-many-keys", "\x82\xa2id\x07\xa4ping\xdf\xff\xff\xff\xff", 0, CodeBadMessagePack, "16384 keys").whole(),
	badPack("pack-too-deep", "\x82\xa2id\x07\xa4ping\x81\xa1a\x91\x91\x91\x91\x91\x91\x91\x90", 0, CodeBadMessagePack, "deeper than 8").whole(),
	badPack("pack-not-utf8", "\x82\xa2id\x07\xa7publish\x82\xa7channel\xa1c\xa4data\xa1\xff", 0, CodeBadMessagePack, "UTF-8").whole(),
	badPack("name-is-a-number", "\x81\x01\x80", 0, CodeBadMessagePack, "name").whole(),
	badPack("pack-twice", "\x82\xa2id\x07\xa7publish\x83\xa7channel\xa1c\xa7channel\xa1d\xa4data\xa0", 7, CodeBadCommand, "twice"),
	badPack("pack-id-negative", "\x82\xa2id\xff\xa4ping\x80", 0, CodeBadCommand, "-1"),
	badPack("pack-data-nil", "\x82\xa2id\x07\xa7publish\x82\xa7channel\xa1c\xa4data\xc0", 7, CodeBadCommand, `"data"`),
	badPack("pack-data-map", "\x82\xa2id\x07\xa7publish\x82\xa7channel\xa1c\xa4data\x80", 7, CodeBadCommand, "an object"),
	badPack("pack-binary", "\x82\xa2id\x07\xa7publish\x83\xa7channel\xa1c\xa4data\xa0\xa6binary\xc3", 7, CodeBadCommand, `"binary"`),
	badPack("pack-unknown-verb", "\x82\xa5shout\x81\xa1a\x90\xa2id\x07", 7, CodeUnknownCommand, `"shout"`),
}

func (r refused) encoding() Encoding {
	if r.Encoding == "msgpack" {
		return MessagePack
	}
	return JSON
}

func TestWhatIsWrongIsRefusedWithTheCommandsIDAndTheFault(t *testing.T) {
	for _, r := range refusals {
		if *update {
			writeTestdata(t, r.File, r.message)
		}
		message := readTestdata(t, r.File)
		if !bytes.Equal(message, r.message) {
			t.Errorf("testdata/%s is stale; run go test ./protocol -update", r.File)
		}
		commands, whole := r.encoding().DecodeCommands(message, 256)
		err, id := whole, uint64(0)
		if !r.Whole {
			if whole != nil || len(commands) == 0 {
				t.Errorf("%s: the message as a whole is refused: %v", r.Name, whole)
				continue
			}
			err, id = commands[0].Err, commands[0].ID
		}
		switch {
		case err == nil:
			t.Errorf("%s is let through as %+v", r.Name, commands)
		case err.Code != r.Code || id != r.ID || !strings.Contains(err.Message, r.Has):
			t.Errorf("%s is refused for command %d with %v; want command %d, %s with %q", r.Name, id, err, r.ID, r.Code, r.Has)
		case len(err.Message) > 1<<10:
			t.Errorf("%s is refused with %d bytes", r.Name, len(err.Message))
		}
	}
}

func TestAFaultyCommandDoesNotHarmTheOthersOfItsArray(t *testing.T) {
	commands, err := JSON.DecodeCommands([]byte(`[{"id":1,"ping":{}},{"id":2,"publish":{"data":[{"deep":{}}],"to":{"a":[1]}}},3,{"id":4,"ping":{}}]`), 4)
	if err != nil || len(commands) != 4 {
		t.Fatalf("got %+v, %v", commands, err)
	}
	for i, want := range []struct {
		id   uint64
		runs bool
	}{{1, true}, {2, false}, {0, false}, {4, true}} {
		got := commands[i]
		if got.ID != want.id || (got.Err == nil) != want.runs || (got.Verb != nil) != want.runs {
			t.Errorf("command %d is %+v", i, got)
		}
	}
}

func TestMoreCommandsThanTheLimitAreRefusedTogether(t *testing.T) {
	for _, e := range encodings {
		ping := e.AppendCommand(nil, Command{ID: 1, Verb: &Ping{}})
		for n := 1; n <= 20; n++ {
			commands, err := e.DecodeCommands(e.Join(nil, slices.Repeat([][]byte{ping}, n)...), 16)
			if n <= 16 && (err != nil || len(commands) != n) {
				t.Errorf("%d commands in %v are %d, %v", n, e, len(commands), err)
			}
			if n > 16 && (err == nil || err.Code != CodeTooMany || commands != nil) {
				t.Errorf("%d commands in %v are %d, %v", n, e, len(commands), err)
			}
		}
	}
}

func TestTooManyKeysAreRefusedWhereverTheyAre(t *testing.T) {
	for _, at := range []struct {
		n  int
		ok bool
	}{{MaxKeys - 4, true}, {MaxKeys - 3, false}} {
		data := map[string]int{}
		for i := range at.n {
			data[fmt.Sprint(i)] = i
		}
		value, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		_, refused := JSON.DecodeCommands([]byte(`{"id":7,"publish":{"channel":"c","data":`+string(value)+`}}`), 1)
		if (refused == nil) != at.ok {
			t.Errorf("data with %d keys: %v", at.n, refused)
		}
	}
}

func TestATokenOrNameOutOfBoundsIsRefusedByItsLengthOnly(t *testing.T) {
	secret := strings.Repeat("s3cret", MaxTokenBytes)
	for _, verb := range []Verb{
		&Connect{Token: secret}, &Refresh{Token: secret}, &Connect{Session: &Session{ID: "s", Secret: secret}},
	} {
		for _, e := range encodings {
			commands, err := e.DecodeCommands(e.AppendCommand(nil, Command{ID: 7, Verb: verb}), 1)
			if err != nil || commands[0].Err == nil || strings.Contains(commands[0].Err.Message, "s3cret") {
				t.Errorf("%+v: %v", commands, err)
			}
		}
	}
}

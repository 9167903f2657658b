package hostile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

// talker is a client of the protocol.
type talker struct {
	t *testing.T
	*websocket.Conn
	ctx     context.Context
	replies []string // that have come with others
}

// talk connects to /socket.
func (n *node) talk(t *testing.T, subprotocols ...string) *talker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	c, err := websocket.Dial(ctx, "ws://"+n.addr+"/socket", &websocket.DialOptions{Subprotocols: subprotocols})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseNow)
	return &talker{t: t, Conn: c, ctx: ctx}
}

// say sends a message; what begins with "\x00" as binary. The server may have closed.
func (c *talker) say(message string) {
	c.t.Helper()
	typ := websocket.Text
	if binary, ok := strings.CutPrefix(message, "\x00"); ok {
		typ, message = websocket.Binary, binary
	}
	if err := c.Write(c.ctx, typ, []byte(message)); err != nil && websocket.CloseCodeOf(err) == 0 {
		c.t.Fatal(err)
	}
}

// hear returns the next reply or the close, plainly; pushes are left out.
func (c *talker) hear() string {
	c.t.Helper()
	return plainly(c.next())
}

// next returns the next reply or the close, in words.
func (c *talker) next() string {
	c.t.Helper()
	for len(c.replies) == 0 {
		typ, message, err := c.Read(c.ctx)
		if end, ok := errors.AsType[*websocket.CloseError](err); ok {
			return fmt.Sprintf("close %d %s", end.Code, end.Reason)
		}
		if err != nil {
			c.t.Fatal(err)
		}
		if typ == websocket.Binary {
			return packedRef.ReplaceAllString(fmt.Sprintf("%q", message), ",ref")
		}
		all := []json.RawMessage{message}
		if message[0] == '[' {
			if err := json.Unmarshal(message, &all); err != nil {
				c.t.Fatal(err)
			}
		}
		for _, one := range all {
			if reply.Match(one) {
				c.replies = append(c.replies, string(one))
			}
		}
	}
	next := c.replies[0]
	c.replies = c.replies[1:]
	return next
}

var (
	reply     = regexp.MustCompile(`^\{("id":\d+,)?"(ok|error)":`)
	packedRef = regexp.MustCompile(`\\xa3ref\\xa8[A-Z2-7]{8}`)
)

func TestCommandsThatAreNoneAreRefusedWithTheFieldAtFault(t *testing.T) {
	n := newNode(t, nil)
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	long := strings.Repeat("a", 129)
	for _, in := range []struct{ name, say, want string }{
		{"nothing", "", `{"error":{"code":"bad_json","message":"the message is not JSON at byte 0: it ends too early",ref}}`},
		{"a space", " ", `{"error":{"code":"bad_json","message":"the message is not JSON at byte 0: it ends too early",ref}}`},
		{"no JSON", "hello", `{"error":{"code":"bad_json","message":"the message is not JSON at byte 0: invalid character 'h' at start of value",ref}}`},
		{"a number", "7", `{"error":{"code":"bad_command","message":"the command is a number; it has to be an object",ref}}`},
		{"null", "null", `{"error":{"code":"bad_command","message":"the command is null; it has to be an object",ref}}`},
		{"an empty array", "[]", `{"error":{"code":"bad_command","message":"the message is an empty array; send at least one command",ref}}`},
		{"an array in an array", `[[{"ping":{}}]]`, `{"error":{"code":"bad_command","message":"the command is an array; it has to be an object",ref}}`},
		{"half an object", `{"ping":{}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 10: unexpected EOF",ref}}`},
		{"something behind the object", `{"ping":{}}}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 11: invalid character '}' at start of value",ref}}`},
		{"two objects", `{"ping":{}}{"ping":{}}`, `{"error":{"code":"bad_json","message":"there is more behind the end of the message, at byte 11; put several commands into an array",ref}}`},
		{"a comment", `{"ping":{}/**/}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 10: invalid character '/' after object value (expecting ',' or '}')",ref}}`},
		{"a comma too many", `{"ping":{},}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 10: invalid character ',' at start of value",ref}}`},
		{"a byte order mark", "\ufeff" + `{"ping":{}}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 0: invalid character '\\ufeff' at start of value",ref}}`},
		{"a lone surrogate", `{"id":1,"publish":{"channel":"open/a","data":"\ud800"}}`, "{\"error\":{\"code\":\"bad_json\",\"message\":\"the message is not JSON at byte 46: invalid surrogate pair `\\\\ud800\\\"}}` in string\",ref}}"},
		{"depth of 65", `{"id":1,"publish":{"channel":"open/a","data":` + deep(65) + `}}`, `{"error":{"code":"bad_json","message":"the message is nested deeper than 64 at byte 107; send deep data as text",ref}}`},
		{"depth of 10,000", deep(10_000), `{"error":{"code":"bad_json","message":"the message is nested deeper than 64 at byte 64; send deep data as text",ref}}`},
		{"a key of 10,000 bytes", `{"` + strings.Repeat("k", 10_000) + `":1}`, `{"error":{"code":"unknown_command","message":"there is no command \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…\"",ref}}`},
		{"257 commands", "[" + strings.TrimSuffix(strings.Repeat(`{"ping":{}},`, 257), ",") + "]", `{"error":{"code":"too_many","message":"the message has more than 256 commands; send them in several",ref}}`},
		{"no command", `{"id":1}`, `{"id":1,"error":{"code":"bad_command","message":"the command has no verb; it looks like {\"id\":1,\"subscribe\":{\"channel\":\"chat/lobby\"}}",ref}}`},
		{"two commands in one", `{"id":1,"ping":{},"connect":{}}`, `{"id":1,"error":{"code":"bad_command","message":"the command is both ping and connect; send two",ref}}`},
		{"the same command twice", `{"id":1,"ping":{},"ping":{}}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 18: duplicate object member name",ref}}`},
		{"a field twice", `{"id":1,"publish":{"channel":"open/a","channel":"dead/a","data":"x"}}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 38: duplicate object member name",ref}}`},
		{"an id twice", `{"id":1,"id":2,"ping":{}}`, `{"error":{"code":"bad_json","message":"the message is not JSON at byte 8: duplicate object member name",ref}}`},
		{"a command that there is not", `{"id":1,"shutdown":{}}`, `{"id":1,"error":{"code":"unknown_command","message":"there is no command \"shutdown\"",ref}}`},
		{"a command in capitals", `{"id":1,"PING":{}}`, `{"id":1,"error":{"code":"unknown_command","message":"there is no command \"PING\"",ref}}`},
		{"a prototype", `{"id":1,"__proto__":{"ping":{}}}`, `{"id":1,"error":{"code":"unknown_command","message":"there is no command \"__proto__\"",ref}}`},
		{"a field that there is not", `{"id":1,"subscribe":{"channel":"open/a","admin":true}}`, `{"id":1,"error":{"code":"bad_command","message":"subscribe has the unknown field \"admin\"; remove it, or correct its spelling",ref}}`},
		{"a reply", `{"id":1,"ok":{}}`, `{"id":1,"error":{"code":"unknown_command","message":"there is no command \"ok\"",ref}}`},
		{"a push", `{"message":{"sub":1,"data":"x"}}`, `{"error":{"code":"unknown_command","message":"there is no command \"message\"",ref}}`},
		{"an id that is 0", `{"id":0,"ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is 0; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"an id that is negative", `{"id":-1,"ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is -1; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"an id with a fraction", `{"id":1.5,"ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is 1.5; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"an id with an exponent", `{"id":1e3,"ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is 1000; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"an id beyond numbers", `{"id":1e999,"ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is +Inf; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"an id above 2^53", `{"id":9007199254740993,"ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is 9.007199254740992e+15; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"an id of 5000 digits", `{"id":` + strings.Repeat("9", 5000) + `,"ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is +Inf; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"an id in quotes", `{"id":"1","ping":{}}`, `{"error":{"code":"bad_command","message":"\"id\" of command is text; it has to be a number",ref}}`},
		{"a command that is no object", `{"id":1,"ping":true}`, `{"id":1,"error":{"code":"bad_command","message":"\"ping\" of command is a boolean; it has to be an object",ref}}`},
		{"a channel that is a number", `{"id":1,"subscribe":{"channel":7}}`, `{"id":1,"error":{"code":"bad_command","message":"\"channel\" of subscribe is a number; it has to be text",ref}}`},
		{"a channel that is an object", `{"id":1,"subscribe":{"channel":{"$ne":1}}}`, `{"id":1,"error":{"code":"bad_command","message":"\"channel\" of subscribe is an object; it has to be text",ref}}`},
		{"a channel and a pattern", `{"id":1,"subscribe":{"channel":"open/a","pattern":"open/#"}}`, `{"id":1,"error":{"code":"bad_command","message":"subscribe needs a channel or a pattern, and not both",ref}}`},
		{"neither", `{"id":1,"subscribe":{}}`, `{"id":1,"error":{"code":"bad_command","message":"subscribe needs a channel or a pattern, and not both",ref}}`},
		{"a number of a subscription that is negative", `{"id":1,"subscribe":{"channel":"open/a","sub":-1}}`, `{"id":1,"error":{"code":"bad_command","message":"\"sub\" of subscribe is -1; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"a wish that is no bool", `{"id":1,"subscribe":{"channel":"open/a","echo":"no"}}`, `{"id":1,"error":{"code":"bad_command","message":"\"echo\" of subscribe is text; it has to be a boolean",ref}}`},
		{"a place and a number", `{"id":1,"subscribe":{"channel":"kept/a","since":"0","last":1}}`, `{"id":1,"error":{"code":"bad_command","message":"subscribe has both since and last; give one of them",ref}}`},
		{"a place that is none", `{"id":1,"subscribe":{"channel":"kept/a","since":"x"}}`, `{"id":1,"error":{"code":"bad_position","message":"\"since\" of subscribe: \"x\" is not a position; it looks like 1042:k3f9a2",ref}}`},
		{"a place with a line end", `{"id":1,"subscribe":{"channel":"kept/a","since":"1:a\r\nb"}}`, `{"id":1,"error":{"code":"bad_position","message":"\"since\" of subscribe: \"1:a\\r\\nb\" is not a position; it looks like 1042:k3f9a2",ref}}`},
		{"65 places", `{"id":1,"subscribe":{"pattern":"kept/#","since":"` + strings.TrimSuffix(strings.Repeat("1:a,", 65), ",") + `"}}`, `{"id":1,"error":{"code":"bad_position","message":"\"since\" of subscribe: 65 positions are more than 64",ref}}`},
		{"a negative number of messages", `{"id":1,"history":{"channel":"kept/a","last":-1}}`, `{"id":1,"error":{"code":"bad_command","message":"\"last\" of history is -1; it has to be a whole number from 1 to 9007199254740991",ref}}`},
		{"a page of 1001 messages", `{"id":1,"history":{"channel":"kept/a","limit":1001}}`, `{"id":1,"error":{"code":"bad_command","message":"\"limit\" of history is 1001; it has to be a whole number from 1 to 1000",ref}}`},
		{"a publication without data", `{"id":1,"publish":{"channel":"open/a"}}`, `{"id":1,"error":{"code":"bad_command","message":"publish has no \"data\"; it needs one",ref}}`},
		{"bytes that are no base64", `{"id":1,"publish":{"channel":"open/a","data":"!","binary":true}}`, `{"id":1,"error":{"code":"bad_command","message":"\"data\" of publish is not base64 (the standard alphabet, with padding), which \"binary\" asks for",ref}}`},
		{"bytes that are an object", `{"id":1,"publish":{"channel":"open/a","data":{},"binary":true}}`, `{"id":1,"error":{"code":"bad_command","message":"\"data\" of publish is an object; with \"binary\" it has to be base64 in a string",ref}}`},
		{"an id of a publication that is too long", `{"id":1,"publish":{"channel":"open/a","data":"x","id":"` + long + `"}}`, `{"id":1,"error":{"code":"bad_command","message":"\"id\" of publish is 129 bytes long; it has to have 1 to 128",ref}}`},
		{"a key that is too long", `{"id":1,"publish":{"channel":"open/a","data":"x","key":"` + long + `"}}`, `{"id":1,"error":{"code":"bad_command","message":"\"key\" of publish is 129 bytes long; it has to have 0 to 128",ref}}`},
		{"an empty id of a publication", `{"id":1,"publish":{"channel":"open/a","data":"x","id":""}}`, `{"id":1,"error":{"code":"bad_command","message":"\"id\" of publish is 0 bytes long; it has to have 1 to 128",ref}}`},
		{"a method that is too long", `{"id":1,"rpc":{"method":"` + long + `"}}`, `{"id":1,"error":{"code":"bad_command","message":"\"method\" of rpc is 129 bytes long; it has to have 1 to 128",ref}}`},
		{"a method nobody answers", `{"id":1,"rpc":{"method":"os.exec","data":"x"}}`, `{"id":1,"error":{"code":"unknown_method","message":"nobody answers the method \"os.exec\": the server has no backend for calls"}}`},
		{"a message too large for its channel", `{"id":1,"publish":{"channel":"small/a","data":"` + long + `"}}`, `{"id":1,"error":{"code":"too_large","message":"the message is larger than the limit of 100 bytes of channel small/a",ref}}`},
		{"a message too large for the server", `{"id":1,"publish":{"channel":"open/a","data":"` + strings.Repeat("a", maxMessage+1) + `"}}`, `{"id":1,"error":{"code":"too_large","message":"the message is larger than the limit of 10000 bytes of channel open/a",ref}}`},
		{"a message too large for the connection", `{"id":1,"publish":{"channel":"open/a","data":"` + strings.Repeat("a", 70_000) + `"}}`, "close 1009 message is larger than the limit of 65536 bytes"},
		{"binary in place of text", "\x00\x81\xa4ping\x80", "close 4400 JSON comes in text frames, not in binary ones; the subprotocol chooses (ref)"},
		{"a name with a control character", `{"id":1,"subscribe":{"channel":"open/\u0000"}}`, `{"id":1,"error":{"code":"bad_channel","message":"channel name \"open/\\x00\" has the control character U+0000 at byte 5 (segment 2); remove it",ref}}`},
		{"a name with a parent", `{"id":1,"subscribe":{"channel":"open/../dead"}}`, `{"id":1,"error":{"code":"bad_channel","message":"channel name \"open/../dead\" has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it",ref}}`},
		{"a pattern for a name", `{"id":1,"publish":{"channel":"open/#","data":"x"}}`, `{"id":1,"error":{"code":"bad_channel","message":"channel name \"open/#\" has the segment \"#\" (segment 2), which is a wildcard of patterns; use another name for it",ref}}`},
		{"a pattern with its end in the middle", `{"id":1,"subscribe":{"pattern":"#/a"}}`, `{"id":1,"error":{"code":"bad_channel","message":"channel pattern \"#/a\" has \"#\" before its end (segment 1); write \"+\" for one segment, and \"#\" as the last segment only",ref}}`},
		{"a plus within a segment, which is no wildcard", `{"id":1,"subscribe":{"pattern":"open/a+"}}`, `{"id":1,"ok":{"sub":1}}`},
		{"a name of 256 bytes", `{"id":1,"subscribe":{"channel":"` + strings.Repeat("a", 256) + `"}}`, `{"id":1,"error":{"code":"bad_channel","message":"the channel of subscribe is 256 bytes long; it has to have 1 to 255",ref}}`},
		{"a subscription nobody has", `{"id":1,"unsubscribe":{"sub":7}}`, `{"id":1,"error":{"code":"unknown_subscription","message":"no subscription has the number 7"}}`},
		{"a history that there is not", `{"id":1,"history":{"channel":"open/a"}}`, `{"id":1,"error":{"code":"no_history","message":"the channel \"open/a\" keeps no history: the rules of the server give none to channels of this name"}}`},
		{"a presence that there is not", `{"id":1,"presence":{"channel":"open/a"}}`, `{"id":1,"error":{"code":"no_presence","message":"the channel \"open/a\" has no presence: the rules of the server give none to channels of this name"}}`},
	} {
		t.Run(in.name, func(t *testing.T) {
			c := n.talk(t, "holdfast.v1.json")
			c.say(in.say)
			if got := c.hear(); got != in.want {
				t.Errorf("the answer\n%s\nshould be\n%s", got, in.want)
			}
			n.flows(t)
		})
	}
}

func TestMessagePackThatIsNoneIsRefused(t *testing.T) {
	n := newNode(t, nil)
	for _, in := range []struct{ name, say, want string }{
		{"text in place of binary", `{"id":1,"ping":{}}`, "close 4400 MessagePack comes in binary frames, not in text ones; the subprotocol chooses (ref)"},
		{"nothing", "\x00", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9;the message is not MessagePack at byte 0: it ends too early,ref"`},
		{"a byte that means nothing", "\x00\xc1", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9^the message is not MessagePack at byte 0: an extension type, which the protocol has no use for,ref"`},
		{"a map that stops", "\x00\x82\xa2id\x01", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9;the message is not MessagePack at byte 5: it ends too early,ref"`},
		{"a map of four billion", "\x00\xdf\xff\xff\xff\xff", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9>the message is not MessagePack at byte 5: more than 16384 keys,ref"`},
		{"an array of four billion", "\x00\xdd\xff\xff\xff\xff", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9;the message is not MessagePack at byte 5: it ends too early,ref"`},
		{"a text of four billion", "\x00\x81\xdb\xff\xff\xff\xff", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9;the message is not MessagePack at byte 6: it ends too early,ref"`},
		{"an extension", "\x00\x81\xa4ping\xd4\x01\x00", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9^the message is not MessagePack at byte 6: an extension type, which the protocol has no use for,ref"`},
		{"depth of 1000", "\x00" + strings.Repeat("\x91", 1000) + "\xc0", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9>the message is not MessagePack at byte 9: nested deeper than 8,ref"`},
		{"a key that is no text", "\x00\x81\x01\x80", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9Ithe message is not MessagePack at byte 1: a number where a name has to be,ref"`},
		{"text that is none", "\x00\x81\xa4\xff\xfe\xfd\xfc\x80", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9@the message is not MessagePack at byte 1: text that is not UTF-8,ref"`},
		{"an id that is negative", "\x00\x82\xa2id\xff\xa4ping\x80", `"\x81\xa5error\x83\xa4code\xabbad_command\xa7message\xd9M\"id\" of command is -1; it has to be a whole number from 1 to 9007199254740991,ref"`},
		{"something behind", "\x00\x81\xa4ping\x80\x80", `"\x81\xa5error\x83\xa4code\xabbad_msgpack\xa7message\xd9ythe message is not MessagePack at byte 7: there is more behind the end of the message; put several commands into an array,ref"`},
		{"a key twice", "\x00\x82\xa4ping\x80\xa4ping\x80", `"\x81\xa5error\x83\xa4code\xabbad_command\xa7message\xd9\"command has the field \"ping\" twice,ref"`},
	} {
		t.Run(in.name, func(t *testing.T) {
			c := n.talk(t, "holdfast.v1.msgpack")
			c.say(in.say)
			if got := c.hear(); got != in.want {
				t.Errorf("the answer\n%s\nshould be\n%s", got, in.want)
			}
			n.flows(t)
		})
	}
}

func TestNobodyReachesWhatIsNotGranted(t *testing.T) {
	n := newNode(t, nil)
	ada := tokenOf(t, signing, adas())
	for _, in := range []struct{ name, say, want string }{
		{"a channel of others", `{"id":2,"subscribe":{"channel":"theirs/a"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to theirs/a: neither a rule of the server nor your token allows it",ref}}`},
		{"a channel that is called like a grant", `{"id":2,"subscribe":{"channel":"ours2/a"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to ours2/a: neither a rule of the server nor your token allows it",ref}}`},
		{"everything", `{"id":2,"subscribe":{"pattern":"#"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to #: neither a rule of the server nor your token allows it",ref}}`},
		{"everything that has two segments", `{"id":2,"subscribe":{"pattern":"+/+"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to +/+: neither a rule of the server nor your token allows it",ref}}`},
		{"all inboxes", `{"id":2,"subscribe":{"pattern":"inbox/+"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to inbox/+: neither a rule of the server nor your token allows it",ref}}`},
		{"all inboxes and below", `{"id":2,"subscribe":{"pattern":"inbox/#"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to inbox/#: neither a rule of the server nor your token allows it",ref}}`},
		{"the inbox of somebody else", `{"id":2,"subscribe":{"channel":"inbox/bob"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to inbox/bob: neither a rule of the server nor your token allows it",ref}}`},
		{"an inbox by another spelling", `{"id":2,"subscribe":{"channel":"inbox/ADA"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to inbox/ADA: neither a rule of the server nor your token allows it",ref}}`},
		{"below an inbox of one's own", `{"id":2,"subscribe":{"channel":"inbox/ada/x"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to inbox/ada/x: neither a rule of the server nor your token allows it",ref}}`},
		{"what nobody may", `{"id":2,"subscribe":{"channel":"dead/a"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to dead/a: nobody may",ref}}`},
		{"a pattern over what nobody may", `{"id":2,"subscribe":{"pattern":"+/a"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not subscribe to +/a: neither a rule of the server nor your token allows it",ref}}`},
		{"publishing where one only reads", `{"id":2,"publish":{"channel":"news/a","data":"x"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not publish to news/a: neither a rule of the server nor your token allows it",ref}}`},
		{"publishing to others", `{"id":2,"publish":{"channel":"inbox/bob","data":"x"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not publish to inbox/bob: neither a rule of the server nor your token allows it",ref}}`},
		{"a history that is not shown", `{"id":2,"history":{"channel":"unread/a"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not read the history of unread/a: neither a rule of the server nor your token allows it",ref}}`},
		{"a replay that is not shown", `{"id":2,"subscribe":{"channel":"unread/a","last":1}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not read the history of unread/a: neither a rule of the server nor your token allows it",ref}}`},
		{"presence that is not shown", `{"id":2,"presence":{"channel":"present/a"}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not see who is in present/a: neither a rule of the server nor your token allows it",ref}}`},
		{"presence by subscribing", `{"id":2,"subscribe":{"channel":"present/a","presence":true}}`, `{"id":2,"error":{"code":"not_permitted","message":"you may not see who is in present/a: neither a rule of the server nor your token allows it",ref}}`},
		{"connecting again", `{"id":2,"connect":{}}`, `{"id":2,"error":{"code":"bad_command","message":"this connection is connected already; connect is the first command, and comes once",ref}}`},
		{"another user's token for a refresh", `{"id":2,"refresh":{"token":"` + tokenOf(t, signing, as("bob")) + `"}}`, `{"id":2,"error":{"code":"unauthorized","message":"the token is for another user; connect anew to be that one",ref}}`},
		{"no token for a refresh", `{"id":2,"refresh":{}}`, `{"id":2,"error":{"code":"bad_command","message":"refresh has no \"token\"; it needs one",ref}}`},
	} {
		t.Run(in.name, func(t *testing.T) {
			c := n.talk(t, "holdfast.v1.json")
			c.say(`{"id":1,"connect":{"token":"` + ada + `"}}`)
			if got := c.hear(); !strings.HasPrefix(got, `{"id":1,"ok":{"session"`) {
				t.Fatalf("connect is answered with %s", got)
			}
			c.say(in.say)
			if got := c.hear(); got != in.want {
				t.Errorf("the answer\n%s\nshould be\n%s", got, in.want)
			}
			n.flows(t)
		})
	}
}

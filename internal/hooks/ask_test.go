package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
)

var ada = Client{User: "ada", Info: `{"name":"Ada"}`, Session: "s8Kq2v", Edge: "socket", Remote: "203.0.113.7"}

// recorded is a backend that checks signatures, keeps what it was sent and answers with body.
func recorded(t *testing.T, body string, kinds ...Kind) (Hook, <-chan []byte) {
	t.Helper()
	verifier, err := webhook.NewVerifier(secretText)
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan []byte, 10)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, err := verifier.Read(r)
		if err != nil {
			t.Error(err)
		}
		var event struct{ ID string }
		if err := json.Unmarshal(got, &event); err != nil || event.ID != r.Header.Get(webhook.HeaderID) {
			t.Errorf("the event has the id %q, the request %q (%v)", event.ID, r.Header.Get(webhook.HeaderID), err)
		}
		if r.Header.Get("Content-Type") != contentOne || r.Header.Get("Cookie") != "" {
			t.Errorf("the request has the headers %v", r.Header)
		}
		sent <- got
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(err)
		}
	}, kinds...), sent
}

func TestConnectIsAskedWithWhatTheClientShowedAndAnsweredWithWhoItIs(t *testing.T) {
	hook, sent := recorded(t, `{"user":"ada","info":{"name": "Ada"},"channels":{"inbox/{user}":"r"},"expires_in":3600,"subscribe":["inbox/ada"],"ttl":60,"other":1}`, Connect)
	hook.Headers = []string{"Cookie", "X-Tenant"}
	headers := http.Header{"Cookie": {"a=1"}, "Authorization": {"secret"}}
	reply, err := with(t, hook).Connect(within(t), &ConnectRequest{
		Client: Client{Edge: "socket", Remote: "203.0.113.7"}, Token: "opaque", Headers: headers,
	})
	if err != nil {
		t.Fatal(err)
	}
	wantGolden(t, "connect", <-sent)
	id := reply.Identity
	if id.User != "ada" || id.Info != `{"name":"Ada"}` || id.By != "hook app" || !id.Grants.Allows(auth.Subscribe, "inbox/ada") || id.Grants.Allows(auth.Publish, "inbox/ada") {
		t.Errorf("the identity is %+v", id)
	}
	if left := time.Until(id.Expires); left > time.Hour || left < 50*time.Minute {
		t.Errorf("it expires in %s", left)
	}
	if reply.TTL != time.Minute || !reflect.DeepEqual(reply.Subscribe, []channel.Name{"inbox/ada"}) {
		t.Errorf("the reply is %+v", reply)
	}
}

func TestWhatTheReplyToConnectDoesNotSayStaysAsItWas(t *testing.T) {
	grants, err := auth.NewGrants(map[string]string{"chat/#": "rw"}, "ada")
	if err != nil {
		t.Fatal(err)
	}
	known := &auth.Identity{User: "ada", Info: "Ada", Grants: grants, TokenID: "t1", Expires: time.Now().Add(time.Minute)}
	reply, err := with(t, serve(t, says(200, `{"expires_in":3600}`), Connect)).Connect(within(t), &ConnectRequest{Identity: known})
	if err != nil {
		t.Fatal(err)
	}
	want := *known
	want.By = "hook app"
	if !reflect.DeepEqual(*reply.Identity, want) || known.By != "" {
		t.Errorf("of %+v the hook made %+v", known, reply.Identity)
	}
}

func TestSubscribeIsAskedAndMayBeRefused(t *testing.T) {
	hook, sent := recorded(t, `{}`, Subscribe)
	hook.Channels = []channel.Pattern{"rooms/+"}
	h := with(t, hook)
	if err := h.Subscribe(within(t), &SubscribeRequest{Client: ada, Channels: "rooms/7"}); err != nil {
		t.Fatal(err)
	}
	wantGolden(t, "subscribe", <-sent)
	if err := h.Subscribe(within(t), &SubscribeRequest{Channels: "chat/lobby"}); err != nil || len(sent) > 0 {
		t.Errorf("of another channel it says %v, and was asked %d times", err, len(sent))
	}
	if err := h.Subscribe(within(t), &SubscribeRequest{Channels: "#"}); err != nil || len(sent) != 1 {
		t.Errorf("of a pattern with such channels it says %v, and was asked %d times", err, len(sent))
	}

	no := with(t, serve(t, says(200, `{"error":{"code":"not_a_member","message":"ada is not in this room","after":1.5}}`), Subscribe))
	err := no.Subscribe(within(t), &SubscribeRequest{Client: ada, Channels: "rooms/7"})
	var refused *Refusal
	var answer *protocol.Error
	if !errors.As(err, &refused) || !errors.As(err, &answer) ||
		*answer != (protocol.Error{Code: "not_a_member", Message: "ada is not in this room", Retry: true, After: 1500 * time.Millisecond}) {
		t.Errorf("it says %#v", err)
	}
}

func TestPublishIsAskedAndMayChangeTheMessage(t *testing.T) {
	for name, test := range map[string]struct {
		payload protocol.Payload
		reply   string
		instead *protocol.Payload
	}{
		"publish":        {text("hello \"you\""), `{}`, nil},
		"publish-binary": {protocol.Binary([]byte{0x89, 'P', 'N', 'G', 0, 0xff}), `{"data":"AAEC","binary":true}`, &protocol.Payload{Data: []byte{0, 1, 2}, Binary: true}},
		"":               {text("x"), `{"data":{"text": "y"}}`, &protocol.Payload{Data: []byte(`{"text":"y"}`)}},
	} {
		hook, sent := recorded(t, test.reply, Publish)
		instead, err := with(t, hook).Publish(within(t), &PublishRequest{Client: ada, Channel: "chat/lobby", Payload: test.payload, ID: "9f2c-1", Key: "k1"})
		if err != nil || !reflect.DeepEqual(instead, test.instead) {
			t.Errorf("%s: it is to be %+v, %v", name, instead, err)
		}
		if body := <-sent; name != "" {
			wantGolden(t, name, body)
		}
	}
}

func TestAMethodIsCalledAndItsResultComesBack(t *testing.T) {
	hook, sent := recorded(t, `{"data":{"done": true}}`, RPC)
	result, err := with(t, hook).RPC(within(t), &RPCRequest{Client: ada, Method: "rename", Payload: text(`{"to":"Ada"}`)})
	if err != nil || result.Binary || string(result.Data) != `{"done":true}` {
		t.Errorf("the result is %q, %v", result.Data, err)
	}
	wantGolden(t, "rpc", <-sent)
}

func TestWithoutAHookNobodyIsAsked(t *testing.T) {
	var none *Hooks
	for _, h := range []*Hooks{none, with(t), with(t, serve(t, says(500, ""), Disconnect))} {
		if h.Asks(Connect, "") || h.Asks(Publish, "a") || h.Asks(Disconnect, "") || h.Tells(Connect, "") {
			t.Error("somebody would be asked")
		}
		if _, err := h.Connect(within(t), &ConnectRequest{}); !errors.Is(err, ErrNotAsked) {
			t.Errorf("connect: %v", err)
		}
		if _, err := h.RPC(within(t), &RPCRequest{}); !errors.Is(err, ErrNotAsked) {
			t.Errorf("rpc: %v", err)
		}
		if instead, err := h.Publish(within(t), &PublishRequest{Channel: "a"}); instead != nil || err != nil {
			t.Errorf("publish: %v, %v", instead, err)
		}
		if err := h.Subscribe(within(t), &SubscribeRequest{Channels: "a"}); err != nil {
			t.Errorf("subscribe: %v", err)
		}
	}
}

func TestTheFirstHookThatMatchesIsAsked(t *testing.T) {
	first, second := serve(t, says(200, `{"data":"first"}`), Publish), serve(t, says(200, `{"data":"second"}`), Publish, RPC)
	first.Channels, second.Name = []channel.Pattern{"a/#", "b"}, "second"
	h := with(t, first, second)
	for name, want := range map[channel.Name]string{"a/b": "first", "b": "first", "c": "second"} {
		if got, err := h.Publish(within(t), &PublishRequest{Channel: name}); err != nil || string(got.Data) != want {
			t.Errorf("about %s: %q, %v; want %s", name, got.Data, err, want)
		}
	}
}

// wantUnavailable checks that a question is refused without an answer, with a reason that the client does not
// see.
func wantUnavailable(t *testing.T, err error, reason string) {
	t.Helper()
	var no *Unavailable
	if !errors.As(err, &no) || no.Hook != "app" || no.After < time.Second || strings.Contains(no.Error(), reason) ||
		!strings.Contains(no.Err.Error(), reason) {
		t.Errorf("it says %v because of %v; want Unavailable with %q", err, errors.Unwrap(err), reason)
	}
}

func TestAnAnswerThatIsNoneIsRefusedWithTheReasonInTheLog(t *testing.T) {
	long := `{"data":"` + strings.Repeat("x", DefaultMaxReplyBytes) + `"}`
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		reason string
	}{
		"an error":         {says(500, ""), "500 Internal Server Error"},
		"not found":        {says(404, "nothing here"), "404"},
		"a huge one":       {says(200, long), "longer than it may be (65536 bytes)"},
		"a page":           {says(200, "<html>"), "no object in JSON"},
		"nothing":          {says(200, ""), "no object in JSON"},
		"a list":           {says(200, "[]"), "no object in JSON"},
		"half an object":   {says(200, `{"data":`), "can't be understood"},
		"two":              {says(200, `{} {}`), "can't be understood"},
		"a key twice":      {says(200, `{"data":"a","data":"b"}`), "can't be understood"},
		"a wrong type":     {says(200, `{"binary":"yes"}`), "can't be understood"},
		"no base64":        {says(200, `{"data":"?","binary":true}`), "not base64"},
		"a refusal's code": {says(200, `{"error":{"code":"`+strings.Repeat("x", 65)+`"}}`), "65 bytes"},
		"a strange code":   {says(200, `{"error":{"code":"not a member"}}`), "of a-z"},
		"a long refusal":   {says(200, `{"error":{"message":"`+strings.Repeat("x", 1025)+`"}}`), "1025 bytes"},
		"a redirect":       {redirect, "redirects are not followed"},
		"a lie about its length": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{}")
		}, "breaks off"},
		"huge headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 2*maxReplyHeaderBytes))
		}, "exceeded"},
		"none": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			h := withConfig(t, Config{Hooks: []Hook{serve(t, test.answer, Publish)}, Log: logTo(&log)})
			_, err := h.Publish(within(t), &PublishRequest{Channel: "a"})
			wantUnavailable(t, err, test.reason)
			if !strings.Contains(log.String(), test.reason) || !strings.Contains(log.String(), "hook=app") {
				t.Errorf("the log says %s", log.String())
			}
		})
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/elsewhere", http.StatusFound)
}

func TestWhatCanNotBeAskedHappensIfTheHookAllowsIt(t *testing.T) {
	hook := serve(t, says(500, ""), Connect, Subscribe, Publish, RPC)
	hook.Allow = true
	h := with(t, hook)
	if _, err := h.Connect(within(t), &ConnectRequest{}); !errors.Is(err, ErrNotAsked) {
		t.Errorf("connect: %v", err)
	}
	if instead, err := h.Publish(within(t), &PublishRequest{Channel: "a"}); instead != nil || err != nil {
		t.Errorf("publish: %v, %v", instead, err)
	}
	if err := h.Subscribe(within(t), &SubscribeRequest{Channels: "a"}); err != nil {
		t.Errorf("subscribe: %v", err)
	}
	if _, err := h.RPC(within(t), &RPCRequest{}); !errors.Is(err, ErrNotAsked) {
		t.Errorf("rpc: %v", err)
	}
}

func TestASlowBackendIsWaitedForUntilTheTimeout(t *testing.T) {
	over := make(chan struct{})
	hook := serve(t, func(http.ResponseWriter, *http.Request) { <-over }, RPC)
	hook.Timeout = 50 * time.Millisecond
	t.Cleanup(func() { close(over) })
	_, err := with(t, hook).RPC(within(t), &RPCRequest{})
	wantUnavailable(t, err, "did not answer in time")
}

func TestWhoGoesAwayIsNotWaitedFor(t *testing.T) {
	over, asked := make(chan struct{}), make(chan struct{})
	hook := serve(t, func(http.ResponseWriter, *http.Request) { close(asked); <-over }, RPC)
	t.Cleanup(func() { close(over) })
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		<-asked
		cancel()
	}()
	h := with(t, hook)
	if _, err := h.RPC(ctx, &RPCRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("it says %v", err)
	}
	if h.backends[0].asking.calls != 0 {
		t.Error("the breaker takes it for a failure")
	}
}

func TestQuestionsBeyondTheBoundWaitForTheirTurnAndNotForEver(t *testing.T) {
	over, asked := make(chan struct{}), make(chan struct{}, 10)
	hook := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-over
		says(200, `{"data":"done"}`)(w, nil)
	}, RPC)
	hook.InFlight = 1
	h := with(t, hook)
	first := make(chan error, 1)
	go func() {
		_, err := h.RPC(within(t), &RPCRequest{})
		first <- err
	}()
	<-asked
	h.backends[0].Timeout = 20 * time.Millisecond
	_, err := h.RPC(within(t), &RPCRequest{})
	wantUnavailable(t, err, "too many requests")
	close(over)
	if err := <-first; err != nil || len(asked) != 0 {
		t.Errorf("the first says %v; %d more were asked", err, len(asked))
	}
}

func TestABackendThatFailsIsLeftAlone(t *testing.T) {
	var asked atomic.Int32
	h := with(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}, RPC))
	for range 2 * breakAfter {
		if _, err := h.RPC(within(t), &RPCRequest{}); err == nil {
			t.Fatal("it was answered")
		}
	}
	_, err := h.RPC(within(t), &RPCRequest{})
	wantUnavailable(t, err, "failed too often")
	if n := asked.Load(); n != breakAfter {
		t.Errorf("it was asked %d times, want %d", n, breakAfter)
	}
}

func TestAnErrorOfTheQuestionDoesNotMakeTheBackendFail(t *testing.T) {
	h := with(t, serve(t, says(422, ""), RPC))
	for range 2 * breakAfter {
		_, err := h.RPC(within(t), &RPCRequest{})
		wantUnavailable(t, err, "422")
	}
}

func TestOnlyWhatDoesNoHarmIsAskedTwice(t *testing.T) {
	for kind, times := range map[Kind]int32{Connect: 2, Subscribe: 2, Publish: 1, RPC: 1} {
		var asked atomic.Int32
		h := with(t, serve(t, func(http.ResponseWriter, *http.Request) {
			asked.Add(1)
			panic(http.ErrAbortHandler)
		}, kind))
		b := h.backends[0]
		q := question{kind: kind, harmless: kind == Connect || kind == Subscribe}
		if err := b.ask(within(t), q, &struct{}{}); err == nil {
			t.Fatal("it was answered")
		}
		if n := asked.Load(); n != times {
			t.Errorf("about %s it was asked %d times, want %d", kind, n, times)
		}
	}
}

func TestAReplyToConnectThatMakesNoSenseIsAFailure(t *testing.T) {
	for reply, reason := range map[string]string{
		`{"user":"` + strings.Repeat("x", 256) + `"}`: "256 bytes",
		`{"user":"a\nb"}`:                              "control character",
		`{"channels":{"a/#/b":"r"}}`:                   "channels",
		`{"channels":{"a":"x"}}`:                       "channels",
		`{"info":"` + strings.Repeat("x", 1025) + `"}`: "1025 bytes",
		`{"subscribe":["a//b"]}`:                       "subscribe",
		`{"subscribe":[` + strings.TrimSuffix(strings.Repeat(`"a",`, 101), ",") + `]}`: "101 channels",
	} {
		_, err := with(t, serve(t, says(200, reply), Connect)).Connect(within(t), &ConnectRequest{})
		wantUnavailable(t, err, reason)
	}
}

func FuzzUnderstand(f *testing.F) {
	for _, seed := range []string{`{}`, `{"data":"x"}`, `{"data":"AA==","binary":true}`, `{"error":{"code":"no","after":1e300}}`,
		`{"user":"ada","channels":{"a/#":"rw"},"expires_in":-1,"ttl":1e18,"subscribe":["a"]}`, `{"error":null}`, `[]`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		b := &backend{}
		var c connectAnswer
		if b.understand(answer, &c) == nil {
			reply, err := c.reply("app", nil, time.Now())
			if err == nil && (reply.TTL < 0 || reply.TTL > mostTTL || len(reply.Subscribe) > maxSubscribe || len(reply.Identity.User) > auth.MaxUserBytes) {
				t.Errorf("%q is taken as %+v", answer, reply)
			}
		}
		err := b.understand(answer, &checked[payload]{check: func(p *payload) error {
			_, err := p.read()
			return err
		}})
		var refused *Refusal
		if errors.As(err, &refused) && (len(refused.Answer.Message) > maxMessageBytes || refused.Answer.After < 0 || refused.Answer.After > mostRetryAfter) {
			t.Errorf("%q is a refusal %+v", answer, refused.Answer)
		}
	})
}

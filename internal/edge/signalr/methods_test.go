package signalr

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hooks/hookstest"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
	"time"
)

func TestTheConfigurationOfAHubIsChecked(t *testing.T) {
	for _, test := range []struct {
		path                         string
		subscribe, methods, messages []string
		problem                      string
	}{
		{"signalr", nil, nil, nil, "begin with /"},
		{"/a/", nil, nil, nil, "not to end with it"},
		{"/a/../b", nil, nil, nil, "to be without //"},
		{"/a", []string{"a//b"}, nil, nil, "empty segment"},
		{"/a", nil, []string{"Send"}, nil, "does not say what a method does"},
		{"/a", nil, []string{"Send=shout a"}, nil, "publish, subscribe or unsubscribe"},
		{"/a", nil, []string{"Send=publish a//b"}, nil, "empty segment"},
		{"/a", nil, []string{"Send=publish a/{x}"}, nil, "is no argument"},
		{"/a", nil, []string{"Publish=publish a"}, nil, "is there already"},
		{"/a", nil, []string{"Send=publish a", "SEND=publish b"}, nil, "is there already"},
		{"/a", nil, nil, []string{"a"}, "which method"},
		{"/a", nil, nil, []string{"a//b=M"}, "empty segment"},
	} {
		if _, err := NewHub(test.path, test.subscribe, test.methods, test.messages); err == nil || !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	newHub(t, "/a", nil, []string{"JoinGroup=subscribe groups/{0}"}, nil) // groups may be something else
}

func TestArgumentsNameAChannel(t *testing.T) {
	for _, test := range []struct {
		template  string
		arguments string
		name      channel.Name
		others    int
		problem   string
	}{
		{"chat/lobby", `"a","b"`, "chat/lobby", 2, ""},
		{"rooms/{0}", `"red",1`, "rooms/red", 1, ""},
		{"{1}/{0}", `"a","b"`, "b/a", 0, ""},
		{"{0}", `"a/b"`, "a/b", 0, ""},
		{"rooms/{0}", `"a/b"`, "", 0, "without a slash"},
		{"rooms/{0}", `7`, "", 0, "text"},
		{"rooms/{0}", ``, "", 0, "at least"},
		{"rooms/{0}", `"#"`, "", 0, "#"},
		{"rooms/{0}", `""`, "", 0, "empty"},
	} {
		tpl, err := parseTemplate(test.template)
		if err != nil {
			t.Fatal(err)
		}
		var arguments []hubproto.Value
		for a := range strings.SplitSeq(test.arguments, ",") {
			if a != "" {
				arguments = append(arguments, hubproto.JSON([]byte(a)))
			}
		}
		name, others, err := tpl.expand(arguments)
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%+v: %q, %v", test, name, err)
			}
			continue
		}
		if err != nil || name != test.name || len(others) != test.others {
			t.Errorf("%+v: %q, %d others, %v", test, name, len(others), err)
		}
	}
}

func TestMethodsOfTheConfigurationPublishTheirArguments(t *testing.T) {
	chat := newHub(t, "/signalr", []string{"kept/all"},
		[]string{"Send=publish kept/all", "Join=subscribe rooms/{0}", "Leave=unsubscribe rooms/{0}", "Tell=publish rooms/{0}"},
		[]string{"kept/all=Receive", "rooms/+=Told"})
	e := start(t, Config{Hubs: []*Hub{chat}})
	for _, encoding := range []hubproto.Encoding{hubproto.InJSON, hubproto.InMessagePack} {
		p := e.connect("", encoding)
		p.send(invocation("1", "Join", `"red"`))
		if result, failed := p.completed("1"); failed != "" {
			t.Fatal(result, failed)
		}
		p.send(invocation("", "Tell", `"red"`, `"ada"`, `{"a":[1]}`))
		m, ok := p.receive().(*hubproto.Invocation)
		if !ok || m.Target != "Told" || len(m.Arguments) != 2 || string(m.Arguments[1].AppendJSON(nil)) != `{"a":[1]}` {
			t.Errorf("%s: got %+v", encoding, m)
		}
		p.send(invocation("", "send", `"x"`))
		if m, ok := p.receive().(*hubproto.Invocation); !ok || m.Target != "Receive" || len(m.Arguments) != 1 {
			t.Errorf("%s: got %+v", encoding, m)
		}
		p.send(invocation("2", "Leave", `"red"`), invocation("3", "Leave", `"red"`))
		if _, failed := p.completed("2"); failed != "" {
			t.Error(failed)
		}
		if _, failed := p.completed("3"); !strings.HasPrefix(failed, "unknown_subscription: ") {
			t.Error(failed)
		}
	}
}

func TestWhoMayNotIsTold(t *testing.T) {
	e := start(t, Config{})
	p := e.connect("", hubproto.InJSON)
	for id, m := range map[string]*hubproto.Invocation{
		"1": invocation("1", "Publish", `"mine/a"`, `"x"`),
		"2": invocation("2", "Subscribe", `"mine/a"`),
		"3": invocation("3", "History", `"mine/a"`),
	} {
		p.send(m)
		if _, failed := p.completed(id); !strings.HasPrefix(failed, "unauthorized: ") {
			t.Errorf("%s: %q", m.Target, failed)
		}
	}
	token := doortest.Token(t, "ada", time.Minute, map[string]string{"mine/#": "rw"})
	p = e.connect("?access_token="+token, hubproto.InJSON)
	p.send(invocation("1", "Publish", `"mine/a"`, `"x"`))
	if _, failed := p.completed("1"); failed != "" {
		t.Error(failed)
	}
	p.send(invocation("2", "Publish", `"other"`, `"`+strings.Repeat("x", testLimit+1)+`"`))
	if _, failed := p.completed("2"); !strings.HasPrefix(failed, "too_large: ") {
		t.Error(failed)
	}
}

// calls is a backend that knows some methods.
func calls(started chan<- struct{}) *hookstest.Backend {
	return &hookstest.Backend{OnRPC: func(ctx context.Context, r *hooks.RPCRequest) (protocol.Payload, error) {
		switch r.Method {
		case "Echo":
			return r.Payload, nil
		case "Bytes":
			return protocol.Payload{Data: []byte{1, 255}, Binary: true}, nil
		case "Words":
			return protocol.Payload{Data: []byte("not JSON")}, nil
		case "Wait":
			started <- struct{}{}
			<-ctx.Done()
			return protocol.Payload{}, ctx.Err()
		case "No":
			return protocol.Payload{}, &hooks.Refusal{Answer: protocol.Errorf("out_of_stock", "there is none left")}
		}
		return protocol.Payload{}, hooks.ErrNotAsked
	}}
}

func TestUnknownMethodsAreAnsweredByTheBackend(t *testing.T) {
	started := make(chan struct{}, 1)
	e := startAsking(t, Config{}, calls(started))
	p := e.connect("", hubproto.InJSON)
	for _, test := range []struct{ method, result, failed string }{
		{"Echo", `["a",{"b":1}]`, ""},
		{"Bytes", `"Af8="`, ""},
		{"Words", `"not JSON"`, ""},
		{"No", "", "there is none left"},
		{"Other", "", "Unknown hub method 'Other'"},
	} {
		p.send(invocation("1", test.method, `"a"`, `{"b": 1}`))
		result, failed := p.completed("1")
		if test.failed == "" && (result != test.result || failed != "") || !strings.Contains(failed, test.failed) {
			t.Errorf("%s: %s, %q", test.method, result, failed)
		}
	}
	stream := invocation("2", "Echo", `"a"`, `"b"`)
	stream.Streaming = true
	p.send(stream)
	for _, want := range []string{`"a"`, `"b"`} {
		if item, ok := p.receive().(*hubproto.StreamItem); !ok || string(item.Item.AppendJSON(nil)) != want {
			t.Errorf("got %+v, want %s", item, want)
		}
	}
	if _, failed := p.completed("2"); failed != "" {
		t.Error(failed)
	}
	p.send(invocation("3", "Wait"))
	<-started
	p.send(&hubproto.CancelInvocation{ID: "3"})
	if _, failed := p.completed("3"); !strings.Contains(failed, "cancelled") {
		t.Error(failed)
	}
	gathered := invocation("4", "Echo", `"a"`)
	gathered.Streams = []string{"s", "t"}
	p.send(gathered, &hubproto.StreamItem{ID: "s", Item: hubproto.Text("1")}, &hubproto.StreamItem{ID: "t", Item: hubproto.Text("2")},
		&hubproto.StreamItem{ID: "s", Item: hubproto.Text("3")}, &hubproto.Completion{ID: "s"}, &hubproto.Completion{ID: "t"})
	if result, failed := p.completed("4"); result != `["a",["1","3"],["2"]]` {
		t.Errorf("%s, %q", result, failed)
	}
}

func TestAClientAnswersWhatItIsAsked(t *testing.T) {
	e := start(t, Config{})
	token := e.negotiated("")
	p := e.connect("?id="+token, hubproto.InMessagePack)
	c, _ := e.conns.find(keyOf(token))
	type answer struct {
		result []byte
		err    error
	}
	answers := make(chan answer, 1)
	ask := func(ctx context.Context) {
		result, err := c.Invoke(ctx, "Confirm", []byte(`["really?", 7]`))
		answers <- answer{result, err}
	}
	go ask(t.Context())
	question, ok := p.receive().(*hubproto.Invocation)
	if !ok || question.ID == "" || question.Target != "Confirm" || len(question.Arguments) != 2 {
		t.Fatalf("got %+v", question)
	}
	p.send(&hubproto.Completion{ID: question.ID, Result: hubproto.JSON([]byte(`{"yes":true}`))})
	if a := <-answers; a.err != nil || string(a.result) != `{"yes":true}` {
		t.Errorf("got %s, %v", a.result, a.err)
	}
	go ask(t.Context())
	p.send(&hubproto.Completion{ID: p.receive().(*hubproto.Invocation).ID, Error: "no such method"})
	if _, isClients := errors.AsType[*session.ClientError]((<-answers).err); !isClients {
		t.Error("the client's error is not told as such")
	}
	ctx, cancel := context.WithCancel(t.Context())
	go ask(ctx)
	p.receive()
	cancel()
	if a := <-answers; !errors.Is(a.err, context.Canceled) {
		t.Errorf("got %v", a.err)
	}
	go ask(t.Context())
	p.receive()
	p.ws.CloseNow()
	if a := <-answers; a.err == nil {
		t.Error("a client that is gone has answered")
	}
	if _, err := c.Invoke(t.Context(), "Confirm", []byte(`{}`)); err == nil {
		t.Error("arguments that are no array are taken")
	}
}

func TestWhatADeviceSaysOfItsMessageIsInMeta(t *testing.T) {
	e := start(t, Config{})
	p := e.connect("", hubproto.InJSON)
	p.send(invocation("1", "Subscribe", `"live/a"`))
	p.completed("1")
	said := &broker.Message{Channel: "live/a", Type: websocket.Text, Payload: []byte("x"), Time: time.UnixMilli(7), Meta: &broker.Meta{Pairs: []broker.Pair{{Name: "unit", Value: "°C"}}}}
	e.channels.Publish(t.Context(), nil, hub.Bundle(said), func(int, broker.Ack, error) {})
	if m, ok := p.receive().(*hubproto.Invocation); !ok || string(m.Arguments[2].AppendJSON(nil)) != `{"time":7,"meta":["unit","°C"]}` {
		t.Errorf("got %+v", m)
	}
}

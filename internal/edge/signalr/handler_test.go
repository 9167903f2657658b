package signalr

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestNegotiationSaysHowToConnect(t *testing.T) {
	e := start(t, Config{})
	status, body := e.ask("POST", "/negotiate?negotiateVersion=7", "")
	if status != http.StatusOK || !strings.Contains(body, `"negotiateVersion":1`) || strings.Contains(body, "useStatefulReconnect") ||
		!strings.Contains(body, `{"transport":"WebSockets","transferFormats":["Text","Binary"]},{"transport":"ServerSentEvents","transferFormats":["Text"]},{"transport":"LongPolling","transferFormats":["Text","Binary"]}`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body = e.ask("POST", "/negotiate?negotiateVersion=1&useStatefulReconnect=true", ""); !strings.Contains(body, `"useStatefulReconnect":true`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body = e.ask("POST", "/negotiate", ""); !strings.Contains(body, `"negotiateVersion":0`) || strings.Contains(body, "connectionToken") {
		t.Errorf("%d %s", status, body)
	}
}

func TestARequestThatIsOfNoConnectionIsRefused(t *testing.T) {
	e := start(t, Config{})
	for _, test := range []struct {
		method, query string
		header        []string
		status        int
	}{
		{"GET", "", nil, 400},
		{"GET", "?id=x", nil, 404},
		{"GET", "?id=x", []string{"Accept", "text/event-stream"}, 404},
		{"GET", "", []string{"Accept", "text/event-stream"}, 400},
		{"POST", "", nil, 400},
		{"POST", "?id=x", nil, 404},
		{"DELETE", "?id=x", nil, 404},
		{"PUT", "", nil, 405},
		{"GET", "/negotiate", nil, 405},
		{"POST", "/negotiate?negotiateVersion=x", nil, 400},
		{"POST", "/other", nil, 404},
	} {
		if status, body := e.ask(test.method, test.query, "", test.header...); status != test.status {
			t.Errorf("%s %s: %d %s; want %d", test.method, test.query, status, body, test.status)
		}
	}
	token := e.negotiated("")
	if status, _ := e.ask("POST", "?id="+token, "x"); status != http.StatusConflict {
		t.Errorf("a POST before there is a transport: %d", status)
	}
	e.dial("?id=" + token)
	if status, _ := e.ask("GET", "?id="+token, ""); status != http.StatusConflict {
		t.Errorf("a poll of a WebSocket's connection: %d", status)
	}
}

func TestAPollIsAnsweredAtOnceThenWaitsAndIsReplacedByAnother(t *testing.T) {
	e := start(t, Config{})
	query := "?id=" + e.negotiated("")
	if status, body := e.ask("GET", query, ""); status != http.StatusOK || body != "" {
		t.Fatalf("the first poll: %d %q", status, body)
	}
	older := make(chan int)
	go func() {
		status, _ := e.ask("GET", query, "")
		older <- status
	}()
	polled, _ := e.conns.find(keyOf(strings.TrimPrefix(query, "?id=")))
	link := polled.out.current().(*pollLink)
	for end := time.Now().Add(patience); !link.attended(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no poll waits")
		}
	}
	newer := make(chan string)
	go func() {
		_, body := e.ask("GET", query, "")
		newer <- body
	}()
	if status := <-older; status != http.StatusNoContent {
		t.Errorf("the poll that was replaced: %d", status)
	}
	if status, body := e.ask("POST", query, `{"protocol":"json","version":1}`+"\x1e"+`{"type":1,"invocationId":"1","target":"History","arguments":["a"]}`+"\x1e"); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	body := <-newer
	if !strings.HasPrefix(body, "{}\x1e") {
		t.Errorf("got %q", body)
	}
	for !strings.Contains(body, "no_history") {
		_, more := e.ask("GET", query, "")
		body += more
	}
	if status, _ := e.ask("DELETE", query, ""); status != http.StatusAccepted {
		t.Errorf("DELETE: %d", status)
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if status, _ := e.ask(method, query, ""); status != http.StatusNotFound {
			t.Errorf("%s when it is over: %d", method, status)
		}
	}
}

func TestAPollWithoutNewsIsAnsweredWithNothing(t *testing.T) {
	e := start(t, Config{PollTimeout: 10 * time.Millisecond})
	query := "?id=" + e.negotiated("")
	for range 3 {
		if status, body := e.ask("GET", query, ""); status != http.StatusOK || body != "" {
			t.Errorf("%d %q", status, body)
		}
	}
}

func TestWhatIsNegotiatedIsGoodForAWhile(t *testing.T) {
	e := start(t, Config{ConnectTimeout: time.Millisecond})
	token := e.negotiated("")
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if t, _ := e.redeem(e.hubs["/signalr"], token); !t.fresh() {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it is good still")
		}
	}
	if status, _ := e.ask("GET", "?id="+token, ""); status != http.StatusNotFound {
		t.Errorf("a connection with it is answered with %d", status)
	}
}

func TestAClientThatDoesNotKeepToTheProtocolIsTold(t *testing.T) {
	e := start(t, Config{})
	for _, test := range []struct{ says, hears string }{
		{"{}\x1e", `"error":"the protocol \"\" is not available`},
		{"nonsense\x1e", "not a handshake"},
		{`{"protocol":"json","version":1}` + "\x1e" + `{"type":1}` + "\x1e", "an invocation has a target"},
		{`{"protocol":"json","version":1}` + "\x1e" + "nonsense\x1e", "not one of the hub protocol"},
		{`{"protocol":"messagepack","version":1}` + "\x1e", ""},
	} {
		p := e.dial("")
		p.write(test.says)
		if test.hears == "" { // text frames of MessagePack are read as bytes
			p.write("\xc2\x80") // is no length, and UTF-8
			continue
		}
		if last, code := p.end(); !strings.Contains(last, test.hears) {
			t.Errorf("%q: %q, %d", test.says, last, code)
		}
	}
	p := e.connect("", hubproto.InJSON)
	p.write(strings.Repeat("x", e.limit+1))
	if _, code := p.end(); code != websocket.CloseMessageTooBig {
		t.Errorf("a message beyond the limit ends with %d", code)
	}
}

func TestAClientThatIsSilentIsGivenUp(t *testing.T) {
	e := start(t, Config{HandshakeTimeout: 20 * time.Millisecond, PingInterval: 10 * time.Millisecond, ClientTimeout: 50 * time.Millisecond})
	ungreeted := e.dial("")
	if last, _ := ungreeted.end(); !strings.Contains(last, "handshake timeout") {
		t.Errorf("got %q", last)
	}
	silent := e.connect("", hubproto.InJSON)
	if m := silent.frame(); m != `{"type":6}` {
		t.Errorf("got %s; want a ping", m)
	}
	if last, _ := silent.end(); !strings.Contains(last, "client timeout") {
		t.Errorf("got %q", last)
	}
}

func TestWhoComesSecondWithATicketDoesNotEndTheFirst(t *testing.T) {
	e := start(t, Config{})
	token := e.negotiated("")
	if status, body := e.ask(http.MethodGet, "?id="+token, ""); status != http.StatusOK {
		t.Fatal(status, body)
	}
	first, _ := e.conns.find(keyOf(token))
	answer := httptest.NewRecorder()
	if _, ok := e.open(answer, httptest.NewRequest(http.MethodGet, "/signalr", nil), first.hub, first.ticket); ok || answer.Code != http.StatusConflict {
		t.Errorf("the second is answered with %d", answer.Code)
	}
	if now, _ := e.conns.find(keyOf(token)); now != first {
		t.Error("the first one is gone")
	}
}

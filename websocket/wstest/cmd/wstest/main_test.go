package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/websocket"
)

// clientVariable, if set, makes this test program the client that it tests.
const clientVariable = "WSTEST_IS_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(clientVariable) != "" {
		echo(os.Args[len(os.Args)-1])
		return
	}
	goleak.VerifyTestMain(m)
}

func echo(url string) {
	conn, err := websocket.Dial(context.Background(), url, nil)
	if err == nil {
		conn.Serve(func(typ websocket.MessageType, p []byte) { conn.Write(context.Background(), typ, p) })
	}
}

// serve returns the URL of an echo server; upset makes its echoes wrong.
func serve(t *testing.T, upset bool, start func(http.Handler) *httptest.Server) string {
	server := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		conn.Serve(func(typ websocket.MessageType, p []byte) {
			if upset {
				p = append([]byte("not "), p...)
			}
			conn.Write(context.Background(), typ, p)
		})
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// mustExit runs the command and returns what it printed.
func mustExit(t *testing.T, wantCode int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := run(t.Context(), args, &o, &e); code != wantCode {
		t.Errorf("%q: exit code %d, want %d\n%s%s", args, code, wantCode, o.String(), e.String())
	}
	return o.String(), e.String()
}

func TestATableSaysHowARightServerDid(t *testing.T) {
	out, _ := mustExit(t, 0, "-run", "^pings/payload|^handshake/subprotocol$", serve(t, false, httptest.NewServer))
	want := `n/a   handshake/subprotocol: the target does not say which subprotocols the server speaks
pass  pings/payload-0
pass  pings/payload-1
pass  pings/payload-8
pass  pings/payload-64
pass  pings/payload-124
pass  pings/payload-125
pass  pings/payload-binary
pass  pings/payload-125-bytewise

                 pass   fail  not applicable
handshake           0      0               1
pings               8      0               0
all                 8      0               1
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestATableSaysWhatAWrongServerDid(t *testing.T) {
	out, _ := mustExit(t, 1, "-q", "-run", "^framing/text-1$|^pings/payload-0$", serve(t, true, httptest.NewServer))
	want := `FAIL  framing/text-1
      A text message of 1 bytes is echoed. (RFC 6455 §5.2, §5.6)
      expected text (1 bytes) "~"
      got      text (5 bytes) "not ~"

                 pass   fail  not applicable
framing             0      1               0
pings               1      0               0
all                 1      1               0
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestJSONHasALineForEachCase(t *testing.T) {
	out, _ := mustExit(t, 1, "-json", "-run", "^framing/(text|binary)-0$|^pings/payload-0$", serve(t, true, httptest.NewServer))
	var verdicts []string
	for line := range strings.Lines(out) {
		var r struct{ ID, Verdict, RFC, Expected, Got string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, r.ID+" "+r.Verdict+" "+r.Got)
	}
	want := `framing/text-0 fail text (4 bytes) "not ", framing/binary-0 fail binary (4 bytes) 6e6f7420, pings/payload-0 pass `
	if got := strings.Join(verdicts, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestACertificateIsCheckedUnlessTold(t *testing.T) {
	url := serve(t, false, httptest.NewTLSServer)
	if out, _ := mustExit(t, 1, "-run", "^framing/text-0$", url); !strings.Contains(out, "certificate") {
		t.Errorf("got %s", out)
	}
	mustExit(t, 0, "-insecure", "-run", "^framing/text-0$", url)
}

func TestAClientThatIsAProgramIsTested(t *testing.T) {
	t.Setenv(clientVariable, "1")
	out, _ := mustExit(t, 0, "-client", os.Args[0], "-q", "-parallel", "1", "-run", "^framing/text-1$|^handshake/client-wrong-accept$|^closing/at-once$")
	if !strings.Contains(out, "all                 3      0               0") {
		t.Errorf("got %s", out)
	}
}

func TestCasesCanBeListed(t *testing.T) {
	out, _ := mustExit(t, 0, "-list", "-run", "payload-0")
	if out != "pings/payload-0\tA ping with 0 bytes is answered by a pong with the same. (RFC 6455 §5.5, §5.5.2, §5.5.3)\n" {
		t.Errorf("got %s", out)
	}
}

func TestWrongArgumentsAreExplained(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "one URL is wanted and 0 are given"},
		{[]string{"ws://a", "ws://b"}, "one URL is wanted and 2 are given"},
		{[]string{"http://localhost"}, `"http://localhost" must begin with ws:// or wss://`},
		{[]string{"-run", "(", "ws://a"}, "-run: error parsing regexp"},
		{[]string{"-header", "x", "ws://a"}, "it has no colon"},
		{[]string{"-client", " "}, "it has no words"},
		{[]string{"-client", "x", "ws://a"}, `"ws://a" is not wanted with -list or -client`},
	} {
		if _, errs := mustExit(t, 2, c.args...); !strings.Contains(errs, c.want) {
			t.Errorf("%q: got %s, want %s", c.args, errs, c.want)
		}
	}
	mustExit(t, 0, "-help")
	mustExit(t, 1, "-run", "no such case", "ws://127.0.0.1:1")
}

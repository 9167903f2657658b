package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// script answers the requests of a client one after the other, in memory.
type script struct {
	answers []scripted
	asked   []*http.Request
	bodies  []string
	at      []time.Duration // since the first
	began   time.Time
}

// scripted is one answer, or the error in place of it.
type scripted struct {
	status int
	body   string
	after  string // Retry-After
	err    error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(s.asked) == 0 {
		s.began = time.Now()
	}
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	s.asked, s.bodies, s.at = append(s.asked, r), append(s.bodies, body), append(s.at, time.Since(s.began))
	if len(s.answers) == 0 {
		return nil, errors.New("asked more often than expected")
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	if a.err != nil {
		return nil, a.err
	}
	header := http.Header{}
	if a.after != "" {
		header.Set("Retry-After", a.after)
	}
	return &http.Response{StatusCode: a.status, Status: http.StatusText(a.status), Header: header, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// asking runs a test with a client of a server that answers as a script says, where time is fake.
func asking(t *testing.T, answers []scripted, test func(t *testing.T, c *Client, s *script)) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: answers}
		c, err := New("https://holdfast.example/", "hfk_x", &Options{HTTP: &http.Client{Transport: s}})
		if err != nil {
			t.Fatal(err)
		}
		test(t, c, s)
	})
}

func problem(status int, code, after string) scripted {
	return scripted{status: status, body: `{"type":"urn:holdfast:problem:` + code + `","title":"T","status":0,"detail":"what and why","ref":"R1"}`, after: after}
}

func TestARequestThatDidNotArriveIsSentAgainWithTheSameKey(t *testing.T) {
	gone := scripted{err: errors.New("connection reset")}
	answers := []scripted{gone, problem(503, "log_unavailable", ""), problem(409, "idempotency_running", "1"), problem(429, "rate_limited", "7"), {status: 200, body: `{"channel":"a","offset":3,"epoch":"e"}`}}
	asking(t, answers, func(t *testing.T, c *Client, s *script) {
		p, err := c.Publish(t.Context(), Message{Channel: "a", Payload: Text("x"), Key: "k"})
		if err != nil || p.Offset != 3 || p.Position() != "3:e" {
			t.Fatalf("%+v, %v", p, err)
		}
		for i, r := range s.asked {
			if r.Method != "POST" || r.URL.String() != "https://holdfast.example/v1/publish" || r.Header.Get("Authorization") != "Bearer hfk_x" {
				t.Errorf("asked %s %s", r.Method, r.URL)
			}
			if s.bodies[i] != `{"channel":"a","data":"x","key":"k"}` {
				t.Errorf("sent %s", s.bodies[i])
			}
			if key := r.Header.Get("Idempotency-Key"); key == "" || key != s.asked[0].Header.Get("Idempotency-Key") {
				t.Errorf("the key is %q", key)
			}
		}
		for i, least := range []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond, time.Second, 7 * time.Second} {
			if i > 0 && (s.at[i]-s.at[i-1] < least || s.at[i]-s.at[i-1] > least+2*time.Second) {
				t.Errorf("attempt %d came %s after the one before", i+1, s.at[i]-s.at[i-1])
			}
		}
	})
}

func TestTwoRequestsHaveKeysOfTheirOwn(t *testing.T) {
	ok := scripted{status: 200, body: `{"disconnected":2}`}
	asking(t, []scripted{ok, ok}, func(t *testing.T, c *Client, s *script) {
		for range 2 {
			if n, err := c.Disconnect(t.Context(), Disconnection{User: "ada"}); n != 2 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if s.asked[0].Header.Get("Idempotency-Key") == s.asked[1].Header.Get("Idempotency-Key") {
			t.Error("they have the same")
		}
	})
}

func TestWhatIsRefusedIsNotAskedAgain(t *testing.T) {
	asking(t, []scripted{problem(403, "not_permitted", "")}, func(t *testing.T, c *Client, s *script) {
		_, err := c.Info(t.Context())
		p, ok := errors.AsType[*Problem](err)
		if !ok || p.Code() != "not_permitted" || p.Status != 403 || p.Ref != "R1" || err.Error() != "holdfast: what and why (ref R1)" {
			t.Errorf("%#v", err)
		}
		if len(s.asked) != 1 || s.asked[0].Header.Get("Idempotency-Key") != "" {
			t.Errorf("asked %d times", len(s.asked))
		}
	})
}

func TestAClientGivesUpInTheEnd(t *testing.T) {
	busy := problem(503, "unavailable", "")
	asking(t, []scripted{busy, busy, busy, busy, busy}, func(t *testing.T, c *Client, s *script) {
		_, err := c.Info(t.Context())
		if p, ok := errors.AsType[*Problem](err); !ok || p.Code() != "unavailable" {
			t.Errorf("%v", err)
		}
		if len(s.asked) != defaultAttempts {
			t.Errorf("asked %d times", len(s.asked))
		}
	})
	asking(t, []scripted{problem(503, "unavailable", "3000")}, func(t *testing.T, c *Client, s *script) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Info(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestAnAnswerOfSomebodyElseIsToldAsOne(t *testing.T) {
	for _, test := range []struct {
		answer scripted
		has    string
	}{
		{scripted{status: 404, body: "<html>nothing here"}, "not by a Holdfast server"},
		{scripted{status: 200, body: "<html>hello"}, "the answer can't be read"},
		{scripted{status: 502, body: ""}, "not by a Holdfast server"},
	} {
		asking(t, []scripted{test.answer}, func(t *testing.T, c *Client, s *script) {
			if _, err := c.Info(t.Context()); err == nil || !strings.Contains(err.Error(), test.has) || len(s.asked) != 1 {
				t.Errorf("%d: %v, asked %d times", test.answer.status, err, len(s.asked))
			}
		})
	}
}

func TestPagesFollowEachOtherUntilNobodyWantsMore(t *testing.T) {
	answers := []scripted{
		{status: 200, body: `{"channels":[{"channel":"a","subscribers":1},{"channel":"b","subscribers":2}],"next":"b"}`},
		{status: 200, body: `{"channels":[],"next":"k"}`},
		{status: 200, body: `{"channels":[{"channel":"l","subscribers":3}]}`},
	}
	asking(t, answers, func(t *testing.T, c *Client, s *script) {
		var got []string
		for one, err := range c.Channels(t.Context(), "#") {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, one.Name)
		}
		if strings.Join(got, " ") != "a b l" || s.asked[0].URL.Query().Get("after") != "" || s.asked[1].URL.Query().Get("after") != "b" || s.asked[2].URL.Query().Get("after") != "k" {
			t.Errorf("got %q by %v", got, s.asked)
		}
	})
	asking(t, answers, func(t *testing.T, c *Client, s *script) {
		for one, err := range c.Channels(t.Context(), "#") {
			if one.Name != "a" || err != nil {
				t.Errorf("%v, %v", one, err)
			}
			break
		}
		if len(s.asked) != 1 {
			t.Errorf("asked %d times", len(s.asked))
		}
	})
	asking(t, []scripted{answers[0], problem(400, "bad_request", "")}, func(t *testing.T, c *Client, s *script) {
		n := 0
		for _, err := range c.Channels(t.Context(), "#") {
			if n++; (err != nil) != (n == 3) {
				t.Errorf("%d: %v", n, err)
			}
		}
		if n != 3 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestWhatIsLostIsToldAndDoesNotEndAHistory(t *testing.T) {
	answers := []scripted{
		{status: 200, body: `{"messages":[{"offset":5,"data":"one","time":"2026-11-21T00:00:00Z"}],"position":"5:e","more":true,"lost":true}`},
		{status: 200, body: `{"messages":[{"offset":7,"data":"AAE=","binary":true,"time":"2026-11-21T00:00:00Z"}],"position":"7:e","more":false}`},
	}
	asking(t, answers, func(t *testing.T, c *Client, s *script) {
		var got []string
		for m, err := range c.History(t.Context(), "a", HistoryOptions{Since: "1:e"}) {
			if errors.Is(err, ErrLost) {
				got = append(got, "lost")
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, m.Position+" "+string(m.Data))
		}
		if strings.Join(got, ", ") != "lost, 5:e one, 7:e \x00\x01" {
			t.Errorf("%q", got)
		}
		if first, second := s.asked[0].URL.Query(), s.asked[1].URL.Query(); first.Get("since") != "1:e" || second.Get("since") != "5:e" {
			t.Errorf("asked %v and %v", first, second)
		}
	})
}

func TestAClientOfNoServerIsRefused(t *testing.T) {
	for _, test := range []struct{ url, key string }{
		{"", "k"}, {"holdfast.example", "k"}, {"ftp://holdfast.example", "k"}, {"https://", "k"}, {"https://user@host", "k"}, {"https://host?x", "k"}, {"https://host", ""},
	} {
		if _, err := New(test.url, test.key, nil); err == nil {
			t.Errorf("%+v is taken", test)
		}
	}
	c, err := New("https://holdfast.example", "k", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Publish(t.Context(), Message{Channel: "a", Payload: Payload{Data: []byte{0xff}}}); !errors.Is(err, errNotText) {
		t.Errorf("text that is none: %v", err)
	}
}

func TestTheResultOfAnInvocationIsStoredAndOneThatFailedIsNotTriedAgain(t *testing.T) {
	asking(t, []scripted{{status: 200, body: `{"result":{"yes":true}}`}, problem(504, "client_timeout", "")}, func(t *testing.T, c *Client, s *script) {
		var answer struct{ Yes bool }
		i := Invocation{Connection: "c1", Method: "Confirm", Arguments: []any{"really?"}, Timeout: 1500 * time.Millisecond}
		if err := c.Invoke(t.Context(), i, &answer); err != nil || !answer.Yes {
			t.Errorf("%+v, %v", answer, err)
		}
		if want := `{"connection":"c1","method":"Confirm","arguments":["really?"],"timeout":1.5}`; s.bodies[0] != want {
			t.Errorf("sent %s", s.bodies[0])
		}
		err := c.Invoke(t.Context(), i, &answer)
		if p, ok := errors.AsType[*Problem](err); !ok || p.Code() != "client_timeout" || len(s.asked) != 2 {
			t.Errorf("asked %d times, %v", len(s.asked), err)
		}
	})
}

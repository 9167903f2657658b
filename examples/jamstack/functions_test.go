package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/client/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// languages are those that the functions are written in; what they do is the same.
var languages = []string{"go", "node"}

// backend is the functions in one language, as hooks call them, and a server that stands for Holdfast's API.
type backend struct {
	t   *testing.T
	url string
	setup
	secrets []webhook.Secret

	mu        sync.Mutex
	published []publishedRequest // to the API; guarded by mu
	refuse    bool               // what the API answers; guarded by mu
}

type publishedRequest struct{ Authorization, IdempotencyKey, Body string }

// startBackend runs the functions until the end of the test.
func startBackend(t *testing.T, language string) *backend {
	t.Helper()
	b := &backend{t: t}
	api := httptest.NewServer(http.HandlerFunc(b.serveAPI))
	t.Cleanup(api.Close)
	b.setup = setup{options: options{language: language, functions: "127.0.0.1:0"}, here: ".", secret: newSecret(), apiKey: "hfk_test"}
	secret, err := webhook.ParseSecret(b.secret)
	if err != nil {
		t.Fatal(err)
	}
	b.secrets = []webhook.Secret{secret}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	started, out := io.Pipe()
	go func() {
		ended <- runFunctions(ctx, &b.setup, api.URL, out)
		out.Close()
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	line := make([]byte, 200)
	n, err := started.Read(line)
	url, found := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "The functions are at ")
	if err != nil || !found {
		t.Fatalf("the functions print %q (%v)", line[:n], err)
	}
	b.url = url
	go io.Copy(io.Discard, started) // until they end
	return b
}

// serveAPI stands for POST /v1/publish.
func (b *backend) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != "POST" || r.URL.Path != "/v1/publish" {
		b.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.published = append(b.published, publishedRequest{r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(body)})
	if b.refuse {
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}
}

// call sends an event to a function as a hook does, and returns what it answers.
func (b *backend) call(function string, data any) (int, string) {
	b.t.Helper()
	return b.send(function, eventOf(b.t, data), func(h http.Header, body []byte) {
		webhook.Sign(h, "event-1", time.Now(), body, b.secrets...)
	})
}

func eventOf(t *testing.T, data any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"specversion": "1.0", "id": "event-1", "type": "dev.holdfast.test", "source": "/test", "data": data})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (b *backend) send(function string, body []byte, sign func(http.Header, []byte)) (int, string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", b.url+"/"+function, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/cloudevents+json")
	sign(r.Header, body)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// inEachLanguage runs a test against the functions in each language.
func inEachLanguage(t *testing.T, test func(t *testing.T, b *backend)) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) { test(t, startBackend(t, language)) })
	}
}

const ada = "v0123456789abcdef"

func TestAVisitorIsTheHashOfItsSecret(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, b *backend) {
		for token, want := range map[string]string{
			"":                                     `{}`,
			"short":                                `{"error":{"code":"unauthorized","message":"This visitor's secret is too short."}}`,
			"6a5e7a54-7a4e-4b0e-9f0a-000000000000": `{"user":"v1b673d4e541b10a4"}`,
		} {
			if status, got := b.call("visitors", map[string]string{"token": token}); status != http.StatusOK || got != want {
				t.Errorf("%q: %d %s; want %s", token, status, got, want)
			}
		}
		if status, got := b.call("visitors", map[string]bool{"server": true}); status != http.StatusOK || got != `{}` {
			t.Errorf("without a token: %d %s", status, got)
		}
	})
}

// reply is what the function for comments answers.
type reply struct {
	Data *struct {
		Author struct{ ID, Name string }
		Text   string
		To     string
		Time   time.Time
	}
	Error *struct{ Code, Message string }
}

func (b *backend) comment(user, data string) reply {
	b.t.Helper()
	status, text := b.call("comments", map[string]string{"user": user, "channel": "comments/fog", "data": data})
	var r reply
	if err := json.Unmarshal([]byte(text), &r); err != nil || status != http.StatusOK {
		b.t.Fatalf("%s: %d %s (%v)", data, status, text, err)
	}
	return r
}

func TestACommentGetsItsAuthorAndTimeAndIsTrimmed(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, b *backend) {
		got := b.comment(ada, `{"name":"  Ada \t L. ","text":"\n Hello,\n \n\n\n fog.  ","author":{"id":"vfffffffffffffffff"},"time":"1999"}`).Data
		if got == nil || got.Author.ID != ada || got.Author.Name != "Ada L." || got.Text != "Hello,\n\nfog." || got.To != "" {
			t.Fatalf("got %+v", got)
		}
		if age := time.Since(got.Time); age < -time.Minute || age > time.Minute {
			t.Errorf("its time is %s", got.Time)
		}
		if got := b.comment(ada, `{"name":"Ada","text":"yes","to":"vfedcba9876543210"}`).Data; got == nil || got.To != "vfedcba9876543210" {
			t.Errorf("a reply: %+v", got)
		}
	})
}

func TestACommentThatMayNotAppearIsRefusedWithASentence(t *testing.T) {
	text := func(s string) string { return fmt.Sprintf(`{"name":"Ada","text":%q}`, s) }
	inEachLanguage(t, func(t *testing.T, b *backend) {
		for _, in := range []struct{ user, data, code, message string }{
			{"", text("hi"), "not_permitted", "Only visitors of the site can comment."},
			{"root", text("hi"), "not_permitted", "Only visitors of the site can comment."},
			{ada, text(" \n "), "invalid_data", "Please write something."},
			{ada, "{}", "invalid_data", "Please write something."},
			{ada, "null", "invalid_data", "Please write something."},
			{ada, text(strings.Repeat("🌫", 2001)), "too_large", "A comment has at most 2000 characters."},
			{ada, `{"name":" ","text":"hi"}`, "invalid_data", "Please say what to call you."},
			{ada, `{"name":"` + strings.Repeat("a", 41) + `","text":"hi"}`, "invalid_data", "A name has at most 40 characters."},
			{ada, text("http://a https://b http://c"), "not_permitted", "A comment has at most two links."},
			{ada, `{"name":"Ada","text":"hi","to":"everybody"}`, "invalid_data", "A reply is to an author."},
			{ada, "hello", "invalid_data", "This is no comment."},
			{ada, "", "invalid_data", "This is no comment."},
			{ada, "[]", "invalid_data", "This is no comment."},
			{ada, "7", "invalid_data", "This is no comment."},
			{ada, `{"text":{"a":1}}`, "invalid_data", "This is no comment."},
		} {
			got := b.comment(in.user, in.data)
			if got.Data != nil || got.Error == nil || got.Error.Code != in.code || got.Error.Message != in.message {
				t.Errorf("%s by %q: %+v; want %s: %s", in.data, in.user, got.Error, in.code, in.message)
			}
		}
		for _, good := range []string{text(strings.Repeat("🌫", 2000)), text("see https://a and https://b"), `{"name":"` + strings.Repeat("é", 40) + `","text":"<script>"}`} {
			if got := b.comment(ada, good); got.Data == nil {
				t.Errorf("%.60s: %+v", good, got.Error)
			}
		}
	})
}

func TestWhoIsRepliedToIsNotifiedOnceForEachEvent(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, b *backend) {
		stored := `{"author":{"id":"vfedcba9876543210","name":"Bob"},"text":"I was\n\n` + strings.Repeat("out ", 40) + `","to":"` + ada + `","time":"2026-11-14T10:00:00Z"}`
		status, got := b.call("notifications", map[string]any{"channel": "comments/fog", "data": stored, "offset": 17})
		if status != http.StatusOK || got != "{}" {
			t.Errorf("answered %d %s", status, got)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.published) != 1 {
			t.Fatalf("published %+v", b.published)
		}
		one := b.published[0]
		if one.Authorization != "Bearer hfk_test" || one.IdempotencyKey != "event-1" {
			t.Errorf("published with %+v", one)
		}
		var body struct {
			Channel string
			Data    struct {
				Page, From, Text string
				Offset           int
			}
		}
		if err := json.Unmarshal([]byte(one.Body), &body); err != nil {
			t.Fatal(err)
		}
		if body.Channel != "notifications/"+ada || body.Data.Page != "fog" || body.Data.Offset != 17 || body.Data.From != "Bob" ||
			!strings.HasPrefix(body.Data.Text, "I was out out") || len([]rune(body.Data.Text)) != 120 || !strings.HasSuffix(body.Data.Text, "…") {
			t.Errorf("published %+v", body)
		}
	})
}

func TestWhatIsNoReplyToSomebodyElseNotifiesNobody(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, b *backend) {
		for _, data := range []string{
			`{"author":{"id":"` + ada + `","name":"Ada"},"text":"hi"}`,
			`{"author":{"id":"` + ada + `","name":"Ada"},"text":"hi","to":"` + ada + `"}`,
			`{"author":{"id":"` + ada + `","name":"Ada"},"text":"hi","to":"a/../b"}`,
			"hello", "null", "7", `[]`, "",
		} {
			if status, got := b.call("notifications", map[string]any{"channel": "comments/fog", "data": data, "offset": 1}); status != http.StatusOK || got != "{}" {
				t.Errorf("%s: %d %s", data, status, got)
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.published) != 0 {
			t.Errorf("published %+v", b.published)
		}
	})
}

func TestANotificationThatCannotBePublishedLetsTheEventComeAgain(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, b *backend) {
		b.mu.Lock()
		b.refuse = true
		b.mu.Unlock()
		status, got := b.call("notifications", map[string]any{"channel": "comments/fog", "offset": 1,
			"data": `{"author":{"id":"vfedcba9876543210","name":"Bob"},"text":"hi","to":"` + ada + `"}`})
		if status != http.StatusBadGateway || !strings.Contains(got, "not now") {
			t.Errorf("answered %d %s", status, got)
		}
	})
}

func TestWhatNoHookOfOursHasSignedReachesNoFunction(t *testing.T) {
	stranger, err := webhook.ParseSecret(newSecret())
	if err != nil {
		t.Fatal(err)
	}
	inEachLanguage(t, func(t *testing.T, b *backend) {
		body := eventOf(t, map[string]string{"token": strings.Repeat("t", 40)})
		for name, sign := range map[string]func(h http.Header, body []byte){
			"nobody":          func(http.Header, []byte) {},
			"a stranger":      func(h http.Header, body []byte) { webhook.Sign(h, "event-1", time.Now(), body, stranger) },
			"us, for another": func(h http.Header, _ []byte) { webhook.Sign(h, "event-1", time.Now(), []byte("{}"), b.secrets...) },
			"us, an hour ago": func(h http.Header, body []byte) {
				webhook.Sign(h, "event-1", time.Now().Add(-time.Hour), body, b.secrets...)
			},
			"us, in an hour": func(h http.Header, body []byte) {
				webhook.Sign(h, "event-1", time.Now().Add(time.Hour), body, b.secrets...)
			},
			"garbage": func(h http.Header, _ []byte) {
				h.Set("Webhook-Id", "a")
				h.Set("Webhook-Timestamp", "x")
				h.Set("Webhook-Signature", "v1,!! v1 ,")
			},
			"us, another id": func(h http.Header, body []byte) {
				webhook.Sign(h, "event-1", time.Now(), body, b.secrets...)
				h.Set("Webhook-Id", "event-2")
			},
			"us, other scheme": func(h http.Header, body []byte) {
				webhook.Sign(h, "event-1", time.Now(), body, b.secrets...)
				h.Set("Webhook-Signature", strings.Replace(h.Get("Webhook-Signature"), "v1,", "v0,", 1))
			},
		} {
			if status, got := b.send("visitors", body, sign); status != http.StatusUnauthorized {
				t.Errorf("signed by %s: %d %s", name, status, got)
			}
		}
		both := func(h http.Header, body []byte) { webhook.Sign(h, "event-1", time.Now(), body, stranger, b.secrets[0]) }
		if status, _ := b.send("visitors", body, both); status != http.StatusOK {
			t.Errorf("one of two signatures is good, and the answer is %d", status)
		}
	})
}

func TestTheConfigurationOfTheExampleNamesTheFunctionsThatThereAre(t *testing.T) {
	for _, name := range []string{"visitors", "comments", "notifications"} {
		if !strings.Contains(configText, "http://"+functionsInConfig+"/"+name) {
			t.Errorf("holdfast.yaml does not call %s", name)
		}
		for _, file := range []string{filepath.Join("functions", "go", name+".go"), filepath.Join("functions", "node", name+".js")} {
			if matches, err := filepath.Glob(file); err != nil || len(matches) != 1 {
				t.Errorf("there is no %s (%v)", file, err)
			}
		}
	}
}

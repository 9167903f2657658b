package snippets

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/client/webhook"
)

// languages are those that the page shows, and how a snippet in each of them is run.
var languages = map[string]func(name string) []string{
	"curl":   func(name string) []string { return []string{"sh", file("curl", name+".sh")} },
	"go":     func(name string) []string { return []string{filepath.Join(bin, name)} },
	"node":   func(name string) []string { return []string{"node", file("node", name+".mjs")} },
	"python": func(name string) []string { return []string{"python3", file("python", name+".py")} },
	"php":    func(name string) []string { return []string{"php", file("php", name+".php")} },
}

func file(parts ...string) string {
	return filepath.Join(append([]string{docs, "snippets"}, parts...)...)
}

// run returns what a snippet prints.
func (s *server) run(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "HOLDFAST_URL="+s.url, "HOLDFAST_API_KEY="+s.key, "HOLDFAST_HOOK_SECRET="+secret)
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v (make tools installs what is missing)\n%s", args, err, text)
	}
	return string(text)
}

// texts returns what a channel has kept.
func (s *server) texts(t *testing.T, channel string) (all []string) {
	t.Helper()
	var page struct{ Messages []struct{ Data string } }
	if err := json.Unmarshal([]byte(s.get(t, "/v1/history?channel="+channel)), &page); err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		all = append(all, m.Data)
	}
	return all
}

func TestTheSnippetsPublishOnceWhateverTheyAreWrittenIn(t *testing.T) {
	for language, command := range languages {
		t.Run(language, func(t *testing.T) {
			s := startServer(t)
			for range 2 { // as a backend would that has not seen the answer
				if text := s.run(t, command("publish")...); !strings.Contains(text, "chat/orders") {
					t.Errorf("it prints %s", text)
				}
			}
			if text := s.run(t, command("batch")...); !strings.Contains(text, "chat/orders") || !strings.Contains(text, "chat/lobby") {
				t.Errorf("it prints %s", text)
			}
			orders, lobby := s.texts(t, "chat/orders"), s.texts(t, "chat/lobby")
			if want := `{"order":1042,"state":"shipped"} {"order":1042,"state":"delivered"}`; strings.Join(orders, " ") != want {
				t.Errorf("chat/orders has %q", orders)
			}
			if strings.Join(lobby, " ") != "The night shift begins." {
				t.Errorf("chat/lobby has %q", lobby)
			}
		})
	}
}

// compactToken matches a token in what a snippet prints.
var compactToken = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

func TestWhoComesWithATokenOfTheSnippetsIsPresentForThem(t *testing.T) {
	for language, command := range languages {
		t.Run(language, func(t *testing.T) {
			s := startServer(t)
			if text := s.run(t, command("presence")...); strings.Contains(text, "ada") {
				t.Errorf("before anybody is there, it prints %s", text)
			}
			token := compactToken.FindString(s.run(t, command("mint")...))
			if token == "" {
				t.Fatal("it prints no token")
			}
			s.join(t, token)
			if text := s.run(t, command("presence")...); !strings.Contains(text, "ada") {
				t.Errorf("with ada there, it prints %s", text)
			}
		})
	}
}

// join lets whoever has a token be in the lobby until the end of the test.
func (s *server) join(t *testing.T, token string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, strings.Replace(s.url, "http", "ws", 1)+"/socket", &client.Options{
		Token: func(context.Context) (string, error) { return token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if _, err := c.Channel("chat/lobby").Subscribe(ctx, nil); err != nil {
		t.Fatal(err)
	}
}

const secret = "whsec_aG9sZGZhc3Qgc25pcHBldHMgYXJlIHRlc3RlZCEh"

func TestTheSnippetsTakeOnlyWhatAHookHasSigned(t *testing.T) {
	good, err := webhook.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := webhook.ParseSecret("whsec_" + strings.Repeat("QUFB", 11))
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"specversion":"1.0","id":"event-1","type":"dev.holdfast.message","source":"/test","data":{"channel":"chat/lobby"}}`)
	for language, command := range languages {
		if language == "curl" {
			continue // it is the other side, below
		}
		t.Run(language, func(t *testing.T) {
			url := startBackend(t, command("webhook"), language)
			for name, in := range map[string]struct {
				status  int
				at      time.Time
				secrets []webhook.Secret
			}{
				"a good signature":        {http.StatusOK, time.Now(), []webhook.Secret{good}},
				"one of two is good":      {http.StatusOK, time.Now(), []webhook.Secret{stranger, good}},
				"a stranger's":            {http.StatusUnauthorized, time.Now(), []webhook.Secret{stranger}},
				"one that is too old":     {http.StatusUnauthorized, time.Now().Add(-10 * time.Minute), []webhook.Secret{good}},
				"one of a distant future": {http.StatusUnauthorized, time.Now().Add(10 * time.Minute), []webhook.Secret{good}},
				"none at all":             {http.StatusUnauthorized, time.Time{}, nil},
			} {
				header := http.Header{"Content-Type": {"application/cloudevents+json"}}
				if in.secrets != nil {
					webhook.Sign(header, "event-1", in.at, body, in.secrets...)
				}
				if status := post(t, url, header, body); status != in.status {
					t.Errorf("%s: answered %d, want %d", name, status, in.status)
				}
			}
			header := http.Header{}
			webhook.Sign(header, "event-1", time.Now(), body, good)
			if status := post(t, url, header, append(bytes.Clone(body), ' ')); status != http.StatusUnauthorized {
				t.Errorf("a body that was changed: answered %d", status)
			}
			if text := (&server{}).run(t, append(languages["curl"]("webhook"), url)...); strings.TrimSpace(text) != "{}" {
				t.Errorf("what curl signs is answered with %s", text)
			}
		})
	}
}

// startBackend runs a snippet that serves, and returns its URL when it does.
func startBackend(t *testing.T, command []string, language string) string {
	t.Helper()
	port := freePort(t)
	if language == "php" { // which needs a server around it
		command = append([]string{"php", "-S", "127.0.0.1:" + port}, command[1:]...)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "PORT="+port, "HOLDFAST_HOOK_SECRET="+secret)
	start(t, cmd)
	poll(t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	return "http://127.0.0.1:" + port + "/"
}

// freePort returns the number of a port that nobody listens on, and that the system gives to nobody by itself.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20_000 + rand.IntN(10_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("there is no free port")
	return ""
}

func post(t *testing.T, url string, header http.Header, body []byte) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, err := oneShot.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// poll waits until a condition is true.
func poll(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it does not become true")
		}
	}
}

// Package snippets runs the programs of docs/backends.md as their readers do: against a holdfast dev, with the key
// that it prints.
//
// It needs curl, openssl, node, python3 and php; make tools installs them or says what is missing.
package snippets

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const patience = 20 * time.Second

// bin has what TestMain has built: holdfast, and the snippets in Go by their names.
var bin string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err == nil && code == 0 {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "snippets:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if bin, err = os.MkdirTemp("", "holdfast-snippets-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "../../cmd/holdfast", "../../docs/snippets/go/...")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// server is a running holdfast dev.
type server struct{ url, key string }

var (
	printedURL = regexp.MustCompile(`Chat +(http://\S+)/$`)
	printedKey = regexp.MustCompile(`Bearer (hfk_[a-z0-9_]+)`)
)

// startServer serves until the end of the test.
func startServer(t *testing.T) *server {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "holdfast"), "dev", "--https", "", "--http", "127.0.0.1:0", "--data", t.TempDir())
	cmd.Env = append(os.Environ(), "HOLDFAST_BROKER_SYNC_INTERVAL=2m")
	lines := start(t, cmd)
	s := &server{}
	for s.url == "" || s.key == "" {
		line := next(t, lines)
		if m := printedURL.FindStringSubmatch(line); m != nil {
			s.url = m[1]
		}
		if m := printedKey.FindStringSubmatch(line); m != nil {
			s.key = m[1]
		}
	}
	return s
}

// start runs a command until the end of the test, and returns what it prints.
func start(t *testing.T, cmd *exec.Cmd) <-chan string {
	t.Helper()
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-read
		cmd.Wait() // tells of the signal
	})
	return lines
}

func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line, ok := <-lines:
		if !ok {
			t.Fatal("the command has ended")
		}
		return line
	case <-time.After(patience):
		t.Fatal("the command prints nothing more")
	}
	return ""
}

// get returns what the server API answers.
func (s *server) get(t *testing.T, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := oneShot.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s (%v)", path, resp.Status, body, err)
	}
	return string(body)
}

// oneShot leaves no connection behind.
var oneShot = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

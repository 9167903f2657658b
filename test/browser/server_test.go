package browser

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a running holdfast dev.
type server struct {
	cmd    *exec.Cmd
	page   string // https://localhost:PORT
	caFile string
	data   string // its data directory
	output output
	waited chan error
}

// output collects what the command prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) add(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fmt.Fprintln(&o.b, line)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// The lines that dev prints when it serves, as a user would copy them.
var (
	printedSocket = regexp.MustCompile(`new WebSocket\('wss://(localhost:\d+)/channels/chat/lobby'\)`)
	printedCA     = regexp.MustCompile(`curl --cacert (\S+) `)
)

// serve starts the command on free ports and waits until it has said where it serves.
func serve(data string) (*server, error) { return serveOn("localhost:0", data) }

// serveOn is serve with https on addr, and with further flags.
func serveOn(addr, data string, flags ...string) (*server, error) {
	s := &server{data: data, waited: make(chan error, 1)}
	s.cmd = exec.Command(binary, append([]string{"dev", "--https", addr, "--http", "localhost:0",
		"--data", data, "--ca-dir", caDir}, flags...)...)
	s.cmd.Env = append(os.Environ(), "GODEBUG=http2xconnect=0") // the test of HTTP/2 switches it on in this process
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.cmd.Stderr = s.cmd.Stdout
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	told := make(chan struct{})
	go func() {
		saidAll := false
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			s.output.add(lines.Text())
			if m := printedSocket.FindStringSubmatch(lines.Text()); m != nil {
				s.page = "https://" + m[1]
			}
			if m := printedCA.FindStringSubmatch(lines.Text()); m != nil {
				s.caFile = m[1]
			}
			if !saidAll && s.page != "" && s.caFile != "" {
				saidAll = true
				close(told)
			}
		}
		s.waited <- s.cmd.Wait()
	}()
	select {
	case <-told:
		return s, nil
	case err := <-s.waited:
		return nil, fmt.Errorf("the command ended: %v\n%s", err, s.output.String())
	case <-time.After(patience):
		s.cmd.Process.Kill()
		return nil, fmt.Errorf("the command did not say where it serves:\n%s", s.output.String())
	}
}

// stop ends the command as Ctrl-C or a service manager would.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.wait()
}

// kill ends the command with no chance to say goodbye.
func (s *server) kill() error {
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	s.wait() // it reports the kill as an error
	return nil
}

// restart serves again where a killed server did, with its data.
func (s *server) restart() error {
	again, err := serveOn(strings.TrimPrefix(s.page, "https://"), s.data)
	if err != nil {
		return err
	}
	s.cmd, s.waited = again.cmd, again.waited
	return nil
}

func (s *server) wait() error {
	select {
	case err := <-s.waited:
		s.waited <- err // for a later wait
		return err
	case <-time.After(patience):
		s.cmd.Process.Kill()
		return fmt.Errorf("the command did not end:\n%s", s.output.String())
	}
}

// startServer serves until the end of the test, with further flags of the command.
func startServer(t *testing.T, flags ...string) *server {
	t.Helper()
	s, err := serveOn("localhost:0", t.TempDir(), flags...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.cmd.Process.Kill() // fails if it has ended
		s.wait()
		if t.Failed() {
			t.Logf("the command printed:\n%s", s.output.String())
		}
	})
	return s
}

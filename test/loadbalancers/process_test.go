package loadbalancers

import (
	"bytes"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that runs until the end of the test.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	said  output
	ended chan struct{} // closed when it has
}

// run runs a program until the end of the test, and returns when it listens on an address.
func run(t *testing.T, addr, program string, args ...string) {
	t.Helper()
	start(t, program, args...).awaitListening(addr)
}

// start starts a program.
func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + program) // where only root looks
	}
	if err != nil {
		t.Fatalf("%v: this test runs the real program; make tools installs it (Debian: apt-get install nginx-light libnginx-mod-stream haproxy caddy)", err)
	}
	p := &process{t: t, cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait() // how it ended is not what is tested
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has ended
		select {
		case <-p.ended:
		case <-time.After(patience):
			p.kill()
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", program, p.said.String())
		}
	})
	return p
}

// kill ends the program without letting it do anything more.
func (p *process) kill() {
	p.cmd.Process.Kill() // fails if it has ended
	<-p.ended
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Error(err)
	}
}

// awaitListening returns when something listens on an address.
func (p *process) awaitListening(addr string) {
	p.t.Helper()
	eventually(p.t, p.cmd.Path+" listens on "+addr, func() bool {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			nc.Close()
			return true
		}
		select {
		case <-p.ended:
			p.t.Fatalf("%s has ended:\n%s", p.cmd.Path, p.said.String())
		default:
		}
		return false
	})
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("in %v it did not come to be that %s", patience, what)
		}
	}
}

// output is what a program prints.
type output struct {
	mu sync.Mutex // guards what follows
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script. Besides testscript's own commands there are:
//
//	start NAME ARGS…                 run `holdfast ARGS…` beside the script
//	await NAME stdout|stderr RE VAR… wait until it has printed RE; the groups become variables
//	feed NAME LINE                   write a line to its stdin; without LINE, end its stdin
//	signal NAME int|term|hup|kill    send it a signal
//	ended NAME CODE                  wait for its end; what it printed is in NAME.out and NAME.err
//	occupy VAR                       listen on a free port; VAR is its number
//	peer VAR                         start a WebSocket server; VAR is its host and port
//	acme FILE                        start an ACME authority, and write a configuration that uses it
//	reachable HTTP HTTPS             let it reach every name at these ports, and answer
//	generate FILE COUNT TEXT         write TEXT so many times; %d in it is the number, from 1
func TestScripts(t *testing.T) {
	acme := &acmeOfScript{t: t}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
			env.Setenv("XDG_DATA_HOME", filepath.Join(home, "data"))
			env.Setenv("GORACE", "atexit_sleep_ms=0")         // or else every command takes a second under the race detector
			env.Setenv("HOLDFAST_BROKER_SYNC_INTERVAL", "2m") // nats-server 2.15.2 has a data race when a new stream is synced
			env.Values[processes{}] = map[string]*process{}
			return os.Mkdir(home, 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"start":     scriptStart,
			"await":     scriptAwait,
			"feed":      scriptFeed,
			"signal":    scriptSignal,
			"ended":     scriptEnded,
			"occupy":    scriptOccupy,
			"peer":      scriptPeer,
			"generate":  scriptGenerate,
			"acme":      acme.begin,
			"reachable": acme.reach,
		},
	})
}

// processes is the key of a script's processes by name.
type processes struct{}

func processOf(ts *testscript.TestScript, args []string, least int) *process {
	if len(args) < least {
		ts.Fatalf("too few arguments")
	}
	p := ts.Value(processes{}).(map[string]*process)[args[0]]
	if p == nil {
		ts.Fatalf("there is no process %s", args[0])
	}
	return p
}

func scriptStart(ts *testscript.TestScript, _ bool, args []string) {
	ts.Value(processes{}).(map[string]*process)[args[0]] = startProcess(ts, args[1:])
}

func scriptAwait(ts *testscript.TestScript, _ bool, args []string) {
	p := processOf(ts, args, 3)
	printed := map[string]*transcript{"stdout": &p.out, "stderr": &p.err}[args[1]]
	pattern, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	groups, err := printed.await(pattern, p.exited)
	if err != nil {
		ts.Fatalf("awaiting %q: %v\n[stdout]\n%s\n[stderr]\n%s", args[2], err, &p.out, &p.err)
	}
	for i, name := range args[3:] {
		ts.Setenv(name, groups[i])
	}
}

func scriptFeed(ts *testscript.TestScript, _ bool, args []string) {
	p := processOf(ts, args, 1)
	if len(args) == 1 {
		ts.Check(p.stdin.Close())
		return
	}
	_, err := fmt.Fprintln(p.stdin, strings.Join(args[1:], " "))
	ts.Check(err)
}

func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	p := processOf(ts, args, 2)
	signals := map[string]os.Signal{"int": os.Interrupt, "term": syscall.SIGTERM, "hup": syscall.SIGHUP, "kill": os.Kill}
	ts.Check(p.cmd.Process.Signal(signals[args[1]]))
}

func scriptEnded(ts *testscript.TestScript, _ bool, args []string) {
	p := processOf(ts, args, 2)
	code, err := p.exitCode()
	if err != nil || strconv.Itoa(code) != args[1] {
		ts.Fatalf("exit code %d (%v) instead of %s\n[stdout]\n%s\n[stderr]\n%s", code, err, args[1], &p.out, &p.err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), []byte(p.out.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".err"), []byte(p.err.String()), 0o600))
}

func scriptOccupy(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func scriptGenerate(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(args[2], "%d", strconv.Itoa(i+1)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(b.String())), 0o600))
}

// lookPath finds a program in the script's PATH.
func lookPath(ts *testscript.TestScript, program string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path
		}
	}
	ts.Fatalf("there is no %s in PATH", program)
	return ""
}

// environment returns what the script's processes need of its environment.
func environment(ts *testscript.TestScript) []string {
	env := []string{}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "GOCOVERDIR", "GORACE", "SystemRoot"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

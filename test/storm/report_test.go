//go:build linux

package storm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/check"
	"github.com/holdfast-dev/holdfast/test/storm/figures"
	"github.com/holdfast-dev/holdfast/test/storm/record"
	"github.com/holdfast-dev/holdfast/test/storm/report"
)

// judge reads a journal for the verdict and the figures.
func judge(t *testing.T, journal string) (*check.Verdict, *figures.Figures) {
	t.Helper()
	file, err := os.Open(journal)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	v, err := check.Run(record.Read(file), check.DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	f, err := figures.Measure(record.Read(file))
	if err != nil {
		t.Fatal(err)
	}
	return v, f
}

// report makes the report of a storm that began some time ago.
func (s *storm) report(t *testing.T, f *fleet, began time.Time, journal string) *report.Report {
	t.Helper()
	r := &report.Report{
		Seed: s.seed, Began: began, Formation: f.formation, Publishers: s.Publishers, Subscribers: s.Subscribers,
		Again:    fmt.Sprintf("make storm STORM=%v SEED=%d FORMATION=%s PUBLISHERS=%d SUBSCRIBERS=%d", s.lasts, s.seed, f.formation, s.Publishers, s.Subscribers),
		Versions: versions(f.nodes[0].binary), Machine: machine(), Trouble: s.trouble, Without: s.without,
	}
	for _, n := range f.nodes {
		r.Nodes = append(r.Nodes, n.name)
	}
	r.Verdict, r.Figures = judge(t, journal)
	return r
}

// versions tells what took part.
func versions(binary string) map[string]string {
	all := map[string]string{"go": runtime.Version()}
	ask := func(name string, program string, args ...string) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		said, err := exec.CommandContext(ctx, program, args...).Output()
		if err != nil {
			all[name] = err.Error()
			return
		}
		first, _, _ := strings.Cut(string(said), "\n")
		all[name] = strings.TrimSpace(first)
	}
	ask("holdfast", binary, "version")
	ask("node", "node", "--version")
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.HasSuffix(module.Path, "/nats-server/v2") {
				all["nats-server"] = module.Version
			}
		}
	}
	return all
}

// machine tells where it was, and how busy that was in the end.
func machine() map[string]string {
	all := map[string]string{"cores": fmt.Sprint(runtime.NumCPU()), "system": runtime.GOOS + "/" + runtime.GOARCH}
	for name, file := range map[string]string{"load in the end": "/proc/loadavg", "kernel": "/proc/sys/kernel/osrelease"} {
		if text, err := os.ReadFile(file); err == nil {
			all[name] = strings.TrimSpace(string(text))
		}
	}
	for name, of := range map[string]string{"processor": "/proc/cpuinfo", "memory": "/proc/meminfo"} {
		text, err := os.ReadFile(of)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			if key = strings.TrimSpace(key); key == "model name" || key == "MemTotal" {
				all[name] = strings.TrimSpace(value)
			}
		}
	}
	return all
}

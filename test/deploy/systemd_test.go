package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exposure is the highest that systemd-analyze may find, in tenths; ten is what a service without any protection has.
const exposure = "17"

func TestTheUnitIsOneThatSystemdTakesAndFindsProtected(t *testing.T) {
	unit := filepath.Join(t.TempDir(), "holdfast.service")
	text := strings.ReplaceAll(deployed(t, "holdfast.service"), "/usr/local/bin/holdfast", "/bin/true") // it must be there
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := output(t, "systemd-analyze", "verify", unit); said != "" {
		t.Error(said)
	}
	output(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+exposure, unit)
}

func TestTheUnitStartsTheServerAndGivesItTimeToDrain(t *testing.T) {
	unit := settings(t, "holdfast.service")
	command := strings.Fields(unit["ExecStart"][0])
	if filepath.Base(command[0]) != "holdfast" || command[1] != "serve" {
		t.Fatalf("it starts %q", command)
	}
	help := output(t, binary, "serve", "--help")
	for _, word := range command[2:] {
		if flag, ok := strings.CutPrefix(word, "--"); ok && !strings.Contains(help, "--"+flag+" ") {
			t.Errorf("serve has no --%s", flag)
		}
	}
	if grace := duration(t, strings.Replace(unit["TimeoutStopSec"][0], "min", "m", 1)); grace < stopping(t) {
		t.Errorf("it is killed after %v", grace)
	}
	if unit["Type"][0] != "notify" {
		t.Error("it does not wait until the server serves")
	}
}

// settings returns those of a unit, each with all its values.
func settings(t *testing.T, file string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(deployed(t, file)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			all[name] = append(all[name], value)
		}
	}
	return all
}

func duration(t *testing.T, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// stopping returns how long a node may need to stop where others let its clients in at once.
func stopping(t *testing.T) time.Duration {
	t.Helper()
	const leaving, closing, spare = 10 * time.Second, 10 * time.Second, 5 * time.Second
	return load(t, "", nil).Limits.Drain + leaving + closing + spare
}

//go:build linux

package daemon

import (
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/bench/internal/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestAMessageReachesEverySubscriber has to do with the servers that this module builds itself: the
// others, which have to be installed first, are shown to work by "bench servers -quick".
func TestAMessageReachesEverySubscriber(t *testing.T) {
	for _, d := range All()[:2] {
		ready, err := d.Install(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, secure := range []bool{false, true} {
			server, err := ready.Start(t.Context(), Place{CPU: -1, Procs: 1}, secure)
			if err != nil {
				t.Fatal(err)
			}
			target := load.Target{Addr: server.Addr, TLS: secure, Dialect: d.Dialect, Channel: "bench", Conns: 5, Size: 128, Depth: 4}
			window := load.Window{Length: 20 * time.Millisecond, ServerCPU: server.CPU}
			result, err := load.FanOut(t.Context(), target, window, 3)
			if err != nil || result.Messages == 0 {
				t.Errorf("%s, TLS %t: %v", d.Name, secure, err)
			}
			target.Channel = "another" // for the last burst may still be on its way
			if err := load.Subscribed(t.Context(), target, time.Millisecond, func() error { return nil }); err != nil {
				t.Errorf("%s, TLS %t: %v", d.Name, secure, err)
			}
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(server.folder); !os.IsNotExist(err) {
				t.Errorf("%s has left its folder: %v", d.Name, err)
			}
		}
	}
}

func TestAServerThatIsNotInstalledSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, noMosquitto := findMosquitto(t.Context(), "mosquitto")
	_, noSocketIO := installSocketIO(t.Context(), t.TempDir())
	for _, err := range []error{noMosquitto, noSocketIO} {
		if err == nil || !strings.Contains(err.Error(), "install") || !strings.Contains(err.Error(), "-peer") {
			t.Error(err)
		}
	}
}

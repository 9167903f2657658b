package enableh2_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
	_ "github.com/holdfast-dev/holdfast/websocket/enableh2"
)

// checkEnv makes a process of the test binary say what CheckHTTP2 returns, and GODEBUG.
const checkEnv = "HOLDFAST_CHECK_HTTP2"

func TestMain(m *testing.M) {
	if os.Getenv(checkEnv) == "" {
		os.Exit(m.Run())
	}
	os.Stdout.WriteString(os.Getenv("GODEBUG") + " ")
	if err := websocket.CheckHTTP2(); err != nil {
		os.Stdout.WriteString(err.Error())
	} else {
		os.Stdout.WriteString("on")
	}
}

func TestImportingThePackageSwitchesItOnUnlessTheUserHasDecided(t *testing.T) {
	for setting, want := range map[string]string{
		"":                           "http2xconnect=1 on",
		"madvdontneed=1":             "madvdontneed=1,http2xconnect=1 on",
		"http2xconnect=1":            "http2xconnect=1 on",
		"http2xconnect=0":            "http2xconnect=0 websocket: net/http does not offer WebSocket over HTTP/2",
		"gctrace=0,http2xconnect=0,": "gctrace=0,http2xconnect=0, websocket: net/http does not offer",
	} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(self)
		child.Env = append(os.Environ(), checkEnv+"=1", "GODEBUG="+setting)
		out, err := child.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("GODEBUG=%s: got %q, error %v; want %q", setting, out, err, want)
		}
	}
}

package mqtt

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheClientOfNPMComesByEveryWay(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, url := range []string{
		"mqtt://" + s.mqtt, "mqtts://" + s.MQTTSAddr().String(), "ws://" + s.http + "/mqtt", "wss://" + s.HTTPSAddr().String() + "/mqtt",
	} {
		for version, unit := range map[string]string{"4": "", "5": "C"} {
			talk := exec.CommandContext(ctx, "node", filepath.Join("testdata", "talk.mjs"), url, version, s.caFile)
			out, err := talk.CombinedOutput()
			var want []string
			for _, qos := range []string{"0", "1", "2"} {
				want = append(want, "npm/"+version+" hello "+qos+" "+qos+" "+unit)
			}
			if got := strings.TrimRight(string(out), "\n"); err != nil || got != strings.Join(want, "\n") {
				t.Errorf("by %s in version %s it prints\n%s\n%v; want\n%s", url, version, got, err, strings.Join(want, "\n"))
			}
		}
	}
}

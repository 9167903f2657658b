package deploy

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instructions returns those of a kind in the Dockerfile.
func instructions(t *testing.T, kind string) (all []string) {
	t.Helper()
	for line := range strings.Lines(deployed(t, "Dockerfile")) {
		if rest, ok := strings.CutPrefix(line, kind+" "); ok {
			all = append(all, strings.TrimSpace(rest))
		}
	}
	if all == nil {
		t.Fatalf("the Dockerfile has no %s", kind)
	}
	return all
}

func TestTheImageNeedsNothingButTheCommand(t *testing.T) {
	commands := slices.DeleteFunc(instructions(t, "RUN"), func(c string) bool { return !strings.Contains(c, "go build") })
	if len(commands) != 1 || !strings.HasPrefix(commands[0], "CGO_ENABLED=0 ") || !strings.HasSuffix(commands[0], " ./cmd/holdfast") {
		t.Fatalf("it is built by %q", commands)
	}
	// Without cgo a binary is static, if no package of it needs cgo.
	list := exec.Command("go", "list", "-deps", "-f", "{{if .CgoFiles}}{{.ImportPath}}{{end}}", "./cmd/holdfast")
	list.Dir, list.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := list.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("it needs the libraries of C in %s, %v", out, err)
	}
}

func TestTheImageIsBuiltWithTheGoOfTheModuleAndStartsTheServer(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if from := instructions(t, "FROM")[0]; from != "golang:"+string(version[1])+" AS build" {
		t.Errorf("go.mod is for Go %s, the image is built from %s", version[1], from)
	}
	var entry, args []string
	for kind, into := range map[string]*[]string{"ENTRYPOINT": &entry, "CMD": &args} {
		if err := json.Unmarshal([]byte(instructions(t, kind)[0]), into); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "/etc/holdfast/holdfast.yaml") || entry[0] != "/holdfast" {
		t.Errorf("without a configuration %q %q said %q", entry, args, said.String())
	}
}

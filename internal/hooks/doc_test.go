package hooks

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// page returns docs/hooks.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alike are the golden files that differ from another one by their type alone.
var alike = []string{"vacated.json", "leave.json"}

func TestThePageShowsWhatIsSent(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no golden files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown := strings.Contains(page(t), "```json\n"+string(text)+"```\n")
		if !shown && !strings.Contains(strings.Join(alike, " "), filepath.Base(file)) {
			t.Errorf("the page does not show %s", file)
		}
	}
}

func TestThePageHasEveryKindAndMetric(t *testing.T) {
	for kind, name := range types {
		if !strings.Contains(page(t), "`"+string(kind)+"`") || !strings.Contains(page(t), name) && kind != Leave {
			t.Errorf("the page lacks %s, or its type", kind)
		}
	}
	registry := prometheus.NewRegistry()
	withConfig(t, Config{Hooks: []Hook{serve(t, says(200, ""), RPC, Join)}, Registry: registry})
	descriptions := make(chan *prometheus.Desc, 100)
	registry.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		name := regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(d.String())[1]
		if !strings.Contains(page(t), "`"+name+"{") {
			t.Errorf("the page lacks the metric %s", name)
		}
	}
}

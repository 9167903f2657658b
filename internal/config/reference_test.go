package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThePageOfTheConfigurationIsCurrent(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Reference() {
		t.Error("docs/configuration.md is stale; renew it with: go run ./cmd/holdfast config doc > docs/configuration.md")
	}
}

func TestTheReferenceHasEveryKey(t *testing.T) {
	page := Reference()
	for _, f := range everyKey() {
		if !strings.Contains(page, "`"+f.path+"`") || !strings.Contains(page, f.doc()) {
			t.Errorf("the reference lacks %s", f.path)
		}
	}
}

package api

import (
	"os"
	"strings"
	"testing"
)

func TestThePageHasEveryEndpointAndProblem(t *testing.T) {
	text, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	e := start(t)
	for _, one := range e.endpoints {
		if one.path != openAPIPath && !strings.Contains(page, "`"+one.method+" "+one.path) {
			t.Errorf("the page lacks %s %s", one.method, one.path)
		}
	}
	for code := range titles {
		if !strings.Contains(page, "`"+code+"`") {
			t.Errorf("the page lacks the problem %s", code)
		}
	}
}

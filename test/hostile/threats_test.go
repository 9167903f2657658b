package hostile

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheTestsThatTheThreatModelNamesAreThere keeps docs/security.md true.
func TestTheTestsThatTheThreatModelNamesAreThere(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, threats, found := strings.Cut(string(page), "## Threats\n")
	threats, _, ended := strings.Cut(threats, "\n## ")
	if !found || !ended {
		t.Fatal("the page has no threats")
	}
	there := testsOf(t, "../..")
	rows := 0
	for line := range strings.Lines(threats) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "---") || cells[1] == " threat " {
			continue
		}
		rows++
		names := regexp.MustCompile(`Test\w+`).FindAllString(cells[3], -1)
		if len(names) == 0 && !strings.Contains(cells[2], "make vuln") {
			t.Errorf("no test shows the defence against%s", cells[1])
		}
		for _, name := range names {
			if !there[name] {
				t.Errorf("there is no %s, which is named for%s", name, cells[1])
			}
		}
	}
	if rows < 20 {
		t.Errorf("only %d threats were found", rows)
	}
}

// testsOf returns the names of the tests below a directory.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "tmp") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, match := range declared.FindAllSubmatch(text, -1) {
			tests[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

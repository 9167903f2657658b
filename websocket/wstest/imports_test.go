package wstest

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// checkImports fails the test if a file that is not a test imports anything but the standard library
// and this package.
func checkImports(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range syntax.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if domain, _, _ := strings.Cut(path, "/"); strings.Contains(domain, ".") && !strings.HasSuffix(path, "/websocket/wstest") {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
}

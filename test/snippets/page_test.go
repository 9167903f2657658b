package snippets

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

const docs = "../../docs"

var update = flag.Bool("update", false, "put the files of docs/snippets into docs/backends.md")

// included matches a block of the page, with the name of its file above it.
var included = regexp.MustCompile("(?s)<!-- (snippets/\\S+) -->\n```([a-z]+)\n(.*?)```\n")

// fences are the languages of blocks, by the ends of files.
var fences = map[string]string{".sh": "sh", ".go": "go", ".mjs": "js", ".py": "python", ".php": "php"}

func TestThePageShowsEverySnippetAsItIs(t *testing.T) {
	name := filepath.Join(docs, "backends.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	current := included.ReplaceAllFunc(page, func(block []byte) []byte {
		file := string(included.FindSubmatch(block)[1])
		shown = append(shown, filepath.Join(docs, file))
		code, err := os.ReadFile(filepath.Join(docs, file))
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat([]byte("<!-- "+file+" -->\n```"+fences[filepath.Ext(file)]+"\n"), code, []byte("```\n"))
	})
	if *update {
		if err := os.WriteFile(name, current, 0o644); err != nil {
			t.Fatal(err)
		}
		page = current
	}
	if string(current) != string(page) {
		t.Error("docs/backends.md does not show its snippets as they are; put them in with: go test ./test/snippets -run Page -update")
	}
	slices.Sort(shown)
	if there := files(t); !slices.Equal(shown, there) {
		t.Errorf("the page shows %q, and there are %q", shown, there)
	}
}

// files returns the names of all snippets.
func files(t *testing.T) (names []string) {
	err := filepath.WalkDir(filepath.Join(docs, "snippets"), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

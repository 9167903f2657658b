// Package schema holds messages to a JSON Schema (draft 2020-12). What it costs to check a message is bounded
// by the message's length, whatever the schema and whatever a stranger sends.
package schema

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema checks documents. It never changes, and Check may be called from any goroutine.
type Schema struct {
	name      string // of the file, or what else to call it
	root      string // the URL of the text
	documents map[string]any
	idle      chan *checker // those that check nothing now
}

const (
	// maxSchemaBytes bounds a schema with all files that it refers to.
	maxSchemaBytes = 256 << 10

	// maxCheckers is how many documents are checked against one schema at the same time. Each takes
	// memory in proportion to the schema.
	maxCheckers = 8
)

// Error says what is wrong with a schema.
type Error struct {
	Name    string // of the file
	Line    int    // 0 if nobody knows
	Path    string // a JSON Pointer into the schema, "" for the whole
	Problem string
}

// Error returns all of it in one line, as editors and compilers write it.
func (e *Error) Error() string {
	where := e.Name
	if e.Line > 0 {
		where += fmt.Sprintf(":%d", e.Line)
	}
	if e.Path != "" {
		return where + ": at " + e.Path + ": " + e.Problem
	}
	return where + ": " + e.Problem
}

// Parse returns the schema that a text is; name is what to call it. It refers to nothing outside itself. The
// error is an *Error.
func Parse(name string, text []byte) (*Schema, error) {
	return compile(name, (&url.URL{Scheme: "inline", Path: "/schema"}).String(), &library{name: name}, text)
}

// Load returns the schema in a file. It may refer to other files in the same directory and below. The error is
// an *Error, or an *os.PathError.
func Load(file string) (*Schema, error) {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	directory, err := os.OpenRoot(filepath.Dir(absolute))
	if err != nil {
		return nil, err
	}
	s, err := compile(file, fileURL(absolute), &library{name: file, path: filepath.Dir(absolute), directory: directory}, text)
	if closeErr := directory.Close(); err == nil && closeErr != nil {
		return nil, closeErr
	}
	return s, err
}

// compile makes a schema of a text, and of what it refers to in a library.
func compile(name, root string, from *library, text []byte) (*Schema, error) {
	document, err := from.read(name, text)
	if err != nil {
		return nil, err
	}
	from.documents = map[string]any{root: document}
	s := &Schema{name: name, root: root, documents: from.documents}
	first, err := newChecker(s, from)
	if err != nil {
		return nil, explain(name, err)
	}
	n := min(runtime.GOMAXPROCS(0), maxCheckers)
	s.idle = make(chan *checker, n)
	s.idle <- first
	for range n - 1 {
		another, err := newChecker(s, nil)
		if err != nil {
			return nil, explain(name, err)
		}
		s.idle <- another
	}
	return s, nil
}

// newChecker compiles the schema once more. Documents that are not there yet come from a library.
func newChecker(s *Schema, from jsonschema.URLLoader) (*checker, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(from)
	for url, document := range maps.Clone(s.documents) {
		if err := compiler.AddResource(url, document); err != nil {
			return nil, err
		}
	}
	compiled, err := compiler.Compile(s.root)
	if err != nil {
		return nil, err
	}
	c := &checker{schema: compiled}
	return c, c.adopt()
}

// Name returns the name of the schema's file, or what else to call it.
func (s *Schema) Name() string { return s.name }

// Check tells whether a text is a JSON document that fits the schema. The error is a *Mismatch. Cost: the
// document is read into maps and slices, and each of its values is looked at once for each part of the schema
// that is about it.
func (s *Schema) Check(text []byte) error {
	d, err := read(text)
	if err != nil {
		return err
	}
	c := <-s.idle
	err = c.check(d)
	s.idle <- c
	return err
}

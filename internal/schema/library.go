package schema

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// library finds the files that a schema refers to. It implements jsonschema.URLLoader.
type library struct {
	name      string   // of the schema
	path      string   // of the directory
	directory *os.Root // nil for a schema that is no file
	documents map[string]any
	bytes     int // read so far
}

// draft is what a schema may say that it is written in.
const draft = "https://json-schema.org/draft/2020-12/schema"

// read returns the schema that a text is.
func (l *library) read(name string, text []byte) (any, error) {
	if l.bytes += len(text); l.bytes > maxSchemaBytes {
		return nil, &Error{Name: name, Problem: fmt.Sprintf("the schema has more than %d bytes, with all that it refers to", maxSchemaBytes)}
	}
	d, err := read(text)
	if fault, ok := errors.AsType[*Mismatch](err); ok {
		return nil, &Error{Name: name, Line: 1 + bytes.Count(text[:fault.offset], []byte("\n")), Path: fault.Path, Problem: fault.Problem}
	}
	switch v := d.value.(type) {
	case bool:
	case map[string]any:
		if says, ok := v["$schema"].(string); ok && strings.TrimSuffix(says, "#") != draft {
			return nil, &Error{Name: name, Path: "/$schema", Problem: fmt.Sprintf("it is written in %.80q; only %q is known", says, draft)}
		}
	default:
		return nil, &Error{Name: name, Problem: "a schema is an object, or true or false"}
	}
	return d.value, nil
}

// Load implements jsonschema.URLLoader.
func (l *library) Load(ref string) (any, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "file" || l.directory == nil {
		return nil, &Error{Name: l.name, Problem: fmt.Sprintf("it refers to %.200q; a schema in a file may refer to files in its directory, and to nothing else", ref)}
	}
	relative, err := filepath.Rel(l.path, filepath.FromSlash(u.Path))
	if err != nil || !filepath.IsLocal(relative) {
		return nil, &Error{Name: l.name, Problem: fmt.Sprintf("it refers to %.200q, which is outside its directory", u.Path)}
	}
	name := filepath.Join(filepath.Dir(l.name), relative)
	text, err := l.open(relative)
	if err != nil {
		return nil, &Error{Name: l.name, Problem: fmt.Sprintf("it refers to %s, which can't be read: %v", name, err)}
	}
	document, err := l.read(name, text)
	if err == nil {
		l.documents[ref] = document
	}
	return document, err
}

func (l *library) open(relative string) ([]byte, error) {
	f, err := l.directory.Open(relative)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSchemaBytes+1))
	return text, errors.Join(err, f.Close())
}

// fileURL returns the URL of an absolute path.
func fileURL(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// explain turns what the compiler says into an *Error.
func explain(name string, err error) error {
	if load, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		err = load.Err
	}
	if known, ok := errors.AsType[*Error](err); ok {
		known.Name = cmp.Or(known.Name, name)
		return known
	}
	e := &Error{Name: name, Problem: err.Error()}
	invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err)
	if !ok {
		return e
	}
	if u, err := url.Parse(invalid.URL); err == nil && u.Scheme == "file" {
		e.Name = filepath.Join(filepath.Dir(name), filepath.Base(u.Path))
	}
	var found *jsonschema.ValidationError
	if errors.As(invalid.Err, &found) {
		m := mismatch(found)
		if format, ok := telling(found).ErrorKind.(*kind.Format); ok && format.Want == "regex" {
			m.Problem = fmt.Sprintf("it is no regular expression of RE2: %v", format.Err)
		}
		e.Path, e.Problem = m.Path, m.Problem
	}
	return e
}

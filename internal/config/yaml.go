package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	koanfyaml "github.com/knadh/koanf/parsers/yaml"
	"go.yaml.in/yaml/v3"
)

// yamlReader parses YAML for koanf. Unlike koanf's own parser it notes the line of every value, and
// leaves scalars as the texts that were written, so that each key's type alone decides what
// they mean: 007 is a fine pattern, and "yes" is not true.
type yamlReader struct {
	*koanfyaml.YAML        // for writing, which koanf wants a parser to know
	source          string // what to call the text in errors
	lines           bool   // whether lines of source mean something
	root            string // the path of the whole
	places          places
}

// maxPathBytes bounds what it costs to note the places of what no configuration can have.
const maxPathBytes = 1000

// Unmarshal implements [koanf.Parser] for a file.
func (r *yamlReader) Unmarshal(text []byte) (map[string]any, error) {
	tree, err := r.read(text)
	if err != nil {
		return nil, err
	}
	switch sections := tree.(type) {
	case nil:
		return map[string]any{}, nil // nothing but comments
	case map[string]any:
		return sections, nil
	}
	return nil, &Error{r.at(1), `the file is no list of keys; it looks like "listen:" with "https: localhost:8443" indented below`}
}

// read returns the text as maps, slices, strings, and nil for null.
func (r *yamlReader) read(text []byte) (any, *Error) {
	documents := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if err := documents.Decode(&first); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, r.syntaxError(err)
	}
	if err := documents.Decode(&second); err == nil {
		return nil, &Error{r.at(second.Line), `there is a second document, behind "---"; put everything into one`}
	} else if !errors.Is(err, io.EOF) {
		return nil, r.syntaxError(err)
	}
	return r.value(first.Content[0], r.root)
}

// value returns what is at a node, and notes the places of what is below it.
func (r *yamlReader) value(n *yaml.Node, path string) (any, *Error) {
	if len(path) > maxPathBytes {
		return nil, &Error{r.at(n.Line), "the keys are nested too deeply, or one is too long"}
	}
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(n, path)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			below := fmt.Sprintf("%s[%d]", path, i)
			r.places[below] = r.at(item.Line)
			var err *Error
			if list[i], err = r.value(item, below); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return nil, nil
		}
		return n.Value, nil
	}
	// Following aliases would let a small text become a huge configuration.
	return nil, &Error{r.at(n.Line), fmt.Sprintf("the alias *%s can't be used here; write out what it stands for", n.Value)}
}

func (r *yamlReader) mapping(n *yaml.Node, path string) (any, *Error) {
	section := make(map[string]any, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		below := join(path, name.Value)
		if name.Kind != yaml.ScalarNode {
			return nil, &Error{r.at(name.Line), "a key must be a word"}
		}
		if _, twice := section[name.Value]; twice {
			return nil, &Error{r.at(name.Line), fmt.Sprintf("%s is here a second time, after %s; keep one of them", below, r.places[below])}
		}
		r.places[below] = r.at(name.Line)
		var err *Error
		if section[name.Value], err = r.value(value, below); err != nil {
			return nil, err
		}
	}
	return section, nil
}

func (r *yamlReader) at(line int) Place {
	if !r.lines {
		line = 0
	}
	return Place{Source: r.source, Line: line}
}

var syntaxErrorForm = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError moves the line out of what the parser says.
func (r *yamlReader) syntaxError(err error) *Error {
	parts := syntaxErrorForm.FindStringSubmatch(err.Error())
	if parts == nil {
		return &Error{r.at(0), "it is not YAML: " + err.Error()}
	}
	line, convErr := strconv.Atoi(parts[1])
	if convErr != nil {
		line = 0 // not every message has one
	}
	return &Error{r.at(line), "it is not YAML: " + parts[2]}
}

package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Mismatch says where and why a document does not fit a schema.
type Mismatch struct {
	Path    string // a JSON Pointer (RFC 6901) to the value; "" for the whole document
	Problem string // what is wrong with it. No text of the document is repeated in it, save names of members

	offset int64 // of a fault of syntax, in bytes
}

// Error returns both.
func (m *Mismatch) Error() string {
	if m.Path == "" {
		return m.Problem
	}
	return "at " + m.Path + ": " + m.Problem
}

// mismatch returns what is most worth telling of all that the validator has found.
func mismatch(e *jsonschema.ValidationError) *Mismatch {
	e = telling(e)
	var path strings.Builder
	for _, token := range e.InstanceLocation {
		path.WriteString("/" + pointerEscape.Replace(token))
	}
	return &Mismatch{Path: clip(path.String()), Problem: clip(problem(e.ErrorKind))}
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// telling returns the cause that tells most: of several alternatives the one that came furthest, of several
// faults always the same one, though the validator finds them in any order.
func telling(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return e
	}
	var best *jsonschema.ValidationError
	right := 0 // alternatives of the right type
	for _, cause := range e.Causes {
		leaf := telling(cause)
		if best == nil || better(leaf, best, alternatives(e)) {
			best = leaf
		}
		if !ofWrongType(leaf) {
			right++
		}
	}
	if alternatives(e) && len(best.InstanceLocation) <= len(e.InstanceLocation) && right != 1 {
		return e // none of them says more
	}
	return best
}

func better(a, b *jsonschema.ValidationError, deepest bool) bool {
	if deepest && len(a.InstanceLocation) != len(b.InstanceLocation) {
		return len(a.InstanceLocation) > len(b.InstanceLocation)
	}
	if deepest && ofWrongType(a) != ofWrongType(b) {
		return ofWrongType(b)
	}
	return cmp.Or(slices.Compare(a.InstanceLocation, b.InstanceLocation), cmp.Compare(problem(a.ErrorKind), problem(b.ErrorKind))) < 0
}

func ofWrongType(e *jsonschema.ValidationError) bool {
	_, ok := e.ErrorKind.(*kind.Type)
	return ok
}

// alternatives tells whether one of the causes would not have mattered without the others.
func alternatives(e *jsonschema.ValidationError) bool {
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf, *kind.Contains, *kind.MinContains:
		return true
	}
	return false
}

var english = message.NewPrinter(language.English)

// problem says what is wrong, without what strangers have written.
func problem(what jsonschema.ErrorKind) string {
	switch k := what.(type) {
	case *kind.Pattern:
		return fmt.Sprintf("it does not match the pattern %s", k.Want)
	case *kind.Format:
		if twins, ok := k.Err.(*twinsError); ok {
			return twins.Error()
		}
		return "it is no " + k.Want
	case *kind.AnyOf:
		return "it fits nothing of anyOf"
	case *kind.OneOf:
		if len(k.Subschemas) > 0 {
			return fmt.Sprintf("it fits more than one of oneOf: %v", k.Subschemas)
		}
		return "it fits nothing of oneOf"
	case *kind.Not:
		return "it fits what not forbids"
	case *kind.FalseSchema:
		return "nothing may be here"
	case *kind.Contains:
		return "it contains nothing that it must"
	case *kind.AdditionalProperties:
		return "there may be no member " + quoted(k.Properties)
	case *kind.Required:
		return "the member " + quoted(k.Missing) + " is missing"
	case *kind.PropertyNames:
		return "the name " + quoted([]string{k.Property}) + " is not allowed"
	}
	return what.LocalizedString(english)
}

// quoted names the first of several, always the same.
func quoted(names []string) string { return fmt.Sprintf("%.80q", slices.Min(names)) }

// maxClipped bounds what is told of something that may be long.
const maxClipped = 200 // bytes

func clip(s string) string {
	if len(s) <= maxClipped {
		return s
	}
	return strings.ToValidUTF8(s[:maxClipped], "") + "…"
}

package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checker checks one document at a time. Where alternatives lead back to themselves, a schema asks the more
// often about a value the deeper it is, twice as often with each level, so the steps are counted. The
// validator has no place for that but the check of a format, which comes before anything that takes time: so
// every part of the schema gets a format.
type checker struct {
	schema *jsonschema.Schema
	left   int // steps
}

// A document may take so many steps: a part of the schema that looks at a value is one.
const (
	stepsAtLeast  = 2000
	stepsPerValue = 100
	stepsAtMost   = 400_000
)

const draftVersion = 2020 // as the validator numbers draft 2020-12

var errTooManySteps = errors.New("too many steps")

func (c *checker) check(d document) error {
	c.left = min(stepsAtLeast+stepsPerValue*d.values, stepsAtMost)
	err := c.schema.Validate(d.value)
	if c.left < 0 { // whatever has come of it
		return &Mismatch{Problem: "it would take too long to hold it to the schema"}
	}
	if found, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return mismatch(found)
	}
	return err
}

// step counts.
func (c *checker) step() error {
	if c.left--; c.left < 0 {
		return errTooManySteps
	}
	return nil
}

// adopt gives every part of the schema what counts steps, and takes over what the validator does badly.
func (c *checker) adopt() error {
	seen := map[*jsonschema.Schema]bool{c.schema: true}
	for todo := []*jsonschema.Schema{c.schema}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.DynamicRef != nil {
			return &Error{Path: pointerIn(s), Problem: "$dynamicRef is not known here; use $ref"}
		}
		if s.DraftVersion != draftVersion {
			return &Error{Path: pointerIn(s), Problem: "it says that it is written in another draft than 2020-12"}
		}
		s.Format = c.format(s)
		s.UniqueItems = false
		for _, below := range parts(s) {
			if !seen[below] {
				seen[below] = true
				todo = append(todo, below)
			}
		}
	}
	return nil
}

// format returns what counts a step, and checks what format and uniqueItems ask for. Regular expressions that
// strangers send are not compiled.
func (c *checker) format(s *jsonschema.Schema) *jsonschema.Format {
	unique, asked := s.UniqueItems, s.Format
	counting := &jsonschema.Format{Name: "counted"}
	if asked != nil && asked.Name != "regex" {
		counting.Name = asked.Name
	} else {
		asked = nil
	}
	counting.Validate = func(v any) error {
		if err := c.step(); err != nil {
			return err
		}
		if list, ok := v.([]any); ok && unique {
			if err := checkUnique(list); err != nil {
				return err
			}
		}
		if asked != nil {
			return asked.Validate(v)
		}
		return nil
	}
	return counting
}

// parts returns the schemas that s applies.
func parts(s *jsonschema.Schema) []*jsonschema.Schema {
	all := []*jsonschema.Schema{
		s.Ref, s.Not, s.If, s.Then, s.Else, s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema,
	}
	if rest, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		all = append(all, rest)
	}
	all = slices.Concat(all, s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems)
	for _, below := range s.Properties {
		all = append(all, below)
	}
	for _, below := range s.PatternProperties {
		all = append(all, below)
	}
	for _, below := range s.DependentSchemas {
		all = append(all, below)
	}
	return slices.DeleteFunc(all, func(p *jsonschema.Schema) bool { return p == nil })
}

// twinsError says that two items of a list are the same.
type twinsError struct{ first, second int }

func (e *twinsError) Error() string {
	return fmt.Sprintf("the items %d and %d are the same", e.first, e.second)
}

// checkUnique tells whether the items of a list differ. Unlike the validator's own way, it takes time in
// proportion to the list, whatever the items are.
func checkUnique(list []any) error {
	at := make(map[string]int, len(list))
	var form []byte
	for i, item := range list {
		form = appendForm(form[:0], item)
		if before, twice := at[string(form)]; twice {
			return &twinsError{before, i}
		}
		at[string(form)] = i
	}
	return nil
}

// appendForm appends a text that is the same for equal values, and for no others.
func appendForm(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		b = append(b, '{')
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			b = append(strconv.AppendQuote(b, name), ':')
			b = append(appendForm(b, v[name]), ',')
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for _, item := range v {
			b = append(appendForm(b, item), ',')
		}
		return append(b, ']')
	case string:
		return strconv.AppendQuote(b, v)
	case json.Number:
		exact, _ := new(big.Rat).SetString(v.String()) // it is one, and not too long
		return append(b, exact.RatString()...)
	case nil:
		return append(b, "null"...)
	}
	return fmt.Append(b, v) // true or false
}

// pointerIn returns where in its document a part of a schema is.
func pointerIn(s *jsonschema.Schema) string {
	for i := range s.Location {
		if s.Location[i] == '#' {
			return s.Location[i+1:]
		}
	}
	return ""
}

package config

import (
	"iter"
	"reflect"
	"strings"
	"time"
)

// EnvPrefix is how the names of environment variables begin.
const EnvPrefix = "HOLDFAST_"

// field is one key of a section: a field of a struct with its tags.
type field struct {
	reflect.StructField
	path string
}

// fields yields the keys of a section, which is a struct, in order.
func fields(section reflect.Type, path string) iter.Seq[field] {
	return func(yield func(field) bool) {
		for i := range section.NumField() {
			f := field{StructField: section.Field(i)}
			f.path = join(path, f.key())
			if f.key() != "-" && !yield(f) {
				return
			}
		}
	}
}

// settings yields every key that has a value of its own, in order, with those of sections in
// sections. Keys of list elements are not among them.
func settings(section reflect.Type, path string) iter.Seq[field] {
	return func(yield func(field) bool) {
		for f := range fields(section, path) {
			if !f.isSection() {
				if !yield(f) {
					return
				}
				continue
			}
			for below := range settings(f.Type, f.path) {
				if !yield(below) {
					return
				}
			}
		}
	}
}

func (f field) key() string   { return f.Tag.Get("key") }
func (f field) doc() string   { return f.Tag.Get("doc") }
func (f field) least() string { return f.Tag.Get("least") }
func (f field) most() string  { return f.Tag.Get("most") }
func (f field) of() string    { return f.Tag.Get("of") }

// values returns the allowed words, or none if any text will do.
func (f field) values() []string { return strings.Fields(f.Tag.Get("values")) }

func (f field) isSection() bool { return f.Type.Kind() == reflect.Struct }

// element returns the struct that the key is a list of, or nil.
func (f field) element() reflect.Type {
	if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
		return f.Type.Elem()
	}
	return nil
}

// firstKey returns the first key of an element of the list.
func (f field) firstKey() string {
	for below := range fields(f.element(), "") {
		return below.key()
	}
	return ""
}

// env returns the name of the environment variable of a key.
func (f field) env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(f.path, ".", "_"))
}

// typeName returns what kind of value the key takes, in words.
func (f field) typeName() string {
	switch f.Type {
	case reflect.TypeFor[Size]():
		return "size"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	}
	switch {
	case f.element() != nil:
		return "list of " + f.of()
	case f.Type.Kind() == reflect.Slice:
		return "list of texts"
	case f.Type.Kind() == reflect.Bool:
		return "true or false"
	case f.Type.Kind() == reflect.Int:
		return "number"
	case len(f.values()) > 0:
		return strings.Join(f.values(), ", ")
	}
	return "text"
}

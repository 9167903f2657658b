package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/config/nearest"
)

// decoder turns trees of maps, slices and texts into a Config, and notes what is wrong with them.
type decoder struct {
	places     places
	production bool
	errs       Errors
}

func (d *decoder) wrong(path, format string, args ...any) {
	d.errs = append(d.errs, &Error{d.places.of(path), fmt.Sprintf(format, args...)})
}

// section sets the keys of a struct that the tree has, and leaves the others.
func (d *decoder) section(path string, tree map[string]any, into reflect.Value) {
	known := map[string]field{}
	for f := range fields(into.Type(), path) {
		known[f.key()] = f
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		f, ok := known[key]
		switch value := tree[key]; {
		case !ok:
			d.unknown(path, key, slices.Sorted(maps.Keys(known)))
		case value != nil: // a key without a value has its default
			d.value(f, value, into.FieldByIndex(f.Index))
		}
	}
}

func (d *decoder) value(f field, tree any, into reflect.Value) {
	switch tree := tree.(type) {
	case map[string]any:
		if f.isSection() {
			d.section(f.path, tree, into)
			return
		}
	case []any:
		if into.Kind() == reflect.Slice {
			d.list(f, tree, into)
			return
		}
	case string:
		if into.Kind() != reflect.Slice && !f.isSection() {
			if err := f.parse(tree, into); err != nil {
				d.wrong(f.path, "%s: %v", f.path, err)
			}
			return
		}
	}
	d.wrong(f.path, "%s: %s", f.path, f.shape())
}

// list sets a list anew.
func (d *decoder) list(f field, tree []any, into reflect.Value) {
	into.SetZero()
	for i, item := range tree {
		path := fmt.Sprintf("%s[%d]", f.path, i)
		element := reflect.New(into.Type().Elem()).Elem()
		if !d.element(f, path, item, element) {
			d.wrong(path, "%s: %s", f.path, f.shape())
			continue
		}
		into.Set(reflect.Append(into, element))
	}
}

// element sets one element of a list, and reports whether the tree is of its kind.
func (d *decoder) element(f field, path string, tree any, into reflect.Value) bool {
	switch tree := tree.(type) {
	case map[string]any:
		if f.element() == nil {
			return false
		}
		setDefaults(into)
		d.section(path, tree, into)
		into.FieldByName("Place").Set(reflect.ValueOf(d.places.of(path)))
		return true
	case string:
		if f.element() != nil {
			return false
		}
		if err := f.parse(tree, into); err != nil {
			d.wrong(path, "%s: %v", f.path, err)
		}
		return true
	}
	return false
}

// shape says how the value of a key is written, to who wrote it otherwise.
func (f field) shape() string {
	switch {
	case f.isSection():
		var keys []string
		for below := range fields(f.Type, "") {
			keys = append(keys, below.key())
		}
		return "it has keys of its own; write them below it (" + strings.Join(keys, ", ") + ")"
	case f.element() != nil:
		return fmt.Sprintf(`it is a list of %s; begin each with "- %s: …", indented below it`, f.of(), f.firstKey())
	case f.Type.Kind() == reflect.Slice:
		return "it is a list of texts; write it as [one, another]"
	}
	return "it takes one value (" + f.typeName() + "), and neither keys of its own nor a list"
}

// unknown says that a section has no such key, and which one may have been meant.
func (d *decoder) unknown(path, key string, siblings []string) {
	full := join(path, key)
	section, last, dotted := strings.Cut(key, ".")
	if dotted && slices.Contains(siblings, section) {
		d.wrong(full, "unknown key %s; write %q, and below it %q, indented", full, section+":", last+":")
		return
	}
	d.wrong(full, "unknown key %s; %s", full, suggest(path, key, siblings))
}

// suggest ends a sentence about an unknown key: with the one probably meant, or with all there are.
func suggest(path, key string, siblings []string) string {
	if meant := nearest.Word(key, siblings); meant != "" {
		return "did you mean " + join(path, meant) + "?"
	}
	if !strings.Contains(path, "[") { // it may be in another section
		for f := range settings(reflect.TypeFor[Config](), "") {
			if f.key() == key {
				return "did you mean " + f.path + "?"
			}
		}
	}
	where := "the known ones are "
	if path != "" {
		where = path + " has "
	}
	return where + strings.Join(siblings, ", ")
}

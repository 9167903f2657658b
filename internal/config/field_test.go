package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// everyKey returns all keys, those of rules and the like included.
func everyKey() []field {
	all := slices.Collect(settings(reflect.TypeFor[Config](), ""))
	for _, f := range all {
		if f.element() != nil {
			all = slices.AppendSeq(all, settings(f.element(), ""))
		}
	}
	return all
}

func TestEveryKeyIsDescribedWell(t *testing.T) {
	for _, f := range everyKey() {
		if f.key() == "" || f.key() != strings.ToLower(f.key()) {
			t.Errorf("%s.%s has the key %q", f.path, f.Name, f.key())
		}
		if doc := f.doc(); !strings.HasSuffix(doc, ".") || strings.ContainsAny(doc, "|`\n") {
			t.Errorf("%s: the text %q is no sentence that fits into a table", f.path, doc)
		}
		v := reflect.New(f.Type).Elem()
		for _, text := range []string{f.least(), f.most()} {
			if text == "" {
				continue
			}
			if err := parseScalar(text, v); err != nil {
				t.Errorf("%s: the bound %q: %v", f.path, text, err)
			}
		}
		if text, ok := f.Tag.Lookup("default"); ok {
			if err := f.parse(text, v); err != nil {
				t.Errorf("%s: the default %q: %v", f.path, text, err)
			}
		}
		if f.typeName() == "" {
			t.Errorf("%s has a type without a name", f.path)
		}
	}
}

func TestEveryKeyHasAVariableOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for f := range settings(reflect.TypeFor[Config](), "") {
		name := f.env()
		if other, taken := seen[name]; taken {
			t.Errorf("%s and %s are both %s", other, f.path, name)
		}
		if ofKubernetes.MatchString(name) {
			t.Errorf("the variable %s of %s may be set by Kubernetes", name, f.path)
		}
		seen[name] = f.path
	}
	if seen["HOLDFAST_LISTEN_WEBSOCKET_OVER_H2"] != "listen.websocket_over_h2" {
		t.Errorf("the variables are %v", seen)
	}
}

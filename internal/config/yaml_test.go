package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestScalarsAreWhatIsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"007": "007", "0x10": "0x10", "1e3": "1e3", "yes": "yes", "2024-01-01": "2024-01-01", "'a b'": "a b", `"\u00e9"`: "é", "''": "",
	} {
		r := &yamlReader{places: places{}}
		if got, err := r.read([]byte(text)); err != nil || got != want {
			t.Errorf("%s is read as %q, %v; want %q", text, got, err, want)
		}
	}
}

// Whatever a file holds, it is a configuration, or there are errors that say where.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", Template(), exampleRules, "listen: {https: ':443'}", "a: &x [*x]", "a: *b", "<<: {}", "? {a: b}\n: c", "a.b: c", "[", "- - a",
		"channels: [{pattern: '#', history: {age: 1d}}]", "data: !!binary aGk=", "listen: !foo {https: x}", "%YAML 1.1\n---\n",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		name := filepath.Join(dir, "fuzz.yaml")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Options{File: name, Environ: []string{"HOLDFAST_CHANNELS=" + string(text)}})
		all, ok := errors.AsType[Errors](err)
		switch {
		case err == nil && c != nil:
		case !ok || c != nil || len(all) == 0:
			t.Fatalf("Load = %+v, %v", c, err)
		}
		for _, one := range all {
			if one.Place.Source != name && one.Place.Source != "HOLDFAST_CHANNELS" {
				t.Fatalf("%q is at no place: %+v", one.Problem, one.Place)
			}
		}
	})
}

package schema

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
)

// greedy asks four times as often about each level of a document that is nested, and has one of everything
// that computes with what it gets.
const greedy = `{
	"anyOf": [
		{"properties": {"a": {"$ref": "#"}, "op": {"const": 1}}, "required": ["op"]},
		{"properties": {"a": {"$ref": "#"}, "op": {"const": 2}}, "required": ["op"]},
		{"not": {"properties": {"a": {"$ref": "#"}}, "required": ["never"]}},
		{"items": {"$ref": "#"}, "uniqueItems": true, "contains": {"type": "string", "pattern": "^(a+)+$"}},
		{"type": "number", "multipleOf": 0.01, "minimum": -1e300, "exclusiveMaximum": 1e300},
		{"patternProperties": {"^x": {"$ref": "#"}}, "propertyNames": {"format": "uri"}, "unevaluatedProperties": false}
	]
}`

// deep returns a document that is nested n times.
func deep(n int) string {
	return strings.Repeat(`{"a":`, n) + "0" + strings.Repeat("}", n)
}

func TestNestingDoesNotMultiplyTheTimeACheckTakes(t *testing.T) {
	s := mustParse(t, greedy)
	if err := s.Check([]byte(deep(maxDepth))); err == nil || err.Error() != "it would take too long to hold it to the schema" {
		t.Errorf("got %v", err)
	}
	if err := s.Check([]byte(`{"a":{"a":{}}}`)); err != nil {
		t.Errorf("a document of a few levels: %v", err)
	}
	if err := s.Check([]byte(deep(maxDepth + 1))); err == nil || !strings.Contains(err.Error(), "nested deeper than 64") {
		t.Errorf("got %v", err)
	}
}

func TestADocumentOfTooManyValuesIsRefused(t *testing.T) {
	s := mustParse(t, `true`)
	if err := s.Check([]byte("[" + strings.Repeat("0,", maxValues-2) + "0]")); err != nil {
		t.Error(err)
	}
	if err := s.Check([]byte("[" + strings.Repeat("0,", maxValues-1) + "0]")); err == nil || !strings.Contains(err.Error(), "more than 20000 values") {
		t.Errorf("got %v", err)
	}
}

// FuzzCheck looks for documents that make a check panic, take long, or take much memory.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{
		`{"op":1,"a":{"op":2}}`, `[1,1.0,"a",["a","b"],{"x":null}]`, `1e400`, `-1e-400`, "0." + strings.Repeat("1", 50), deep(maxDepth), deep(10_000),
		strings.Repeat("[", 1000), "[" + strings.Repeat(`["a","b"],`, 1000) + "0]", `{"xa":1,"xa":2}`, "\xff", `"\ud800"`, `"` + strings.Repeat("a", 1000) + `!"`,
		`{"` + strings.Repeat("x", 1000) + `":[]}`, `{"text":"hi","to":["a@b"],"age":1}`, "", "null", " 1 2",
	} {
		f.Add([]byte(text))
	}
	schemas := []*Schema{mustParse(f, greedy), mustParse(f, chat)}
	f.Fuzz(func(t *testing.T, text []byte) {
		const most = 64 << 10
		text = text[:min(len(text), most)]
		kept := bytes.Clone(text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for _, s := range schemas {
			if err := s.Check(text); err != nil && len(err.Error()) > 3*maxClipped {
				t.Errorf("%d bytes are told", len(err.Error()))
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 {
			t.Errorf("it took %d bytes", used)
		}
		if !bytes.Equal(text, kept) {
			t.Error("the text has changed")
		}
	})
}

// BenchmarkCheck tells what a check costs besides reading the document.
func BenchmarkCheck(b *testing.B) {
	text := []byte(`{"text":"hello","to":["a@b.example"],"mood":"good","age":3,"at":{"line":1}}`)
	s := mustParse(b, chat)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := read(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Check(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}

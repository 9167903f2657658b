package schema

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// breaking returns what Breaking says, with "?" before what is not sure.
func breaking(old, next *Schema) []string {
	var all []string
	for _, change := range Breaking(old, next) {
		line := change.String()
		if change.Unsure {
			line = "? " + line
		}
		all = append(all, line)
	}
	return all
}

func TestWhatASchemaRefusesAndItsPredecessorDidNotIsTold(t *testing.T) {
	for _, test := range []struct {
		old, next string
		want      []string
	}{
		{`true`, `{}`, nil},
		{`{"type":"string"}`, `true`, nil},
		{`false`, `{"type":"string"}`, nil},
		{`{}`, `false`, []string{"nothing is allowed here any more"}},
		{`{}`, `{"title":"a","description":"b","$comment":"c","default":1,"examples":[1],"$defs":{"a":{"type":"null"}}}`, nil},

		{`{}`, `{"type":"string"}`, []string{"it has to be of type string now"}},
		{`{"type":"string"}`, `{"type":["string","null"]}`, nil},
		{`{"type":["string","null"]}`, `{"type":"string"}`, []string{"it may not be of type null any more"}},
		{`{"type":"integer"}`, `{"type":"number"}`, nil},
		{`{"type":"number"}`, `{"type":"integer"}`, []string{"it may not be of type number any more"}},

		{`{"enum":[1,"a"]}`, `{"enum":["a",1.0,2]}`, nil},
		{`{"enum":[1,"a",{"b":2}]}`, `{"enum":[1]}`, []string{`it may not be "a", {"b":2,} any more`}},
		{`{"enum":[1,2]}`, `{"const":1}`, []string{"it may not be 2 any more"}},
		{`{"const":1}`, `{"enum":[1,2]}`, nil},
		{`{}`, `{"const":null}`, []string{"it has to be one of null now"}},

		{`{"minimum":1}`, `{"minimum":0.5}`, nil},
		{`{"minimum":1}`, `{"minimum":1.5}`, []string{"minimum is 3/2 now, and was 1"}},
		{`{"maxLength":10}`, `{"maxLength":9}`, []string{"maxLength is 9 now, and was 10"}},
		{`{}`, `{"maxItems":9}`, []string{"maxItems is 9 now, and was not there"}},
		{`{}`, `{"minLength":0}`, nil},
		{`{}`, `{"minLength":1}`, []string{"minLength is 1 now, and was 0"}},
		{`{"maxLength":9}`, `{}`, nil},
		{`{"pattern":"a"}`, `{"pattern":"b"}`, []string{"pattern is b now, and was a"}},
		{`{}`, `{"format":"email"}`, []string{"format is email now, and was not there"}},
		{`{"multipleOf":2}`, `{"multipleOf":2}`, nil},
		{`{}`, `{"uniqueItems":true}`, []string{"its items have to differ now"}},

		{`{"required":["a"]}`, `{"required":["b","a"]}`, []string{`the member "b" is required now`}},
		{`{"properties":{"a":{"type":"string"}}}`, `{"properties":{"a":{}}}`, nil},
		{`{"properties":{"a":{}}}`, `{"properties":{"a":{"type":"string"}}}`, []string{"at /properties/a: it has to be of type string now"}},
		{`{}`, `{"properties":{"a":{"type":"string"}}}`, []string{"at /properties/a: it has to be of type string now"}},
		{`{"additionalProperties":false}`, `{"properties":{"a":{"type":"string"}},"additionalProperties":false}`, nil},
		{`{}`, `{"additionalProperties":false}`, []string{"other members than those named are not allowed any more"}},
		{`{"properties":{"a":{"type":"string"}},"additionalProperties":false}`, `{"additionalProperties":false}`, []string{`the member "a" is not allowed any more`}},
		{`{"properties":{"a":{"type":"string"}}}`, `{"additionalProperties":{"type":"string"}}`, []string{"at /additionalProperties: it has to be of type string now"}},
		{`{"patternProperties":{"a":{}}}`, `{"properties":{"a":{"type":"string"}}}`, []string{"? at /properties/a: it may have been held to patternProperties before"}},

		{`{"items":{"type":["string","null"]}}`, `{"items":{"type":"string"}}`, []string{"at /items: it may not be of type null any more"}},
		{`{"items":{"type":"string"}}`, `{"prefixItems":[{"type":"string"},{"type":"null"}]}`, []string{"at /prefixItems/1: it may not be of type string any more"}},
		{`{"prefixItems":[{"type":"null"}]}`, `{"items":{"type":"string"}}`, []string{"at /items: it has to be of type string now", "at /items: it may not be of type null any more"}},
		{`{}`, `{"contains":{"type":"string"}}`, []string{"it has to contain something now"}},

		{`{"anyOf":[{"type":"string"},{"type":"null"}]}`, `{"anyOf":[{"type":"null"},{"type":["string","number"]},{"const":7}]}`, nil},
		{`{"anyOf":[{"type":"string"},{"type":"null"}]}`, `{"anyOf":[{"type":"string"}]}`, []string{"no alternative of anyOf allows all that #/anyOf/1 of the older schema does"}},
		{`{"type":"string"}`, `{"anyOf":[{"type":"string"},{"type":"null"}]}`, nil},
		{`{"allOf":[{"type":"string"}]}`, `{"allOf":[{"type":"string"},{"maxLength":5}]}`, []string{"at /allOf/1: maxLength is 5 now, and was not there"}},
		{`{"type":"string"}`, `{"allOf":[{"type":"string"}]}`, nil},

		{`{"oneOf":[{"type":"string"}]}`, `{"oneOf":[{"type":"string"}]}`, nil},
		{`{"oneOf":[{"type":"string"}]}`, `{"oneOf":[{"type":"null"}]}`, []string{"? oneOf has changed, and can't be compared"}},
		{`{}`, `{"not":{"type":"null"}}`, []string{"not was not there"}},
		{`{"not":{"$ref":"#/$defs/a"},"$defs":{"a":{"type":"null"}}}`, `{"not":{"$ref":"#/$defs/a"},"$defs":{"a":{}}}`, []string{"? not has changed, and can't be compared"}},
		{`{"not":{"$ref":"#/$defs/a"},"$defs":{"a":{"type":"null"}}}`, `{"not":{"$ref":"#/$defs/a"},"$defs":{"a":{"type":"null"}},"title":"x"}`, nil},
		{`{}`, `{"then":false}`, nil},

		{`{"type":"string"}`, `{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}`, nil},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}`, `{"$ref":"#/$defs/a","$defs":{"a":{"type":"string","maxLength":1}}}`, []string{"at /$defs/a: maxLength is 1 now, and was not there"}},
		{`{"properties":{"next":{"$ref":"#"},"v":{}}}`, `{"properties":{"next":{"$ref":"#"},"v":{"type":"null"}}}`, []string{"at /properties/v: it has to be of type null now"}},
		{`{"$ref":"#/$defs/a","maxLength":3,"$defs":{"a":{"type":"string"}}}`, `{"$ref":"#/$defs/a","maxLength":3,"$defs":{"a":{"type":"null"}}}`, []string{"at /$defs/a: it may not be of type string any more"}},
		{`{}`, `{"$ref":"#x","$defs":{"a":{"$anchor":"x"}}}`, []string{"? it refers to what can't be followed here"}},
		{`{}`, `{"properties":{"a":{"$ref":"#"}},"minProperties":1}`, []string{"minProperties is 1 now, and was 0"}},
	} {
		if got := breaking(mustParse(t, test.old), mustParse(t, test.next)); !slices.Equal(got, test.want) {
			t.Errorf("%s → %s\n got  %q\n want %q", test.old, test.next, got, test.want)
		}
	}
	if got := breaking(nil, mustParse(t, `{"type":"object"}`)); !slices.Equal(got, []string{"it has to be of type object now"}) {
		t.Errorf("without an older schema: %q", got)
	}
}

func TestSchemasInSeveralFilesAreCompared(t *testing.T) {
	files := map[string]string{"a.json": `{"items":{"$ref":"parts/b.json#/$defs/x"}}`, "parts/b.json": `{"$defs":{"x":{"maxLength":5}}}`}
	before := write(t, files)
	files["parts/b.json"] = `{"$defs":{"x":{"maxLength":4}}}`
	after := write(t, files)
	var both []*Schema
	for _, dir := range []string{before, after} {
		s, err := Load(filepath.Join(dir, "a.json"))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, s)
	}
	if got := breaking(both[0], both[1]); !slices.Equal(got, []string{"at /$defs/x: maxLength is 4 now, and was 5"}) {
		t.Errorf("got %q", got)
	}
	if got := breaking(both[0], both[0]); got != nil {
		t.Errorf("a schema and itself: %q", got)
	}
}

// someSchema draws small schemas that often agree.
func someSchema(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		s := map[string]any{}
		pick := func(keyword string, value func() any) {
			if rapid.IntRange(0, 3).Draw(t, keyword+"?") == 0 {
				s[keyword] = value()
			}
		}
		pick("type", func() any {
			return rapid.SampledFrom([]any{"string", "integer", "number", []any{"object", "array"}, "null"}).Draw(t, "type")
		})
		pick("enum", func() any {
			return rapid.SampledFrom([]any{[]any{1, "a"}, []any{1}, []any{"a", nil, 2}}).Draw(t, "enum")
		})
		pick("const", func() any { return rapid.SampledFrom([]any{1, "a", nil}).Draw(t, "const") })
		for _, name := range []string{"minimum", "maximum", "minLength", "maxLength", "maxItems", "minItems", "maxProperties"} {
			pick(name, func() any { return rapid.IntRange(0, 2).Draw(t, name) })
		}
		pick("required", func() any { return []any{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "required")} })
		if depth == 0 {
			return s
		}
		below := func(label string) any { return someSchema(depth-1).Draw(t, label) }
		pick("properties", func() any {
			return map[string]any{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"): below("property")}
		})
		pick("additionalProperties", func() any { return rapid.SampledFrom([]any{false, true, below("additional")}).Draw(t, "others") })
		pick("patternProperties", func() any { return map[string]any{"^a": below("pattern")} })
		pick("items", func() any { return below("items") })
		pick("prefixItems", func() any { return []any{below("prefix")} })
		pick("contains", func() any { return below("contains") })
		pick("not", func() any { return below("not") })
		for _, name := range []string{"anyOf", "allOf", "oneOf"} {
			pick(name, func() any { return []any{below("first"), below("second")} })
		}
		return s
	})
}

// someDocument draws small documents.
func someDocument(depth int) *rapid.Generator[any] {
	simple := rapid.SampledFrom([]any{0, 1, 2, 1.5, "", "a", "aaa", nil, true})
	if depth == 0 {
		return simple
	}
	return rapid.OneOf(simple,
		rapid.Map(rapid.SliceOfN(someDocument(depth-1), 0, 3), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "ac"}), someDocument(depth-1), 0, 3), func(m map[string]any) any { return m }))
}

// parsed returns a schema that has been drawn.
func parsed(t *rapid.T, s any) *Schema {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := Parse("drawn", text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return parsed
}

func TestWhereNothingIsToldNothingIsRefusedThatWasAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := someSchema(2).Draw(t, "old")
		to := someSchema(2).Draw(t, "next")
		if rapid.Bool().Draw(t, "a change of one keyword") {
			to = from
			if object := to.(map[string]any); len(object) > 0 {
				changed := map[string]any{}
				for k, v := range object {
					changed[k] = v
				}
				for k, v := range someSchema(1).Draw(t, "change").(map[string]any) {
					changed[k] = v
				}
				to = changed
			}
		}
		old, next := parsed(t, from), parsed(t, to)
		if told := breaking(old, next); len(told) > 0 {
			return
		}
		for range 30 {
			text, err := json.Marshal(someDocument(2).Draw(t, "document"))
			if err != nil {
				t.Fatal(err)
			}
			if old.Check(text) == nil && next.Check(text) != nil {
				t.Fatalf("%s was allowed by %v and is not by %v: %v", strings.TrimSpace(string(text)), from, to, next.Check(text))
			}
		}
	})
}

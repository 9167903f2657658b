package schema

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const chat = `{
	"type": "object",
	"properties": {
		"text": {"type": "string", "maxLength": 10, "pattern": "^[a-z ]*$"},
		"to": {"type": "array", "uniqueItems": true, "items": {"type": "string", "format": "email"}},
		"mood": {"enum": ["good", "bad"]},
		"age": {"type": "integer", "minimum": 0},
		"at": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"line": {"type": "integer"}}, "required": ["line"]}]},
		"a/b~c": {"type": "null"}
	},
	"required": ["text"],
	"additionalProperties": false
}`

func mustParse(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestADocumentThatFitsIsTaken(t *testing.T) {
	s := mustParse(t, chat)
	for _, text := range []string{
		`{"text":"hello"}`, ` { "text" : "" } `, `{"text":"a","to":["a@b.example","c@b.example"],"mood":"bad"}`, `{"text":"a","age":1.0}`,
		`{"text":"a","age":1e3}`, `{"text":"a","at":"x"}`, `{"text":"a","at":{"line":1,"column":2}}`, `{"text":"a","a/b~c":null}`,
	} {
		if err := s.Check([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestADocumentThatDoesNotFitIsRefusedWithThePathOfTheFault(t *testing.T) {
	s := mustParse(t, chat)
	for text, want := range map[string]string{
		`{}`:                                  `the member "text" is missing`,
		`[]`:                                  `got array, want object`,
		`{"text":1}`:                          `at /text: got number, want string`,
		`{"text":"Secret"}`:                   `at /text: it does not match the pattern ^[a-z ]*$`,
		`{"text":"much too long a text"}`:     `at /text: maxLength: got 20, want 10`,
		`{"text":"a","more":1}`:               `there may be no member "more"`,
		`{"text":"a","mood":"odd"}`:           `at /mood: value must be one of 'good', 'bad'`,
		`{"text":"a","to":["x@b.example",7]}`: `at /to/1: got number, want string`,
		`{"text":"a","to":["nobody"]}`:        `at /to/0: it is no email`,
		`{"text":"a","to":["x@b.example","y@b.example","x@b.example"]}`: `at /to: the items 0 and 2 are the same`,
		`{"text":"a","age":-1}`:           `at /age: minimum: got -1, want 0`,
		`{"text":"a","age":1.5}`:          `at /age: got number, want integer`,
		`{"text":"a","at":{"line":"x"}}`:  `at /at/line: got string, want integer`,
		`{"text":"a","at":1}`:             `at /at: it fits nothing of anyOf`,
		`{"text":"a","a/b~c":1}`:          `at /a~1b~0c: got number, want null`,
		`{"text":"a","text":"b"}`:         `at /text: the name is there twice`,
		``:                                `it is not JSON at byte 0: it ends too early`,
		`{"text":"a"`:                     `it is not JSON at byte 11: it ends too early`,
		`hello`:                           `it is not JSON at byte 0: invalid character 'h' at start of value`,
		`{"text":"a"} {}`:                 `it is not JSON at byte 14: there is a second value behind the first`,
		`{"text":"a","age":1e999999999}`:  `at /age: the number has more than 64 characters, or an exponent beyond 400`,
		`{"text":"a","age":1e-999999999}`: `at /age: the number has more than 64 characters, or an exponent beyond 400`,
		`{"text":"a","age":` + strings.Repeat("9", 65) + `}`: `at /age: the number has more than 64 characters, or an exponent beyond 400`,
	} {
		for range 5 { // the same among several
			var fault *Mismatch
			if err := s.Check([]byte(text)); err == nil || err.Error() != want || !errors.As(err, &fault) {
				t.Fatalf("%s:\n got  %v\n want %s", text, err, want)
			}
		}
	}
}

func TestTheSameFaultIsToldOfSeveral(t *testing.T) {
	s := mustParse(t, `{"additionalProperties":{"type":"string"},"required":["z","y"]}`)
	for range 50 {
		if err := s.Check([]byte(`{"c":1,"b":2,"a":3}`)); err == nil || err.Error() != `the member "y" is missing` {
			t.Fatalf("got %v", err)
		}
		if err := s.Check([]byte(`{"c":1,"b":2,"a":3,"y":"","z":""}`)); err == nil || err.Error() != "at /a: got number, want string" {
			t.Fatalf("got %v", err)
		}
	}
}

func TestEqualItemsAreFoundHoweverTheyAreWritten(t *testing.T) {
	s := mustParse(t, `{"uniqueItems":true}`)
	for text, unique := range map[string]bool{
		`[1,2,3]`: true, `[1,1.0]`: false, `[100,1e2]`: false, `["1",1]`: true, `[null,false,0,""]`: true, `[{"a":1,"b":2},{"b":2,"a":1}]`: false,
		`[["a","b"],["a,b"]]`: true, `[[],{}]`: true, `["a","\u0061"]`: false, `[{"a":[1]},{"a":[2]}]`: true, `"aa"`: true,
	} {
		if err := s.Check([]byte(text)); (err == nil) != unique {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestASchemaThatCanNotBeUsedIsRefusedWithTheReason(t *testing.T) {
	for text, want := range map[string]string{
		"{\n\"type\": \"object\",\n}":                           `test:2: it is not JSON at byte 18: `,
		`[]`:                                                    `test: a schema is an object, or true or false`,
		`{"properties":{"a":{"type":"strng"}}}`:                 `test: at /properties/a/type: value must be one of `,
		`{"pattern":"(?=a)"}`:                                   `test: at /pattern: it is no regular expression of RE2: `,
		`{"$ref":"#/$defs/a"}`:                                  `json-pointer`,
		`{"$ref":"https://evil.example/schema"}`:                `test: it refers to "https://evil.example/schema"; a schema in a file may refer`,
		`{"$ref":"file:///etc/passwd"}`:                         `test: it refers to "file:///etc/passwd"; a schema in a file`,
		`{"$schema":"http://json-schema.org/draft-07/schema#"}`: `test: at /$schema: it is written in "http://json-schema.org/draft-07/schema#"; only "https://json-schema.org/draft/2020-12/schema" is known`,
		`{"$defs":{"a":{"$id":"a","$schema":"http://json-schema.org/draft-07/schema#","type":"string"}},"$ref":"a"}`: `another draft`,
		`{"items":{"$dynamicRef":"#a"},"$dynamicAnchor":"a"}`:                                                        `test: at /items: $dynamicRef is not known here; use $ref`,
		`{"description":"` + strings.Repeat("x", maxSchemaBytes) + `"}`:                                              `test: the schema has more than 262144 bytes`,
		strings.Repeat(`{"not":`, 70) + `{}` + strings.Repeat(`}`, 70):                                               `nested deeper than 64`,
	} {
		_, err := Parse("test", []byte(text))
		var known *Error
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &known) {
			t.Errorf("%.100s:\n got  %v\n want %s", text, err, want)
		}
	}
}

// write makes files in a new directory, and returns its name.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestASchemaRefersToFilesInItsDirectoryAndToNoOthers(t *testing.T) {
	dir := write(t, map[string]string{
		"chat/main.json":         `{"properties":{"who":{"$ref":"parts/user.json#/$defs/user"}}}`,
		"chat/parts/user.json":   `{"$defs":{"user":{"type":"object","properties":{"name":{"$ref":"name.json"}}}}}`,
		"chat/parts/name.json":   `{"type":"string"}`,
		"chat/up.json":           `{"$ref":"../secret.json"}`,
		"chat/gone.json":         `{"$ref":"parts/nobody.json"}`,
		"chat/broken.json":       `{"$ref":"parts/broken.json"}`,
		"chat/parts/broken.json": "{\n\"type\":\n}",
		"chat/wrong.json":        `{"$ref":"parts/wrong.json"}`,
		"chat/parts/wrong.json":  `{"minLength":-1}`,
		"chat/web.json":          `{"$id":"https://app.example/x.json","$ref":"y.json"}`,
		"chat/link.json":         `{"$ref":"linked.json"}`,
		"secret.json":            `{}`,
	})
	if err := os.Symlink("../secret.json", filepath.Join(dir, "chat/linked.json")); err != nil {
		t.Fatal(err)
	}
	s, err := Load(filepath.Join(dir, "chat/main.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check([]byte(`{"who":{"name":"ada"}}`)); err != nil {
		t.Error(err)
	}
	if err := s.Check([]byte(`{"who":{"name":1}}`)); err == nil || err.Error() != "at /who/name: got number, want string" {
		t.Errorf("got %v", err)
	}
	for name, want := range map[string]string{
		"up.json":     "secret.json\", which is outside its directory",
		"gone.json":   "parts/nobody.json, which can't be read: ",
		"broken.json": "parts/broken.json:3: at /type: it is not JSON at byte 10",
		"wrong.json":  "wrong.json: at /minLength: minimum: got -1, want 0",
		"web.json":    `it refers to "https://app.example/y.json"; a schema in a file may refer to files in its directory, and to nothing else`,
		"link.json":   "linked.json, which can't be read: ",
		"nobody.json": "no such file",
	} {
		if _, err := Load(filepath.Join(dir, "chat", name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got  %v\n want %s", name, err, want)
		}
	}
}

func TestManyCheckAtTheSameTime(t *testing.T) {
	s := mustParse(t, chat)
	var all sync.WaitGroup
	for range 2 * maxCheckers {
		all.Go(func() {
			for i := range 50 {
				text, good := fmt.Sprintf(`{"text":"a","age":%d}`, i), i%2 == 0
				if !good {
					text = `{"text":"a","age":"x"}`
				}
				if err := s.Check([]byte(text)); (err == nil) != good {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
	all.Wait()
}

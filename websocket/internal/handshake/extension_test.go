package handshake

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestExtensionsAreReadByTheGrammarOfTheRFC(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  []Extension
	}{
		{nil, nil},
		{[]string{"foo"}, []Extension{{Name: "foo"}}},
		{[]string{"deflate-stream"}, []Extension{{Name: "deflate-stream"}}},
		{[]string{"mux; max-channels=4; flow-control, deflate-stream"}, []Extension{
			{"mux", []Param{{"max-channels", "4"}, {"flow-control", ""}}}, {Name: "deflate-stream"}}},
		{[]string{"private-extension"}, []Extension{{Name: "private-extension"}}},
		{[]string{"foo", "bar; baz=2"}, []Extension{{Name: "foo"}, {"bar", []Param{{"baz", "2"}}}}},
		{[]string{`a;b="c"`}, []Extension{{"a", []Param{{"b", "c"}}}}},
		{[]string{`a; b="c\d\e"`}, []Extension{{"a", []Param{{"b", "cde"}}}}},
		{[]string{"\ta ; b = c ;\td\t, ,, e ,"}, []Extension{{"a", []Param{{"b", "c"}, {"d", ""}}}, {Name: "e"}}},
		{[]string{"a;b;b=1;b"}, []Extension{{"a", []Param{{"b", ""}, {"b", "1"}, {"b", ""}}}}},
		{[]string{"", "a"}, []Extension{{Name: "a"}}},
	} {
		got, err := Extensions(http.Header{"Sec-Websocket-Extensions": c.lines})
		if !reflect.DeepEqual(got, c.want) || err != nil {
			t.Errorf("%q: got %v, %v; want %v", c.lines, got, err, c.want)
		}
	}
}

func TestExtensionsOutsideTheGrammarAreRefused(t *testing.T) {
	for line, want := range map[string]string{
		"":              "is empty; leave it out if there is nothing to offer",
		" ,, ":          "is empty; leave it out if there is nothing to offer",
		";a":            `lacks an extension name at ";a" (RFC 6455 section 9.1)`,
		"a b":           `has neither ';' nor ',' at "b" (RFC 6455 section 9.1)`,
		"a/b":           `has neither ';' nor ',' at "/b" (RFC 6455 section 9.1)`,
		"a;":            `lacks a parameter name at "" (RFC 6455 section 9.1)`,
		"a;;b":          `lacks a parameter name at ";b" (RFC 6455 section 9.1)`,
		"a;b=":          `lacks a value for "b" (RFC 6455 section 9.1)`,
		"a;b=,c":        `lacks a value for "b" (RFC 6455 section 9.1)`,
		`a;b=""`:        `has an empty quoted value (RFC 6455 section 9.1)`,
		`a;b="c`:        `has a quoted value without its closing quote (RFC 6455 section 9.1)`,
		`a;b="c\`:       `has a quoted value that is not a token at "\\" (RFC 6455 section 9.1)`,
		`a;b="c d"`:     `has a quoted value that is not a token at " d\"" (RFC 6455 section 9.1)`,
		`a;b="c\ d"`:    `has a quoted value that is not a token at " d\"" (RFC 6455 section 9.1)`,
		`a;b="c"d`:      `has neither ';' nor ',' at "d" (RFC 6455 section 9.1)`,
		"é":             `lacks an extension name at "é" (RFC 6455 section 9.1)`,
		`a;b="c, d="e"`: `has a quoted value that is not a token at ", d=\"e\"" (RFC 6455 section 9.1)`,
	} {
		got, err := Extensions(http.Header{"Sec-Websocket-Extensions": {line}})
		if err == nil || got != nil || err.Error() != "Sec-WebSocket-Extensions "+want {
			t.Errorf("%q: got %v, %v\nwant %s", line, got, err, want)
		}
	}
}

func TestExtensionsAreBounded(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{strings.Repeat("a,", 64)}, ""},
		{[]string{strings.Repeat("a,", 65)}, "Sec-WebSocket-Extensions has more than 64 extensions"},
		{[]string{"a" + strings.Repeat(";b", 32), "a" + strings.Repeat(";b", 32)}, ""},
		{[]string{"a" + strings.Repeat(";b", 32), "a" + strings.Repeat(";b", 33)}, "Sec-WebSocket-Extensions has more than 64 parameters (RFC 6455 section 9.1)"},
	} {
		_, err := Extensions(http.Header{"Sec-Websocket-Extensions": c.lines})
		if err == nil && c.want != "" || err != nil && err.Error() != c.want {
			t.Errorf("%.20q…: got %v, want %q", c.lines, err, c.want)
		}
	}
}

// write renders extensions the way a peer might, with values quoted where quoted says so.
func write(list []Extension, quoted func() bool) string {
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(e.Name)
		for _, p := range e.Params {
			b.WriteString("; " + p.Name)
			switch {
			case p.Value == "":
			case quoted():
				b.WriteString(`="\` + p.Value + `"`)
			default:
				b.WriteString("=" + p.Value)
			}
		}
	}
	return b.String()
}

func TestExtensionsAreReadAsTheyWereWritten(t *testing.T) {
	token := rapid.StringMatching("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}")
	param := rapid.Custom(func(t *rapid.T) Param {
		return Param{token.Draw(t, "name"), rapid.OneOf(rapid.Just(""), token).Draw(t, "value")}
	})
	extension := rapid.Custom(func(t *rapid.T) Extension {
		e := Extension{Name: token.Draw(t, "extension")}
		if n := rapid.IntRange(0, 5).Draw(t, "params"); n > 0 {
			e.Params = rapid.SliceOfN(param, n, n).Draw(t, "list")
		}
		return e
	})
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(extension, 1, 8).Draw(t, "extensions")
		line := write(want, func() bool { return rapid.Bool().Draw(t, "quoted") })
		got, err := Extensions(http.Header{"Sec-Websocket-Extensions": {line}})
		if !reflect.DeepEqual(got, want) || err != nil {
			t.Fatalf("%s: got %v, %v", line, got, err)
		}
	})
}

func FuzzExtensions(f *testing.F) {
	for _, line := range []string{"permessage-deflate; client_max_window_bits", `a;b="c\d";e, f`, "a;;", `a;b="`, ",,a , ;"} {
		f.Add(line, "x")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		got, err := Extensions(http.Header{"Sec-Websocket-Extensions": {first, second}})
		if err != nil {
			checkSentence(t, err.Error())
			return
		}
		if len(got) == 0 || len(got) > maxListElements {
			t.Fatalf("%d extensions", len(got))
		}
		params := 0
		for _, e := range got {
			params += len(e.Params)
			for _, p := range e.Params {
				if !isToken(p.Name) || p.Value != "" && !isToken(p.Value) {
					t.Fatalf("parameter %q", p)
				}
			}
			if !isToken(e.Name) || params > maxListElements {
				t.Fatalf("extension %q, %d parameters so far", e.Name, params)
			}
		}
		again, err := Extensions(http.Header{"Sec-Websocket-Extensions": {write(got, func() bool { return false })}})
		if !reflect.DeepEqual(again, got) || err != nil {
			t.Fatalf("%q was read as %v and, written again, as %v, %v", []string{first, second}, got, again, err)
		}
	})
}

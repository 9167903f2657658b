package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestALineIsTextUnlessItBeginsWithOneSlash(t *testing.T) {
	for in, want := range map[string]command{
		"":                      {verb: sayNothing},
		"hello":                 {verb: sayText, payload: []byte("hello")},
		" /ping":                {verb: sayText, payload: []byte(" /ping")},
		"//ping":                {verb: sayText, payload: []byte("/ping")},
		"//":                    {verb: sayText, payload: []byte("/")},
		"/ping":                 {verb: sayPing},
		"/help":                 {verb: sayHelp},
		"/binary":               {verb: sayBinary, payload: []byte{}},
		"/binary 00ff":          {verb: sayBinary, payload: []byte{0, 255}},
		"/binary  00 FF  1":     {},
		"/binary 00 FF 10":      {verb: sayBinary, payload: []byte{0, 255, 16}},
		"/close":                {verb: sayClose, code: websocket.CloseNormal},
		"/close ":               {verb: sayClose, code: websocket.CloseNormal},
		"/close 4000":           {verb: sayClose, code: 4000},
		"/close 4000 see you ":  {verb: sayClose, code: 4000, reason: "see you"},
		"/close 1000   goodbye": {verb: sayClose, code: 1000, reason: "goodbye"},
	} {
		got, err := parseCommand(in)
		if want.verb == sayNothing && in != "" {
			if err == nil {
				t.Errorf("parseCommand(%q) = %+v, want an error", in, got)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("parseCommand(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
}

func TestAMistypedCommandIsNotSent(t *testing.T) {
	for in, want := range map[string]string{
		"/pong":          "unknown command /pong; /help lists them, and //pong sends this line as text",
		"/":              "unknown command /",
		"/PING":          "unknown command",
		"/binary xyz":    `"xyz" is not hexadecimal`,
		"/binary 0":      "is not hexadecimal",
		"/close goodbye": `"goodbye" is no close code`,
		"/close 0":       "is no close code",
		"/close 70000":   "is no close code",
	} {
		if _, err := parseCommand(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseCommand(%q): %v; want %q", in, err, want)
		}
	}
}

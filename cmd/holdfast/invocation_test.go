package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandsToCopyBeginAsTheUserBegan(t *testing.T) {
	for _, test := range []struct {
		program  string
		atSource bool
		want     string
	}{
		{"holdfast", false, "holdfast"},
		{"holdfast", true, "holdfast"},
		{"./holdfast", true, "./holdfast"},
		{"/opt/my tools/holdfast", false, "'/opt/my tools/holdfast'"},
		{"/tmp/go-build123/b001/exe/holdfast", true, "go run ./cmd/holdfast"},
		{"/home/me/.cache/go-build/80/80e1-d/holdfast", true, "go run ./cmd/holdfast"},
		{"/cache/80/" + strings.Repeat("80", 32) + "-d/holdfast", true, "go run ./cmd/holdfast"},
		{"/tmp/go-build123/b001/exe/holdfast", false, "holdfast"},
		{"", false, "holdfast"},
	} {
		if got := invocationOf(filepath.FromSlash(test.program), test.atSource); got != test.want {
			t.Errorf("invocationOf(%q, %t) = %s, want %s", test.program, test.atSource, got, test.want)
		}
	}
}

func TestAShellReadsAQuotedWordAsItWas(t *testing.T) {
	for in, want := range map[string]string{
		"/home/me/.config/holdfast/ca/ca.pem": "/home/me/.config/holdfast/ca/ca.pem",
		"":                                    "''",
		"two words":                           "'two words'",
		"it's":                                `'it'\''s'`,
		"$HOME;ls":                            "'$HOME;ls'",
		"~x":                                  "'~x'",
	} {
		if got := shellQuote(in); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
)

// invocation returns how the user starts this program, for commands that are shown to be copied:
// "go run ./cmd/holdfast", "./holdfast" or "holdfast".
func invocation() string {
	_, err := os.Stat(filepath.FromSlash("cmd/holdfast"))
	return invocationOf(os.Args[0], err == nil)
}

// invocationOf judges by the path of the program, and by whether the source is below the working
// directory. "go run" starts a program out of its build cache or a temporary go-build folder.
func invocationOf(program string, atSource bool) string {
	if strings.Contains(program, string(filepath.Separator)+"go-build") {
		if atSource {
			return "go run ./cmd/holdfast"
		}
		return "holdfast"
	}
	if program == "" {
		return "holdfast"
	}
	return shellQuote(program)
}

// shellQuote returns s as one word of a shell's command line.
func shellQuote(s string) string {
	if s != "" && !strings.ContainsFunc(s, needsQuotes) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func needsQuotes(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune(`/._-+:@%,=`, r)
}

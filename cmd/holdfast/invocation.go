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
// directory.
func invocationOf(program string, atSource bool) string {
	switch {
	case startedByGo(program) && atSource:
		return "go run ./cmd/holdfast"
	case startedByGo(program), program == "":
		return "holdfast"
	}
	return shellQuote(program)
}

// startedByGo tells whether "go run" started the program: out of a temporary go-build folder, or out
// of Go's build cache, where a program lies in a folder named after a SHA-256 sum and "-d".
func startedByGo(program string) bool {
	folder := filepath.Base(filepath.Dir(program))
	return strings.Contains(program, string(filepath.Separator)+"go-build") ||
		len(folder) == 64+len("-d") && strings.HasSuffix(folder, "-d")
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

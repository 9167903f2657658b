package main

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func readAllLines(r io.Reader, maxBytes int) (lines []string, err error) {
	for l := range untilError(readLines(r, maxBytes, nil), &err) {
		lines = append(lines, string(l))
	}
	return lines, err
}

// untilError yields lines up to the error that ends them.
func untilError(lines <-chan line, err *error) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for l := range lines {
			if l.err != nil {
				*err = l.err
				return
			}
			if !yield(l.text) {
				return
			}
		}
	}
}

func TestLinesComeInOrderWithoutTheirEndings(t *testing.T) {
	long := strings.Repeat("x", 3*bufio.MaxScanTokenSize)
	for in, want := range map[string][]string{
		"":               nil,
		"one":            {"one"},
		"one\n":          {"one"},
		"one\ntwo":       {"one", "two"},
		"one\r\ntwo\r\n": {"one", "two"},
		"\n\n":           {"", ""},
		"a\rb\r\r\n":     {"a\rb\r"},
		long + "\nafter": {long, "after"},
	} {
		got, err := readAllLines(iotest.OneByteReader(strings.NewReader(in)), maxSize)
		if !errors.Is(err, io.EOF) || !slices.Equal(got, want) {
			t.Errorf("the lines of %.40q are %.80q, then %v; want %.80q", in, got, err, want)
		}
	}
}

func TestALineMayBeAsLongAsTheLimitAndNoLonger(t *testing.T) {
	for _, ending := range []string{"", "\n", "\r\n"} {
		if got, err := readAllLines(strings.NewReader("12345678"+ending), 8); !errors.Is(err, io.EOF) || len(got) != 1 {
			t.Errorf("a line of 8 bytes ending in %q gives %q, %v", ending, got, err)
		}
		if got, err := readAllLines(strings.NewReader("123456789"+ending), 8); errors.Is(err, io.EOF) || len(got) != 0 {
			t.Errorf("a line of 9 bytes ending in %q gives %q, %v", ending, got, err)
		}
	}
}

func TestAReadErrorComesAfterTheLinesBeforeIt(t *testing.T) {
	broken := errors.New("broken")
	got, err := readAllLines(io.MultiReader(strings.NewReader("one\n"), iotest.ErrReader(broken)), maxSize)
	if !errors.Is(err, broken) || !slices.Equal(got, []string{"one"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTheWholeInputIsOneMessageUpToTheLimit(t *testing.T) {
	for in, want := range map[string]bool{"": true, "a\nb\x00": true, "12345678": true, "123456789": false} {
		var err error
		var got []string
		for text := range untilError(readWhole(strings.NewReader(in), 8, nil), &err) {
			got = append(got, string(text))
		}
		if errors.Is(err, io.EOF) != want || want && !slices.Equal(got, []string{in}) {
			t.Errorf("%q gives %q, %v", in, got, err)
		}
	}
}

func TestTheReaderOfLinesEndsWhenNobodyWantsThem(t *testing.T) {
	stop := make(chan struct{})
	r, w := io.Pipe()
	readLines(r, maxSize, stop)
	close(stop)
	if _, err := io.WriteString(w, "nobody waits for this line\n"); err != nil {
		t.Error(err)
	}
	// goleak, in TestMain, sees that the goroutine is gone.
}

package client

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads all events, and says how it ended.
func readAll(r io.Reader, most int64) (all []string, err error) {
	e := newEvents(r, most)
	for {
		event, data, err := e.next()
		if err != nil {
			return all, err
		}
		all = append(all, fmt.Sprintf("%s %s", event, data))
	}
}

func TestEventsAreReadAsTheStandardSays(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
		err  error
	}{
		{"", nil, io.EOF},
		{"data: a\n\n", []string{"message a"}, io.EOF},
		{"data:a\r\n\r\n", []string{"message a"}, io.EOF},
		{"event: open\ndata: a\n\ndata: b\n\n", []string{"open a", "message b"}, io.EOF},
		{"data: a\ndata:  b\ndata\n\n", []string{"message a\n b\n"}, io.EOF},
		{": a comment\n\n:\n\ndata: a\nid: 7\nretry: 3\nother: x\n\n", []string{"message a"}, io.EOF},
		{"event: open\n\ndata: a\n\n", []string{"message a"}, io.EOF}, // without data there is no event
		{"data: a\n", nil, io.EOF},                                    // it has not ended
		{"data: a\n\ndata: b", []string{"message a"}, io.ErrUnexpectedEOF},
		{"data: " + strings.Repeat("x", 100) + "\n\n", []string{"message " + strings.Repeat("x", 100)}, io.EOF},
		{"data: " + strings.Repeat("x", 101) + "\n\n", nil, errEventTooLarge},
		{strings.Repeat("data: xxxxxxxxxxxxxxxxxxxxxx\n", 5), nil, errEventTooLarge},
		{strings.Repeat("x", 1<<20), nil, errEventTooLarge},
	} {
		for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
			if got, err := readAll(r, 100); !slices.Equal(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("%.60q: got %q, %v; want %q, %v", test.text, got, err, test.want, test.err)
			}
		}
	}
}

// However the bytes come, the events are the same, and no event has more data than it may.
func FuzzEvents(f *testing.F) {
	for _, text := range []string{
		"event: open\ndata: {\"connection\":\"x\"}\n\n",
		"data: one\n\n:\n\ndata: two\r\n\r\n",
		"event: close\ndata: {\"code\":4401,\"reason\":\"old\"}\n\n",
		"data\n\ndata: \xff\n\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const most = 64
		at, err := readAll(strings.NewReader(text), most)
		by, errBy := readAll(iotest.OneByteReader(strings.NewReader(text)), most)
		if !slices.Equal(at, by) || !errors.Is(errBy, err) {
			t.Errorf("at once %q, %v; byte by byte %q, %v", at, err, by, errBy)
		}
		e := newEvents(strings.NewReader(text), most)
		for {
			_, data, err := e.next()
			if err != nil {
				break
			}
			if len(data) > most {
				t.Errorf("%d bytes of data", len(data))
			}
		}
	})
}

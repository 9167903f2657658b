package protocol

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAnErrorSaysItsCodeAndItsRef(t *testing.T) {
	err := Errorf(CodeLogFull, "the log of %s is full", "chat/#")
	if got := err.Error(); got != "log_full: the log of chat/# is full" || !err.Retry {
		t.Errorf("got %q, retry %t", got, err.Retry)
	}
	err.Ref = "q7x2"
	if got := err.Error(); !strings.HasSuffix(got, " (ref q7x2)") {
		t.Errorf("got %q", got)
	}
}

func TestALongMessageOfAnErrorIsCutBetweenCharacters(t *testing.T) {
	for _, e := range encodings {
		for pad := range 4 {
			message := strings.Repeat("x", pad) + strings.Repeat("🌍", 1000)
			all, err := e.DecodeServer(e.AppendError(nil, 1, Errorf(CodeInternal, "%s", message)))
			if err != nil {
				t.Fatal(err)
			}
			got := all[0].Reply.Err.Message
			if len(got) > 1<<10 || len(got) < 1<<10-8 || !utf8.ValidString(got) || !strings.HasSuffix(got, "🌍…") {
				t.Errorf("%v: %d bytes, ending %q", e, len(got), got[len(got)-10:])
			}
		}
	}
}

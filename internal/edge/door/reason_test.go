package door

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAReasonIsCutToWhatFitsAndItsRefIsNot(t *testing.T) {
	if got := Reason("no", "ABCDEFGH"); got != "no (ref ABCDEFGH)" {
		t.Errorf("got %q", got)
	}
	if got := Reason("no", ""); got != "no" {
		t.Errorf("got %q", got)
	}
	got := Reason(strings.Repeat("ü", 100), "ABCDEFGH")
	if len(got) > MaxReasonBytes || len(got) < MaxReasonBytes-1 || !utf8.ValidString(got) || !strings.HasSuffix(got, "ü (ref ABCDEFGH)") {
		t.Errorf("got %q, of %d bytes", got, len(got))
	}
}

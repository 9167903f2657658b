package handshake

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// failer is what *testing.T, *testing.F and *rapid.T have in common that the checks here need.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkRefusal demands what must hold for every refusal, whatever the peer sent: it can be sent as an HTTP answer and shown on a
// terminal.
func checkRefusal(t failer, refusal *Refusal) {
	t.Helper()
	if refusal.Status < 400 || http.StatusText(refusal.Status) == "" {
		t.Fatalf("status %d", refusal.Status)
	}
	if refusal.Status == http.StatusUpgradeRequired && (refusal.Header.Get("Sec-WebSocket-Version") != "13" ||
		refusal.Header.Get("Upgrade") != "websocket" || refusal.Header.Get("Connection") != "Upgrade") {
		t.Fatalf("426 with headers %v", refusal.Header)
	}
	checkSentence(t, refusal.Reason)
}

// checkSentence demands that a message is bounded and printable although it repeats what the peer sent.
func checkSentence(t failer, s string) {
	t.Helper()
	if s == "" || len(s) > 1000 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("message of %d bytes: %q", len(s), s)
	}
}

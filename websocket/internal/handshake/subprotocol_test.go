package handshake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestSubprotocolsComeInTheClientsOrder(t *testing.T) {
	h := http.Header{"Sec-Websocket-Protocol": {"c, a ,,b", "\tA"}}
	got, err := Subprotocols(h)
	if want := []string{"c", "a", "b", "A"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := Subprotocols(http.Header{}); got != nil || err != nil {
		t.Errorf("without the header: %q, %v", got, err)
	}
}

func TestAtMost64SubprotocolsMayBeOffered(t *testing.T) {
	var names []string
	for i := range 65 {
		names = append(names, fmt.Sprintf("p%d", i))
	}
	if _, err := Subprotocols(http.Header{"Sec-Websocket-Protocol": names[:64]}); err != nil {
		t.Error(err)
	}
	_, err := Subprotocols(http.Header{"Sec-Websocket-Protocol": {strings.Join(names, ",")}})
	if err == nil || err.Error() != "Sec-WebSocket-Protocol names more than 64 subprotocols" {
		t.Errorf("65: %v", err)
	}
}

func TestTheServersPreferenceDecidesTheSubprotocol(t *testing.T) {
	for _, c := range []struct {
		offered, supported []string
		want               string
	}{
		{[]string{"a", "b"}, []string{"b", "a"}, "b"},
		{[]string{"a"}, []string{"b", "a"}, "a"},
		{[]string{"A"}, []string{"a"}, ""},
		{nil, []string{"a"}, ""},
		{[]string{"a"}, nil, ""},
	} {
		if got := SelectSubprotocol(c.offered, c.supported); got != c.want {
			t.Errorf("offered %q, supported %q: %q, want %q", c.offered, c.supported, got, c.want)
		}
	}
}

func TestTokensAreThoseOfTheRFC(t *testing.T) {
	const delimiters = "\"(),/:;<=>?@[\\]{}"
	for c := range 256 {
		want := c > ' ' && c < 0x7f && !strings.ContainsRune(delimiters, rune(c))
		if got := isToken(string([]byte{byte(c)})); got != want {
			t.Errorf("isToken(%q) = %v", []byte{byte(c)}, got)
		}
	}
	if isToken("") {
		t.Error("an empty string is a token")
	}
}

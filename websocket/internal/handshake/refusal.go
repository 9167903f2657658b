package handshake

import (
	"net/http"
	"strconv"
	"unicode/utf8"
)

// Refusal says why a request is not upgraded, and how to answer it.
type Refusal struct {
	Status int         // the HTTP status of the answer
	Reason string      // a sentence for the answer's body: what is wrong and, where it helps, what to do
	Header http.Header // headers the answer must carry, such as Sec-WebSocket-Version with 426; may be nil
}

// Error returns the status and the reason.
func (r *Refusal) Error() string {
	return strconv.Itoa(r.Status) + " " + http.StatusText(r.Status) + ": " + r.Reason
}

func badRequest(reason string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Reason: reason}
}

// upgradeRequired is a refusal that tells which protocol and version would be welcome (RFC 9110 section 15.5.22 and RFC 6455
// section 4.2.2).
func upgradeRequired(reason string) *Refusal {
	h := http.Header{}
	h.Set("Upgrade", protocolName)
	h.Set("Connection", "Upgrade")
	h.Set("Sec-WebSocket-Version", protocolVersion)
	return &Refusal{Status: http.StatusUpgradeRequired, Reason: reason, Header: h}
}

// maxQuotedBytes bounds how much of a value sent by the peer is repeated in a message.
const maxQuotedBytes = 100

// quote makes a value sent by the peer fit to be shown: in quotes, cut, with everything unprintable escaped.
func quote(s string) string {
	if len(s) <= maxQuotedBytes {
		return strconv.Quote(s)
	}
	cut := maxQuotedBytes
	for cut > maxQuotedBytes-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}

package wstest

import (
	"fmt"
	"strconv"
	"strings"
)

const deflateName = "permessage-deflate"

// The parameters of permessage-deflate (RFC 7692 section 7.1).
const (
	serverNoTakeover = "server_no_context_takeover"
	clientNoTakeover = "client_no_context_takeover"
	serverWindowBits = "server_max_window_bits"
	clientWindowBits = "client_max_window_bits"
)

// agreement is what client and server have agreed on for permessage-deflate.
type agreement struct{ client, server direction }

// extension is an element of Sec-WebSocket-Extensions; a parameter without a value has "".
type extension struct {
	name   string
	params []field
}

func (e extension) get(name string) (value string, ok bool) {
	for _, p := range e.params {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

// readExtensions reads header lines (RFC 6455 section 9.1). What does not follow the grammar becomes
// a name or value that nothing knows.
func readExtensions(lines []string) []extension {
	var all []extension
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(element, ";")
			e := extension{name: strings.TrimSpace(name)}
			for param := range strings.SplitSeq(params, ";") {
				name, value, _ := strings.Cut(param, "=")
				if name = strings.TrimSpace(name); name != "" {
					e.params = append(e.params, field{name, strings.Trim(strings.TrimSpace(value), `"`)})
				}
			}
			all = append(all, e)
		}
	}
	return all
}

// readAgreement reads what a server has answered to an offer. It returns nil if the server has
// declined, and what is wrong with its answer, or "".
func readAgreement(offer string, answer []string) (agreed *agreement, fault string) {
	if len(answer) == 0 {
		return nil, ""
	}
	quoted := fmt.Sprintf("the header Sec-WebSocket-Extensions %q, ", answer)
	chosen := readExtensions(answer)
	if offer == "" || len(chosen) != 1 || chosen[0].name != deflateName {
		return nil, quoted + "which chooses what was not offered"
	}
	for _, offered := range readExtensions([]string{offer}) {
		if agreed, fault = match(offered, chosen[0]); agreed != nil {
			return agreed, ""
		}
	}
	return nil, quoted + fault
}

// match returns the agreement if the server's choice is a right answer to one offer (RFC 7692
// section 7.1), and what is wrong with it otherwise.
func match(offered, chosen extension) (*agreement, string) {
	a := &agreement{client: direction{bits: maxWindowBits}, server: direction{bits: maxWindowBits}}
	seen := map[string]bool{}
	for _, p := range chosen.params {
		if seen[p.name] {
			return nil, "which has " + p.name + " twice"
		}
		seen[p.name] = true
		bits, isBits := windowBits(p.value)
		most, wasOffered := offered.get(p.name)
		limit, limited := windowBits(most)
		switch {
		case p.name == serverNoTakeover && p.value == "":
			a.server.noTakeover = true
		case p.name == clientNoTakeover && p.value == "":
			a.client.noTakeover = true
		case (p.name == serverWindowBits || p.name == clientWindowBits) && isBits && limited && bits > limit:
			return nil, fmt.Sprintf("which has a larger %s than offered", p.name)
		case p.name == serverWindowBits && isBits:
			a.server.bits = bits
		case p.name == clientWindowBits && isBits && wasOffered:
			a.client.bits = bits
		default:
			return nil, fmt.Sprintf("in which %s=%q is not a right answer", p.name, p.value)
		}
	}
	for _, must := range []string{serverNoTakeover, serverWindowBits} {
		if _, asked := offered.get(must); asked && !seen[must] {
			return nil, "which lacks " + must + ", though it was asked for"
		}
	}
	return a, ""
}

// windowBits reads a number of window bits: 8 to 15 in decimal without leading zeroes (RFC 7692
// section 7.1.2).
func windowBits(s string) (bits int, ok bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && 8 <= n && n <= maxWindowBits && strconv.Itoa(n) == s
}

// answerOffer returns the agreement that comes of answering a client's offers so, with what the
// offer asks for besides, and the whole answer; or why they can't be answered so.
func answerOffer(answer string, offers []string) (agreed *agreement, whole, refusal string) {
	for _, offered := range readExtensions(offers) {
		if offered.name != deflateName {
			continue
		}
		whole = answer
		for _, must := range []string{serverNoTakeover, serverWindowBits} {
			value, asked := offered.get(must)
			if _, there := readExtensions([]string{answer})[0].get(must); asked && !there {
				whole += "; " + must
				if value != "" {
					whole += "=" + value
				}
			}
		}
		if agreed, _ = match(offered, readExtensions([]string{whole})[0]); agreed != nil {
			return agreed, whole, ""
		}
	}
	return nil, "", fmt.Sprintf("the client offers the extensions %q, which do not allow %q", offers, answer)
}

package deflate

import "errors"

// Name is how the extension is called in Sec-WebSocket-Extensions (RFC 7692 section 7).
const Name = "permessage-deflate"

// Param is one parameter of an element of Sec-WebSocket-Extensions. A value is never empty where one is given, so an empty Value
// means that the parameter came without one.
type Param struct {
	Name, Value string
}

const (
	serverNoTakeover = "server_no_context_takeover"
	clientNoTakeover = "client_no_context_takeover"
	serverMaxBits    = "server_max_window_bits"
	clientMaxBits    = "client_max_window_bits"
)

const (
	minWindowBits = 8
	maxWindowBits = 15
)

// parameters is what one element says, in an offer or in a response.
type parameters struct {
	serverNoTakeover, clientNoTakeover bool
	serverBits                         int // 0 if absent
	clientBits                         int // 0 if absent or without a value
	clientBitsGiven                    bool
}

// parseParameters applies the rules that sections 7 and 7.1 of RFC 7692 have for offers and responses alike; only in an offer
// may client_max_window_bits come without a value.
func parseParameters(list []Param, offer bool) (p parameters, err error) {
	seen := make(map[string]bool, len(list))
	for _, param := range list {
		if seen[param.Name] {
			return p, errors.New(Name + " has " + param.Name + " twice (RFC 7692 section 7)")
		}
		ok := true
		switch param.Name {
		case serverNoTakeover:
			p.serverNoTakeover, ok = true, param.Value == ""
		case clientNoTakeover:
			p.clientNoTakeover, ok = true, param.Value == ""
		case serverMaxBits:
			p.serverBits, ok = windowBits(param.Value)
		case clientMaxBits:
			p.clientBitsGiven = true
			if param.Value != "" || !offer {
				p.clientBits, ok = windowBits(param.Value)
			}
		default:
			return p, errors.New(Name + " has the unknown parameter " + quote(param.Name) + " (RFC 7692 section 7)")
		}
		if !ok {
			return p, errors.New(Name + " has the invalid value " + quote(param.Value) + " for " + param.Name + " (RFC 7692 section 7.1)")
		}
		seen[param.Name] = true
	}
	return p, nil
}

// windowBits reads a decimal number from 8 to 15 without leading zeros (RFC 7692 section 7.1.2).
func windowBits(s string) (bits int, ok bool) {
	switch {
	case len(s) == 1 && s[0] >= '8' && s[0] <= '9':
		return int(s[0] - '0'), true
	case len(s) == 2 && s[0] == '1' && s[1] >= '0' && s[1] <= '5':
		return 10 + int(s[1]-'0'), true
	}
	return 0, false
}

// quote shows what the peer sent, cut to what is readable in an error.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "…"
	}
	return `"` + s + `"`
}

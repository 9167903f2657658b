package deflate

import (
	"errors"
	"strconv"
)

// Config is what this endpoint wants. The zero value asks for little memory: windows of 8 KiB for sending and 4 KiB for receiving,
// kept from message to message.
type Config struct {
	// SendWindowBits is the base-2 logarithm of the window that the encoder uses at most, 8 to 15; 0 means 13.
	SendWindowBits int
	// SendNoTakeover makes every sent message independent of those before: no memory per connection, worse compression.
	SendNoTakeover bool
	// ReceiveWindowBits is the base-2 logarithm of the window that the peer is asked not to exceed, 9 to 15; 0 means 12. A
	// client that can't limit its window is asked not to take over its context instead.
	ReceiveWindowBits int
	// ReceiveNoTakeover asks the peer to make every message independent of those before.
	ReceiveNoTakeover bool
}

const (
	defaultSendWindowBits    = 13
	defaultReceiveWindowBits = 12
	// smallestAsked is the smallest window that a peer is asked for. Many peers compress with zlib, whose deflateInit2 does not
	// take 8 for raw DEFLATE.
	smallestAsked = 9
)

// Params is what was agreed on.
type Params struct {
	Send, Receive Context
}

// Context describes the compression of one direction.
type Context struct {
	WindowBits int  // no match reaches back farther than 1<<WindowBits bytes
	Takeover   bool // matches may reach into earlier messages (RFC 7692 section 7.1.1)
}

// withDefaults returns c with everything set and in range.
func (c Config) withDefaults() Config {
	if c.SendWindowBits == 0 {
		c.SendWindowBits = defaultSendWindowBits
	}
	if c.ReceiveWindowBits == 0 {
		c.ReceiveWindowBits = defaultReceiveWindowBits
	}
	c.SendWindowBits = min(max(c.SendWindowBits, minWindowBits), maxWindowBits)
	c.ReceiveWindowBits = min(max(c.ReceiveWindowBits, smallestAsked), maxWindowBits)
	return c
}

// Accept answers for a server the offers that a client made: the parameters of every element of Sec-WebSocket-Extensions called
// [Name], in order. The first that keeps the rules is accepted, and response is the element to answer with. If ok is
// false, the extension is declined: nothing of it must be answered (RFC 7692 section 5.1).
func Accept(offers [][]Param, c Config) (p Params, response string, ok bool) {
	c = c.withDefaults()
	for _, list := range offers {
		if offer, err := parseParameters(list, true); err == nil {
			p, response = accept(offer, c)
			return p, response, true
		}
	}
	return Params{}, "", false
}

// accept agrees to an offer. Every valid one can be accepted, because the encoder keeps to any window.
func accept(offer parameters, c Config) (p Params, response string) {
	response = Name
	p.Send = Context{WindowBits: c.SendWindowBits, Takeover: !c.SendNoTakeover && !offer.serverNoTakeover}
	if !p.Send.Takeover {
		response += "; " + serverNoTakeover // may be answered without having been offered (section 7.1.1.1)
	}
	if offer.serverBits != 0 {
		p.Send.WindowBits = min(p.Send.WindowBits, offer.serverBits)
		response += "; " + serverMaxBits + "=" + strconv.Itoa(p.Send.WindowBits)
	}

	p.Receive = Context{WindowBits: maxWindowBits, Takeover: !c.ReceiveNoTakeover && !offer.clientNoTakeover}
	if p.Receive.Takeover && c.ReceiveWindowBits < maxWindowBits {
		if offer.clientBitsGiven {
			p.Receive.WindowBits = c.ReceiveWindowBits
		} else { // section 7.1.2.2 forbids to ask for a window, but not to ask for none
			p.Receive.Takeover = false
		}
	}
	if offer.clientBits != 0 {
		p.Receive.WindowBits = min(p.Receive.WindowBits, offer.clientBits)
	}
	if !p.Receive.Takeover {
		response += "; " + clientNoTakeover // may be answered without having been offered (section 7.1.1.2)
	}
	if p.Receive.WindowBits < maxWindowBits {
		response += "; " + clientMaxBits + "=" + strconv.Itoa(p.Receive.WindowBits)
	}
	return p, response
}

// Offer returns what a client puts into Sec-WebSocket-Extensions: what c wants and, where that asks the server for a smaller window,
// a second element that doesn't, for servers that can't do it (RFC 7692 section 7.1.3).
func Offer(c Config) string {
	c = c.withDefaults()
	offer := Name
	if c.ReceiveNoTakeover {
		offer += "; " + serverNoTakeover
	}
	if c.SendNoTakeover {
		offer += "; " + clientNoTakeover
	}
	// Without a value, as browsers do: every answer is acceptable, because the encoder keeps to any window.
	offer += "; " + clientMaxBits
	if c.ReceiveWindowBits == maxWindowBits || c.ReceiveNoTakeover {
		return offer
	}
	return offer + "; " + serverMaxBits + "=" + strconv.Itoa(c.ReceiveWindowBits) + ", " + offer
}

// CheckResponse reads for a client what a server answered to [Offer]: the parameters of every element of Sec-WebSocket-Extensions called
// [Name]. If there is none, ok is false: the server declined. After an error the client must fail the
// connection (RFC 7692 section 7.1).
func CheckResponse(answers [][]Param, c Config) (p Params, ok bool, err error) {
	c = c.withDefaults()
	switch len(answers) {
	case 0:
		return Params{}, false, nil
	case 1:
	default:
		return Params{}, false, errors.New("the server accepted " + Name + " twice (RFC 7692 section 5)")
	}
	answer, err := parseParameters(answers[0], false)
	if err != nil {
		return Params{}, false, err
	}
	if c.ReceiveNoTakeover && !answer.serverNoTakeover {
		return Params{}, false, errors.New(Name + " was accepted without the offered " + serverNoTakeover + " (RFC 7692 section 7.1.1.1)")
	}
	p = Params{
		Send:    Context{WindowBits: c.SendWindowBits, Takeover: !c.SendNoTakeover && !answer.clientNoTakeover},
		Receive: Context{WindowBits: maxWindowBits, Takeover: !answer.serverNoTakeover},
	}
	if answer.clientBits != 0 {
		p.Send.WindowBits = min(p.Send.WindowBits, answer.clientBits)
	}
	// Absent, it is the second element of the offer that was accepted. A server may also limit its window unasked.
	if answer.serverBits != 0 {
		p.Receive.WindowBits = answer.serverBits
	}
	return p, true, nil
}

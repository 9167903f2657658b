package packet

import "encoding/binary"

// Subscribe asks for messages (section 3.8).
type Subscribe struct {
	ID            uint16
	Properties    *Properties
	Subscriptions []Subscription
}

// Subscription is a filter with what is wanted of its messages (section 3.8.3.1).
type Subscription struct {
	Filter            string
	QoS               byte // the highest to deliver with
	NoLocal           bool // not what this client publishes
	RetainAsPublished bool // with the retain flag as the publisher set it
	RetainHandling    byte // when to send retained messages: 0 always, 1 if it is new, 2 never
}

const (
	optionQoS       = 3
	optionNoLocal   = 1 << 2
	optionRetained  = 1 << 3
	optionHandling  = 3 << 4
	optionsReserved = 3 << 6
)

// maxFilters bounds how much one packet asks for.
const maxFilters = 1000

// ParseSubscribe reads a SUBSCRIBE packet.
func ParseSubscribe(body []byte, v Version) (*Subscribe, error) {
	c := cursor{b: body}
	p := &Subscribe{ID: c.uint16()}
	if v == V5 {
		p.Properties = c.properties(TypeSubscribe)
	}
	for len(c.b) > 0 && c.err == nil && len(p.Subscriptions) <= maxFilters {
		s := Subscription{Filter: c.text()}
		options := c.byte()
		if err := s.setOptions(options, v); err != nil {
			c.fail(err)
		}
		p.Subscriptions = append(p.Subscriptions, s)
	}
	return p, checkList(&c, TypeSubscribe, p.ID, len(p.Subscriptions))
}

func (s *Subscription) setOptions(options byte, v Version) error {
	s.QoS = options & optionQoS
	s.NoLocal, s.RetainAsPublished = options&optionNoLocal != 0, options&optionRetained != 0
	s.RetainHandling = options & optionHandling >> 4
	switch {
	case s.QoS > 2:
		return violation("a subscription asks for QoS 3, which does not exist")
	case s.RetainHandling > 2:
		return violation("a subscription has the retain handling 3, which does not exist")
	case v < V5 && options > 2, options&optionsReserved != 0:
		return malformed("a subscription has options that are reserved")
	}
	return nil
}

func (s *Subscription) options() byte {
	options := s.QoS | s.RetainHandling<<4
	if s.NoLocal {
		options |= optionNoLocal
	}
	if s.RetainAsPublished {
		options |= optionRetained
	}
	return options
}

// checkList tells what is wrong with a packet that has an identifier and a list.
func checkList(c *cursor, t Type, id uint16, n int) error {
	switch {
	case c.err != nil:
		return c.err
	case id == 0:
		return violation("the packet identifier of %v is 0", t)
	case n == 0:
		return violation("%v has no filters", t)
	case n > maxFilters:
		return &Error{QuotaExceeded, t.String() + " has " + itoa(n) + " filters, and may have " + itoa(maxFilters)}
	}
	return nil
}

// Append appends the packet.
func (p *Subscribe) Append(b []byte, v Version) []byte {
	body := binary.BigEndian.AppendUint16(nil, p.ID)
	if v == V5 {
		body = appendProperties(body, p.Properties)
	}
	for _, s := range p.Subscriptions {
		body = append(appendText(body, s.Filter), s.options())
	}
	return append(appendHeader(b, TypeSubscribe, reservedFlags(TypeSubscribe), len(body)), body...)
}

// Unsubscribe undoes subscriptions (section 3.10).
type Unsubscribe struct {
	ID         uint16
	Properties *Properties
	Filters    []string
}

// ParseUnsubscribe reads an UNSUBSCRIBE packet.
func ParseUnsubscribe(body []byte, v Version) (*Unsubscribe, error) {
	c := cursor{b: body}
	p := &Unsubscribe{ID: c.uint16()}
	if v == V5 {
		p.Properties = c.properties(TypeUnsubscribe)
	}
	for len(c.b) > 0 && c.err == nil && len(p.Filters) <= maxFilters {
		p.Filters = append(p.Filters, c.text())
	}
	return p, checkList(&c, TypeUnsubscribe, p.ID, len(p.Filters))
}

// Append appends the packet.
func (p *Unsubscribe) Append(b []byte, v Version) []byte {
	body := binary.BigEndian.AppendUint16(nil, p.ID)
	if v == V5 {
		body = appendProperties(body, p.Properties)
	}
	for _, f := range p.Filters {
		body = appendText(body, f)
	}
	return append(appendHeader(b, TypeUnsubscribe, reservedFlags(TypeUnsubscribe), len(body)), body...)
}

// Suback answers SUBSCRIBE or UNSUBSCRIBE with a code for each filter (sections 3.9 and 3.11).
type Suback struct {
	Type       Type // TypeSuback or TypeUnsuback
	ID         uint16
	Codes      []Reason
	Properties *Properties
}

// Append appends the packet. Before MQTT 5 there is one code for all refusals, and none in UNSUBACK.
func (p *Suback) Append(b []byte, v Version) []byte {
	body := binary.BigEndian.AppendUint16(nil, p.ID)
	if v == V5 {
		body = appendProperties(body, p.Properties)
	}
	for _, code := range p.Codes {
		switch {
		case v < V5 && p.Type == TypeUnsuback:
		case v < V5 && code.Refusal():
			body = append(body, byte(UnspecifiedError))
		default:
			body = append(body, byte(code))
		}
	}
	return append(appendHeader(b, p.Type, 0, len(body)), body...)
}

// ParseSuback reads a SUBACK or UNSUBACK packet.
func ParseSuback(r Raw, v Version) (*Suback, error) {
	c := cursor{b: r.Body}
	p := &Suback{Type: r.Type, ID: c.uint16()}
	if v == V5 {
		p.Properties = c.properties(r.Type)
	}
	for _, code := range c.b {
		p.Codes = append(p.Codes, Reason(code))
	}
	return p, c.err
}

package packet

import (
	"encoding/binary"
)

// Property is the identifier of a property (section 2.2.2.2).
type Property byte

// The properties.
const (
	PayloadFormat       Property = 0x01
	MessageExpiry       Property = 0x02
	ContentType         Property = 0x03
	ResponseTopic       Property = 0x08
	CorrelationData     Property = 0x09
	SubscriptionID      Property = 0x0B
	SessionExpiry       Property = 0x11
	AssignedClientID    Property = 0x12
	ServerKeepAlive     Property = 0x13
	AuthMethod          Property = 0x15
	AuthData            Property = 0x16
	RequestProblemInfo  Property = 0x17
	WillDelay           Property = 0x18
	RequestResponseInfo Property = 0x19
	ResponseInfo        Property = 0x1A
	ServerReference     Property = 0x1C
	ReasonString        Property = 0x1F
	ReceiveMaximum      Property = 0x21
	TopicAliasMaximum   Property = 0x22
	TopicAlias          Property = 0x23
	MaximumQoS          Property = 0x24
	RetainAvailable     Property = 0x25
	UserProperty        Property = 0x26
	MaximumPacketSize   Property = 0x27
	WildcardAvailable   Property = 0x28
	SubIDAvailable      Property = 0x29
	SharedAvailable     Property = 0x2A
)

// kind is how a property is written.
type kind byte

const (
	oneByte kind = iota + 1
	twoBytes
	fourBytes
	varint
	text
	data
	pair
)

// will stands for the properties of a will, which have a list of their own in CONNECT.
const will Type = 0

// rule says how a property is written and where it may be, as a set of types.
type rule struct {
	kind kind
	in   uint16
}

func in(types ...Type) (set uint16) {
	for _, t := range types {
		set |= 1 << t
	}
	return set
}

var everywhere = in(will, TypeConnect, TypeConnack, TypePublish, TypePuback, TypePubrec, TypePubrel, TypePubcomp,
	TypeSubscribe, TypeSuback, TypeUnsubscribe, TypeUnsuback, TypeDisconnect, TypeAuth)

// rules is the table of section 2.2.2.2.
var rules = [64]rule{
	PayloadFormat:       {oneByte, in(will, TypePublish)},
	MessageExpiry:       {fourBytes, in(will, TypePublish)},
	ContentType:         {text, in(will, TypePublish)},
	ResponseTopic:       {text, in(will, TypePublish)},
	CorrelationData:     {data, in(will, TypePublish)},
	SubscriptionID:      {varint, in(TypePublish, TypeSubscribe)},
	SessionExpiry:       {fourBytes, in(TypeConnect, TypeConnack, TypeDisconnect)},
	AssignedClientID:    {text, in(TypeConnack)},
	ServerKeepAlive:     {twoBytes, in(TypeConnack)},
	AuthMethod:          {text, in(TypeConnect, TypeConnack, TypeAuth)},
	AuthData:            {data, in(TypeConnect, TypeConnack, TypeAuth)},
	RequestProblemInfo:  {oneByte, in(TypeConnect)},
	WillDelay:           {fourBytes, in(will)},
	RequestResponseInfo: {oneByte, in(TypeConnect)},
	ResponseInfo:        {text, in(TypeConnack)},
	ServerReference:     {text, in(TypeConnack, TypeDisconnect)},
	ReasonString:        {text, everywhere &^ in(will, TypeConnect, TypePublish, TypeSubscribe, TypeUnsubscribe)},
	ReceiveMaximum:      {twoBytes, in(TypeConnect, TypeConnack)},
	TopicAliasMaximum:   {twoBytes, in(TypeConnect, TypeConnack)},
	TopicAlias:          {twoBytes, in(TypePublish)},
	MaximumQoS:          {oneByte, in(TypeConnack)},
	RetainAvailable:     {oneByte, in(TypeConnack)},
	UserProperty:        {pair, everywhere},
	MaximumPacketSize:   {fourBytes, in(TypeConnect, TypeConnack)},
	WildcardAvailable:   {oneByte, in(TypeConnack)},
	SubIDAvailable:      {oneByte, in(TypeConnack)},
	SharedAvailable:     {oneByte, in(TypeConnack)},
}

// Pair is a user property. Names may repeat.
type Pair struct{ Name, Value string }

// Properties are those of one packet. A nil pointer has none. Of most packets there are few, so they are kept as a
// list and looked for.
type Properties struct {
	has     uint64 // a bit for each property that is there
	numbers []number
	texts   []string // in the order of textual
	textual []Property
	User    []Pair
	SubIDs  []uint32 // subscription identifiers, of which PUBLISH may have several
}

type number struct {
	id    Property
	value uint32
}

// Has tells whether a property is there.
func (p *Properties) Has(id Property) bool { return p != nil && p.has&(1<<id) != 0 }

// Number returns the value of a property that is a number, or 0.
func (p *Properties) Number(id Property) uint32 {
	if p.Has(id) {
		for _, n := range p.numbers {
			if n.id == id {
				return n.value
			}
		}
	}
	return 0
}

// Text returns the value of a property that is a string or binary data, or "".
func (p *Properties) Text(id Property) string {
	if p.Has(id) {
		for i, t := range p.textual {
			if t == id {
				return p.texts[i]
			}
		}
	}
	return ""
}

// SetNumber adds a property that is a number and is not there yet.
func (p *Properties) SetNumber(id Property, value uint32) {
	p.has |= 1 << id
	p.numbers = append(p.numbers, number{id, value})
}

// AddSubscriptionID adds a subscription identifier.
func (p *Properties) AddSubscriptionID(id uint32) {
	p.has |= 1 << SubscriptionID
	p.SubIDs = append(p.SubIDs, id)
}

// AddUser adds a user property.
func (p *Properties) AddUser(name, value string) {
	p.has |= 1 << UserProperty
	p.User = append(p.User, Pair{name, value})
}

// SetText adds a property that is a string or binary data and is not there yet.
func (p *Properties) SetText(id Property, value string) {
	p.has |= 1 << id
	p.textual, p.texts = append(p.textual, id), append(p.texts, value)
}

// properties reads the list of a packet; nil if there are none.
func (c *cursor) properties(t Type) *Properties {
	list := cursor{b: c.take(c.varint())}
	if c.err != nil || len(list.b) == 0 {
		return nil
	}
	p := new(Properties)
	for len(list.b) > 0 && list.err == nil {
		p.readOne(&list, t)
	}
	if list.err != nil {
		c.fail(list.err)
		return nil
	}
	return p
}

// maxUserProperties bounds what one packet makes the server hold in small pieces.
const maxUserProperties = 256

func (p *Properties) readOne(c *cursor, t Type) {
	id := Property(c.varint())
	if int(id) >= len(rules) || rules[id].in&(1<<t) == 0 {
		c.fail(malformed("the property 0x%02X does not belong into %v", byte(id), t))
		return
	}
	r := rules[id]
	if p.Has(id) && r.kind != pair && (id != SubscriptionID || t != TypePublish) {
		c.fail(violation("the property 0x%02X is there twice", byte(id)))
		return
	}
	switch r.kind {
	case oneByte:
		p.SetNumber(id, uint32(c.byte()))
	case twoBytes:
		p.SetNumber(id, uint32(c.uint16()))
	case fourBytes:
		p.SetNumber(id, c.uint32())
	case varint:
		p.has |= 1 << id
		p.SubIDs = append(p.SubIDs, uint32(c.varint()))
	case text:
		p.SetText(id, c.text())
	case data:
		p.SetText(id, string(c.bytes()))
	case pair:
		if len(p.User) == maxUserProperties {
			c.fail(&Error{QuotaExceeded, "there are more than " + itoa(maxUserProperties) + " user properties"})
			return
		}
		p.has |= 1 << id
		p.User = append(p.User, Pair{c.text(), c.text()})
	}
	if err := p.checkValue(id); c.err == nil && err != nil {
		c.fail(err)
	}
}

// checkValue tells what is wrong with a number that was just read.
func (p *Properties) checkValue(id Property) error {
	switch id {
	case PayloadFormat, RequestProblemInfo, RequestResponseInfo:
		if p.Number(id) > 1 {
			return violation("the property 0x%02X must be 0 or 1", byte(id))
		}
	case ReceiveMaximum, MaximumPacketSize:
		if p.Number(id) == 0 {
			return violation("the property 0x%02X must not be 0", byte(id))
		}
	case TopicAlias:
		if p.Number(id) == 0 {
			return &Error{TopicAliasInvalid, "the topic alias is 0"}
		}
	case SubscriptionID:
		if p.SubIDs[len(p.SubIDs)-1] == 0 {
			return violation("a subscription identifier must not be 0")
		}
	}
	return nil
}

// appendProperties appends the list with its length.
func appendProperties(b []byte, p *Properties) []byte {
	b = appendVarint(b, p.size())
	if p == nil {
		return b
	}
	for _, n := range p.numbers {
		b = append(b, byte(n.id))
		switch rules[n.id].kind {
		case oneByte:
			b = append(b, byte(n.value))
		case twoBytes:
			b = binary.BigEndian.AppendUint16(b, uint16(n.value))
		default:
			b = binary.BigEndian.AppendUint32(b, n.value)
		}
	}
	for i, id := range p.textual {
		b = appendText(append(b, byte(id)), p.texts[i])
	}
	for _, id := range p.SubIDs {
		b = appendVarint(append(b, byte(SubscriptionID)), int(id))
	}
	for _, u := range p.User {
		b = appendText(appendText(append(b, byte(UserProperty)), u.Name), u.Value)
	}
	return b
}

// size returns the bytes of the list without its length.
func (p *Properties) size() int {
	if p == nil {
		return 0
	}
	n := 0
	for _, one := range p.numbers {
		n += 1 + [...]int{oneByte: 1, twoBytes: 2, fourBytes: 4}[rules[one.id].kind]
	}
	for _, s := range p.texts {
		n += 1 + textBytes(s)
	}
	for _, id := range p.SubIDs {
		n += 1 + varintBytes(int(id))
	}
	for _, u := range p.User {
		n += 1 + textBytes(u.Name) + textBytes(u.Value)
	}
	return n
}

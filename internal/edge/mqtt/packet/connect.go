package packet

import "strings"

// Connect is the first packet of a client (section 3.1).
type Connect struct {
	Version    Version
	CleanStart bool   // in MQTT 3.1.1: the session also ends with the connection
	KeepAlive  uint16 // seconds
	ClientID   string
	Will       *Will // nil for none

	HasUser, HasPassword bool
	User                 string
	Password             []byte
	Properties           *Properties
}

// Will is what is published when the client is lost.
type Will struct {
	Topic      string
	Payload    []byte
	QoS        byte
	Retain     bool
	Properties *Properties
}

const (
	connectReserved = 1 << 0
	connectClean    = 1 << 1
	connectWill     = 1 << 2
	connectRetain   = 1 << 5
	connectPassword = 1 << 6
	connectUser     = 1 << 7
)

// ParseConnect reads a CONNECT packet. If only its version is not supported, what is returned holds that and nothing
// else, with an error of the code UnsupportedProtocolVersion.
func ParseConnect(body []byte) (*Connect, error) {
	c := cursor{b: body}
	name, level := c.text(), Version(c.byte())
	p := &Connect{Version: level}
	switch {
	case c.err != nil:
		return nil, c.err
	case name == "MQTT" && (level == V311 || level == V5), name == "MQIsdp" && level&^0x80 == V31:
	case name == "MQTT" || name == "MQIsdp":
		return p, &Error{UnsupportedProtocolVersion, "MQTT is served in the versions 3.1, 3.1.1 and 5, not at level " + itoa(int(level))}
	default:
		return nil, &Error{UnsupportedProtocolVersion, "the protocol is not MQTT"}
	}
	p.Version &^= 0x80 // bridges of mosquitto set it
	flags := c.byte()
	p.KeepAlive = c.uint16()
	if flags&connectReserved != 0 {
		return nil, malformed("a reserved flag of CONNECT is set")
	}
	if p.Version == V5 {
		p.Properties = c.properties(TypeConnect)
	}
	p.CleanStart = flags&connectClean != 0
	p.ClientID = c.text()
	p.readWill(&c, flags)
	if p.HasUser = flags&connectUser != 0; p.HasUser {
		p.User = c.text()
	}
	if p.HasPassword = flags&connectPassword != 0; p.HasPassword {
		if !p.HasUser && p.Version < V5 {
			return nil, malformed("there is a password without a user name")
		}
		p.Password = c.bytes()
	}
	if err := c.end(TypeConnect); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Connect) readWill(c *cursor, flags byte) {
	qos := flags >> 3 & 3
	if flags&connectWill == 0 {
		if qos != 0 || flags&connectRetain != 0 {
			c.fail(malformed("there are flags of a will, and no will"))
		}
		return
	}
	w := &Will{QoS: qos, Retain: flags&connectRetain != 0}
	if qos > 2 {
		c.fail(malformed("the will has QoS 3, which does not exist"))
		return
	}
	if p.Version == V5 {
		w.Properties = c.properties(will)
	}
	w.Topic = c.text()
	w.Payload = c.bytes()
	if c.err == nil && (w.Topic == "" || strings.ContainsAny(w.Topic, "+#")) {
		c.fail(&Error{TopicNameInvalid, "the topic of the will is empty or has a wildcard"})
	}
	p.Will = w
}

// Append appends the packet.
func (p *Connect) Append(b []byte) []byte {
	name := "MQTT"
	if p.Version == V31 {
		name = "MQIsdp"
	}
	var flags byte
	set := func(is bool, flag byte) {
		if is {
			flags |= flag
		}
	}
	set(p.CleanStart, connectClean)
	set(p.HasUser, connectUser)
	set(p.HasPassword, connectPassword)
	body := append(appendText(nil, name), byte(p.Version), 0, byte(p.KeepAlive>>8), byte(p.KeepAlive))
	at := len(body) - 3 // of the flags
	if p.Version == V5 {
		body = appendProperties(body, p.Properties)
	}
	body = appendText(body, p.ClientID)
	if w := p.Will; w != nil {
		set(true, connectWill|w.QoS<<3)
		set(w.Retain, connectRetain)
		if p.Version == V5 {
			body = appendProperties(body, w.Properties)
		}
		body = appendText(appendText(body, w.Topic), w.Payload)
	}
	if p.HasUser {
		body = appendText(body, p.User)
	}
	if p.HasPassword {
		body = appendText(body, p.Password)
	}
	body[at] = flags
	return append(appendHeader(b, TypeConnect, 0, len(body)), body...)
}

// appendHeader appends the fixed header (section 2.1).
func appendHeader(b []byte, t Type, flags byte, remaining int) []byte {
	return appendVarint(append(b, byte(t)<<4|flags), remaining)
}

// Connack answers CONNECT (section 3.2).
type Connack struct {
	SessionPresent bool
	Code           Reason
	Properties     *Properties // of MQTT 5
}

// Append appends the packet.
func (p *Connack) Append(b []byte, v Version) []byte {
	var present byte
	if p.SessionPresent && v != V31 {
		present = 1
	}
	if v < V5 {
		return append(b, byte(TypeConnack)<<4, 2, present, p.Code.ConnectCode())
	}
	size := p.Properties.size()
	b = appendHeader(b, TypeConnack, 0, 2+varintBytes(size)+size)
	return appendProperties(append(b, present, byte(p.Code)), p.Properties)
}

// ParseConnack reads a CONNACK packet. Before MQTT 5, Code is the return code.
func ParseConnack(body []byte, v Version) (*Connack, error) {
	c := cursor{b: body}
	p := &Connack{SessionPresent: c.byte()&1 != 0, Code: Reason(c.byte())}
	if v == V5 {
		p.Properties = c.properties(TypeConnack)
	}
	return p, c.end(TypeConnack)
}

//go:build linux

package dialect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MQTT is MQTT 3.1.1 with QoS 0. A channel is a topic.
type MQTT struct{}

// The first bytes of the packets (sections 2.2.1 and 2.2.2): those with the flags that they have to
// have.
const (
	mqttConnect   = 0x10
	mqttConnack   = 0x20
	mqttPublish   = 0x30 // QoS 0, neither duplicate nor retained
	mqttSubscribe = 0x82
	mqttSuback    = 0x90
)

// Subscriber implements Dialect.
func (MQTT) Subscriber(channel string, size int) Client {
	return &mqttClient{topic: channel, body: 2 + len(channel) + size}
}

// Publisher implements Dialect.
func (MQTT) Publisher(string) Client { return &mqttClient{} }

// Message implements Dialect.
func (MQTT) Message(channel string, size int) []byte {
	return appendPacket(nil, mqttPublish, append(appendString(nil, channel), Payload(size)...))
}

// appendPacket appends a packet with a body of less than 256 MiB.
func appendPacket(dst []byte, first byte, body []byte) []byte {
	dst = append(dst, first)
	n := len(body)
	for ; n > 127; n >>= 7 {
		dst = append(dst, 0x80|byte(n))
	}
	return append(append(dst, byte(n)), body...)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

type mqttClient struct {
	topic  string // "" to subscribe to none
	body   int    // bytes in the body of each message
	joined bool   // the server has confirmed what was asked last

	part    mqttPart
	first   byte   // of the current packet
	digits  int    // of its length that have come
	left    int    // its length; then, bytes of the body that have not come
	content []byte // of a body that is no message
}

// mqttPart is a part of a packet: the one that the next byte belongs to.
type mqttPart uint8

const (
	mqttFirst mqttPart = iota
	mqttLength
	mqttBody
)

// Join implements Client. It does not ask to be pinged: a keep-alive of 0 switches that off.
func (c *mqttClient) Join(rw io.ReadWriter, _ string) (messages int, err error) {
	const cleanSession = 0x02
	body := append(appendString(nil, "MQTT"), 4, cleanSession, 0, 0) // protocol level 4, keep-alive 0
	hello := appendPacket(nil, mqttConnect, appendString(body, ""))
	if c.topic != "" {
		hello = appendPacket(hello, mqttSubscribe, append(appendString([]byte{0, 1}, c.topic), 0))
	}
	if _, err := rw.Write(hello); err != nil {
		return 0, err
	}
	return await(rw, c, func() bool { return c.joined })
}

// Feed implements Client.
func (c *mqttClient) Feed(b []byte) (messages int, answer []byte, err error) {
	for len(b) > 0 {
		switch c.part {
		case mqttFirst:
			c.first, b = b[0], b[1:]
			c.part, c.digits, c.left, c.content = mqttLength, 0, 0, c.content[:0]
		case mqttLength:
			digit := b[0]
			b = b[1:]
			c.left |= int(digit&0x7f) << (7 * c.digits)
			c.digits++
			if digit&0x80 == 0 {
				c.part = mqttBody
				err = c.checkLength()
			} else if c.digits == 4 {
				err = errors.New("the server sent a length of more than 4 digits")
			}
		case mqttBody:
			n := min(c.left, len(b))
			if c.first != mqttPublish {
				c.content = append(c.content, b[:n]...)
			}
			b = b[n:]
			if c.left -= n; c.left > 0 {
				break
			}
			c.part = mqttFirst
			if c.first == mqttPublish {
				messages++
			} else {
				err = c.hearPacket()
			}
		}
		if err != nil {
			return messages, nil, err
		}
	}
	return messages, nil, nil
}

// checkLength checks the length of the current packet. None that a client gets has an empty body.
func (c *mqttClient) checkLength() error {
	const longest = 3 // of those that are no message: SUBACK
	switch {
	case c.first == mqttPublish && c.left != c.body:
		return wrongSize(c.left, c.body)
	case c.first != mqttPublish && (c.left == 0 || c.left > longest):
		return fmt.Errorf("the server sent a packet that begins with %#x and has %d bytes", c.first, c.left)
	}
	return nil
}

// hearPacket takes a whole packet that is no message.
func (c *mqttClient) hearPacket() error {
	switch {
	case c.first == mqttConnack && len(c.content) == 2 && c.content[1] == 0:
		c.joined = c.topic == ""
	case c.first == mqttSuback && len(c.content) == 3 && c.content[2] == 0:
		c.joined = true
	default:
		return fmt.Errorf("the server sent a packet that begins with %#x and has the body % x", c.first, c.content)
	}
	return nil
}

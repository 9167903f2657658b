package websocket

import (
	"math"
	"time"
)

// Limits bounds what one connection may cost. The zero value means the defaults; nothing is unlimited.
type Limits struct {
	// MaxMessageBytes is the largest message accepted, in bytes of payload; a larger one closes the
	// connection with CloseMessageTooBig. Default 1 MiB.
	MaxMessageBytes int64
	// MaxFragments is how many frames a message may consist of, empty ones included; one more closes
	// the connection with ClosePolicyViolation. Default 1024 and one for every 16 bytes of
	// MaxMessageBytes: only messages in absurdly small pieces are refused.
	MaxFragments int
	// MaxControlRate is how many pings and pongs a second the peer may send, on average over 20 s;
	// for each part of a message it may send one more. Beyond it the connection is closed with
	// ClosePolicyViolation. Default 100.
	MaxControlRate int
	// SendQueueBytes is how much may wait to be sent while the peer does not read: beyond it Send
	// drops and Write waits. One message is always accepted by an empty queue. Default 1 MiB.
	SendQueueBytes int
	// WriteTimeout is how long the peer may take no bytes at all while some wait for it, before the
	// connection is given up. Over TLS it must take a whole record of 16 KiB. Default 30 s.
	WriteTimeout time.Duration
	// CloseTimeout bounds the closing handshake and the wait for the peer to close the transport.
	// Default 5 s.
	CloseTimeout time.Duration
}

const (
	defaultMaxMessageBytes = 1 << 20
	defaultFragments       = 1024
	defaultFragmentBytes   = 16 // of MaxMessageBytes, for one fragment more
	defaultControlRate     = 100
	defaultSendQueueBytes  = 1 << 20
	defaultWriteTimeout    = 30 * time.Second
	defaultCloseTimeout    = 5 * time.Second
)

// withDefaults returns l with every limit set.
func (l Limits) withDefaults() Limits {
	if l.MaxMessageBytes <= 0 {
		l.MaxMessageBytes = defaultMaxMessageBytes
	}
	if l.MaxFragments <= 0 {
		l.MaxFragments = defaultFragments + int(min(l.MaxMessageBytes/defaultFragmentBytes, math.MaxInt32))
	}
	if l.MaxControlRate <= 0 {
		l.MaxControlRate = defaultControlRate
	}
	if l.SendQueueBytes <= 0 {
		l.SendQueueBytes = defaultSendQueueBytes
	}
	if l.WriteTimeout <= 0 {
		l.WriteTimeout = defaultWriteTimeout
	}
	if l.CloseTimeout <= 0 {
		l.CloseTimeout = defaultCloseTimeout
	}
	return l
}

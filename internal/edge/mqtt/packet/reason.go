package packet

import (
	"fmt"
	"strconv"
)

// Reason is a reason code of MQTT 5 (section 2.4). Codes of 0x80 and above are refusals.
type Reason byte

// The reason codes that a server has use for.
const (
	Success                    Reason = 0x00 // also normal disconnection, and granted QoS 0
	DisconnectWithWill         Reason = 0x04
	NoMatchingSubscribers      Reason = 0x10
	NoSubscriptionExisted      Reason = 0x11
	UnspecifiedError           Reason = 0x80
	MalformedPacket            Reason = 0x81
	ProtocolError              Reason = 0x82
	ImplementationError        Reason = 0x83
	UnsupportedProtocolVersion Reason = 0x84
	ClientIDNotValid           Reason = 0x85
	BadUserNameOrPassword      Reason = 0x86
	NotAuthorized              Reason = 0x87
	ServerUnavailable          Reason = 0x88
	ServerBusy                 Reason = 0x89
	ServerShuttingDown         Reason = 0x8B
	BadAuthMethod              Reason = 0x8C
	KeepAliveTimeout           Reason = 0x8D
	SessionTakenOver           Reason = 0x8E
	TopicFilterInvalid         Reason = 0x8F
	TopicNameInvalid           Reason = 0x90
	PacketIDInUse              Reason = 0x91
	PacketIDNotFound           Reason = 0x92
	ReceiveMaximumExceeded     Reason = 0x93
	TopicAliasInvalid          Reason = 0x94
	PacketTooLarge             Reason = 0x95
	MessageRateTooHigh         Reason = 0x96
	QuotaExceeded              Reason = 0x97
	AdministrativeAction       Reason = 0x98
	PayloadFormatInvalid       Reason = 0x99
	UseAnotherServer           Reason = 0x9C
	SharedNotSupported         Reason = 0x9E
	ConnectionRateExceeded     Reason = 0x9F
	MaximumConnectTime         Reason = 0xA0
	WildcardNotSupported       Reason = 0xA2
)

// Refusal tells whether the code says that something has not been done.
func (r Reason) Refusal() bool { return r >= 0x80 }

// connectCodes are the return codes of CONNACK in MQTT 3.1.1 (its section 3.2.2.3), of which there are five.
var connectCodes = map[Reason]byte{
	Success: 0, UnsupportedProtocolVersion: 1, ClientIDNotValid: 2, ServerUnavailable: 3, ServerBusy: 3,
	QuotaExceeded: 3, ConnectionRateExceeded: 3, ServerShuttingDown: 3, BadUserNameOrPassword: 4,
}

// ConnectCode returns the return code of CONNACK in MQTT 3.1.1 that says most nearly what r does.
func (r Reason) ConnectCode() byte {
	if code, ok := connectCodes[r]; ok {
		return code
	}
	return 5 // not authorized
}

// Error is a packet that can't be taken, and the code to tell its sender.
type Error struct {
	Code   Reason
	Reason string // a sentence for people
}

// Error returns the sentence with the code.
func (e *Error) Error() string { return e.Reason + " (MQTT reason 0x" + hex(e.Code) + ")" }

func hex(r Reason) string { return fmt.Sprintf("%02X", byte(r)) }

func itoa(n int) string { return strconv.Itoa(n) }

func malformed(format string, args ...any) *Error {
	return &Error{MalformedPacket, fmt.Sprintf(format, args...)}
}

func violation(format string, args ...any) *Error {
	return &Error{ProtocolError, fmt.Sprintf(format, args...)}
}

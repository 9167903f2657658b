package mqtt

import (
	"errors"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// reasons are the reason codes of what refuses a client, by the codes of the Holdfast protocol.
var reasons = map[protocol.Code]packet.Reason{
	protocol.CodeRateLimited:    packet.QuotaExceeded,
	protocol.CodeNotPermitted:   packet.NotAuthorized,
	protocol.CodeUnauthorized:   packet.NotAuthorized,
	protocol.CodeInvalidData:    packet.PayloadFormatInvalid,
	protocol.CodeTooLarge:       packet.PacketTooLarge,
	protocol.CodeBadChannel:     packet.TopicNameInvalid,
	protocol.CodeLogFull:        packet.QuotaExceeded,
	protocol.CodeLogUnavailable: packet.ServerBusy,
	protocol.CodeUnavailable:    packet.ServerUnavailable,
	protocol.CodeShuttingDown:   packet.ServerShuttingDown,
}

// reasonOf returns the reason code of an error.
func reasonOf(err error) packet.Reason {
	if broken, ok := errors.AsType[*packet.Error](err); ok {
		return broken.Code
	}
	if denied, ok := errors.AsType[*session.DeniedError](err); ok && denied.Decision.Who == policy.Nobody {
		return packet.UnspecifiedError // it is no matter of authorization
	}
	if code, ok := reasons[door.VerdictOf(err).Code]; ok {
		return code
	}
	return packet.UnspecifiedError
}

// ackReason is reasonOf for PUBACK and PUBREC, which have fewer codes (MQTT 5, section 3.4.2.1).
func ackReason(err error) packet.Reason {
	switch code := reasonOf(err); code {
	case packet.NotAuthorized, packet.TopicNameInvalid, packet.QuotaExceeded, packet.PayloadFormatInvalid:
		return code
	case packet.PacketTooLarge:
		return packet.QuotaExceeded
	}
	return packet.UnspecifiedError
}

// closeReason returns the reason code for what a connection is closed with.
func closeReason(code protocol.CloseCode) packet.Reason {
	switch code {
	case protocol.CloseUnauthorized:
		return packet.NotAuthorized
	case protocol.CloseTooMany:
		return packet.MessageRateTooHigh
	case protocol.CloseDisconnected:
		return packet.AdministrativeAction
	case protocol.CloseTakenOver:
		return packet.SessionTakenOver
	case protocol.CloseCode(websocket.CloseServiceRestart):
		return packet.UseAnotherServer
	case protocol.CloseCode(websocket.CloseGoingAway):
		return packet.MaximumConnectTime
	}
	return packet.UnspecifiedError
}

// refText returns a reason with what the audit knows it by.
func refText(reason, ref string) string { return reason + " (ref " + ref + ")" }

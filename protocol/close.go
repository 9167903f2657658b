package protocol

// CloseCode is the code of a WebSocket close frame. Those that every WebSocket has are named in RFC 6455
// section 7.4.1; these are the protocol's own.
type CloseCode uint16

// The protocol's close codes.
const (
	CloseBadMessage   CloseCode = 4400 // messages that can't be understood
	CloseUnauthorized CloseCode = 4401 // not, or no longer, authenticated
	CloseDisconnected CloseCode = 4403 // by the operator or the backend
	CloseNoConnect    CloseCode = 4408 // no command in time
	CloseTakenOver    CloseCode = 4409 // a newer connection has the session
	CloseExpired      CloseCode = 4410 // of raw channel URLs: the position is not kept any more
	CloseTooMany      CloseCode = 4429 // too many connections, or too fast for too long
	CloseUnavailable  CloseCode = 4503 // this node can't serve now
)

// Reconnect is what a client is to do when its connection has ended.
type Reconnect byte

// What to do. All but the first come back with the session and the positions.
const (
	ReconnectNever     Reconnect = iota // it would end the same way, or is not wanted
	ReconnectBackoff                    // after a random wait that grows
	ReconnectLater                      // likewise, but not before 10 s
	ReconnectElsewhere                  // likewise, at another endpoint first
	ReconnectNewToken                   // once, if there is a way to get a new token
	ReconnectAnew                       // without a position, and tell the application
)

// Reconnect returns what a client is to do when the server has closed with c, or when c stands for how the
// connection ended (1006 for no close frame at all).
func (c CloseCode) Reconnect() Reconnect {
	switch c {
	case 1002, 1003, 1007, 1008:
		return ReconnectNever
	case CloseUnauthorized:
		return ReconnectNewToken
	case CloseNoConnect:
		return ReconnectBackoff
	case CloseExpired:
		return ReconnectAnew
	case CloseTooMany:
		return ReconnectLater
	case CloseUnavailable:
		return ReconnectElsewhere
	}
	if 4000 <= c && c <= 4499 {
		return ReconnectNever
	}
	return ReconnectBackoff
}

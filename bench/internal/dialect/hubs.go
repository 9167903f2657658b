//go:build linux

package dialect

import "fmt"

// Socket is Holdfast's own protocol in JSON, many channels on one WebSocket. With Answers, what counts as a message is not what is
// published, but the answer to who publishes.
type Socket struct{ Answers bool }

// Subscriber implements Dialect.
func (d Socket) Subscriber(channel string, size int) Client {
	if d.Answers {
		return &textClient{path: "/socket", mark: `"ok":`, fault: `"error":`}
	}
	return &textClient{path: "/socket", says: []string{fmt.Sprintf(`{"subscribe":{"channel":%q}}`, channel)}, answers: []string{`"live"`},
		mark: `"data":"`, size: size, fault: `"error":`}
}

// Publisher implements Dialect.
func (Socket) Publisher(string) Client {
	return &textClient{path: "/socket", mark: `"message":`, size: -1, fault: `"error":`}
}

// Message implements Dialect.
func (Socket) Message(channel string, size int) []byte {
	return appendFrame(nil, opText, fmt.Appendf(nil, `{"id":1,"publish":{"channel":%q,"data":"%s"}}`, channel, Payload(size)))
}

// SignalR is a hub of ASP.NET Core SignalR in JSON, without negotiation, whose methods are those of Holdfast. Answers is that of Socket.
type SignalR struct{ Answers bool }

const (
	hubPath      = "/signalr"
	hubHandshake = "{\"protocol\":\"json\",\"version\":1}\x1e"
)

// Subscriber implements Dialect.
func (d SignalR) Subscriber(channel string, size int) Client {
	if d.Answers {
		return &textClient{path: hubPath, says: []string{hubHandshake}, answers: []string{"{}\x1e"}, mark: `{"type":3,`, fault: `"error":`}
	}
	return &textClient{path: hubPath, says: []string{hubHandshake, fmt.Sprintf("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Subscribe\",\"arguments\":[%q]}\x1e", channel)},
		answers: []string{"{}\x1e", `{"type":3,`}, mark: fmt.Sprintf(`"arguments":[%q,"`, channel), size: size, fault: `"error":`}
}

// Publisher implements Dialect.
func (SignalR) Publisher(string) Client {
	return &textClient{path: hubPath, says: []string{hubHandshake}, answers: []string{"{}\x1e"}, mark: `"target":`, size: -1, fault: `"error":`}
}

// Message implements Dialect.
func (SignalR) Message(channel string, size int) []byte {
	return appendFrame(nil, opText, fmt.Appendf(nil, "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Publish\",\"arguments\":[%q,\"%s\"]}\x1e", channel, Payload(size)))
}

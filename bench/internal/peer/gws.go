//go:build linux

package peer

import (
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

// gwsServer is the server of the library's README, without parallel handlers, which cost a
// goroutine for each message; a broadcast is a Broadcaster.
type gwsServer struct {
	gws.BuiltinEventHandler
	kind     Kind
	upgrader *gws.Upgrader
	room[*gws.Conn]
}

func newGWS(kind Kind) Server {
	s := &gwsServer{kind: kind}
	s.upgrader = gws.NewUpgrader(s, &gws.ServerOption{Logger: silence{}})
	return s
}

// silence keeps clients that leave out of the log.
type silence struct{}

func (silence) Error(...any) {}

func (s *gwsServer) Serve(ln net.Listener) error { return serveHTTP(ln, s.upgrade) }

func (s *gwsServer) upgrade(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrader.Upgrade(w, r)
	if err != nil {
		return // answered
	}
	go conn.ReadLoop()
}

func (s *gwsServer) OnOpen(conn *gws.Conn) {
	if s.kind == Broadcast {
		s.join(conn)
	}
}

func (s *gwsServer) OnClose(conn *gws.Conn, _ error) {
	if s.kind == Broadcast {
		s.leave(conn)
	}
}

func (s *gwsServer) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer message.Close()
	if s.kind == Echo {
		conn.WriteMessage(message.Opcode, message.Bytes()) // its errors end ReadLoop too
		return
	}
	b := gws.NewBroadcaster(message.Opcode, message.Bytes())
	defer b.Close()
	for _, member := range s.all() {
		b.Broadcast(member) // likewise
	}
}

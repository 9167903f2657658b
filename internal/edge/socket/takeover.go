package socket

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// A session has one connection. When it comes back on another node, that tells all the others, and the one with an older
// connection closes it. Which is older is not said by the time, since nodes have clocks of their own, and one that was
// stopped for a while reads a connect that its client has long given up. It is said by the turn of a connection, one more
// than the one in the secret that the client came with: who shows a newer secret has come later. A claim of a lower turn
// comes late, changes nothing, and is answered, so that whoever made it closes its own.
//
// Two connections have the same turn if the answer to the first connect was lost, and the client came to another node
// with the secret that it had. Nobody knows then which of them the client reads, and closing that one would end it for
// good (4409), so both stay: the one that nobody reads is given up when it does not answer pings. (On one node the
// handshakes tell which is newer.)

// claimTopic is where nodes tell each other that a session has come to them.
const claimTopic = "socket.claim"

// claim says that a session has come to a node.
type claim struct {
	Session string `json:"session"`
	Turn    uint64 `json:"turn"`
}

// moveGrace is how long a connection that was told to move stays open after its client has the session elsewhere: it
// closes it itself when it has read what is on its way.
const moveGrace = 10 * time.Second

// claimSession tells the other nodes that the session of c is here.
func (h *Handler) claimSession(c *conn) { h.tellClaim(claim{c.id, c.turn}, h.config.Cluster.Tell) }

func (h *Handler) tellClaim(c claim, tell func(topic string, body []byte)) {
	body, err := json.Marshal(c)
	if err != nil {
		h.config.Log.Error("a session can't be claimed", "session", c.Session, "error", err)
		return
	}
	tell(claimTopic, body)
}

// hearClaims has sessions end here that come to other nodes.
func (h *Handler) hearClaims(nodes *cluster.Cluster) {
	nodes.Hear(claimTopic, func(from string, body []byte) {
		var c claim
		if err := json.Unmarshal(body, &c); err != nil {
			h.config.Log.Warn("what a node says of a session can't be read", "node", from, "error", err)
			return
		}
		old, turn := h.sessions.claimed(c, time.Now())
		switch {
		case old != nil:
			old.takenOver()
		case turn > c.Turn: // it came late
			h.tellClaim(claim{c.Session, turn}, func(topic string, body []byte) { nodes.TellNode(from, topic, body) })
		}
	})
}

// claimed notes what another node says of a session. It returns the connection that had the session here and has it no
// more, or else its turn, 0 if there is none.
func (s *sessions) claimed(c claim, now time.Time) (old *conn, turn uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	here := s.open[c.Session]
	switch {
	case here == nil:
		return nil, 0
	case here.turn >= c.Turn:
		return nil, here.turn
	}
	s.departLocked(here, now)
	return here, 0
}

// takenOver ends the connection because the client has a newer one: at once, unless it was told to move there. Then it may
// have lost the newer one before that was answered, and still live on this: it is not told that this is the end.
func (c *conn) takenOver() {
	c.client.Yield()
	if !c.advised.Load() {
		c.expelTakenOver()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.work.Err() == nil && c.farewell == nil {
		c.farewell = time.AfterFunc(c.handler.moveGrace, func() {
			c.expel(websocket.CloseServiceRestart, "the session goes on on another connection; if you do not have that any more, connect again")
		})
	}
}

// stopFarewell does without it, when the connection is over.
func (c *conn) stopFarewell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.farewell != nil {
		c.farewell.Stop()
	}
}

// closedByClient tells whether a connection is over because the client has closed it as intended.
func closedByClient(why error) bool {
	end, ok := errors.AsType[*websocket.CloseError](why)
	return ok && end.By == websocket.Remote && end.Code == websocket.CloseNormal || errors.Is(why, errLeft)
}

func (c *conn) expelTakenOver() {
	c.expel(websocket.CloseCode(protocol.CloseTakenOver), "a newer connection has taken over the session")
}

package session

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// closeAged is what a connection is closed with that has lasted long enough: its client comes back.
const closeAged = protocol.CloseCode(websocket.CloseGoingAway)

// watchAge ends the connection when it has lasted, or has been idle, for as long as it may. Connections that
// were made together do not end together.
func (c *Client) watchAge() {
	l := &c.clients.limits
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left {
		return
	}
	if l.Lifetime > 0 {
		c.life = time.AfterFunc(l.Lifetime-rand.N(l.Lifetime/10+1), func() {
			c.end(closeAged, fmt.Sprintf("the connection has lasted for %s (limits.lifetime); connect again", l.Lifetime))
		})
	}
	if l.Idle > 0 {
		c.spent.Store(time.Now().UnixNano())
		c.idle = time.AfterFunc(l.Idle, c.checkIdle)
	}
}

// checkIdle ends the connection if nothing has been sent for too long, and looks again later otherwise.
func (c *Client) checkIdle() {
	most := c.clients.limits.Idle
	idle := time.Since(time.Unix(0, c.spent.Load()))
	if idle >= most {
		c.end(closeAged, fmt.Sprintf("you have sent nothing for %s (limits.idle); connect again", most))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.left {
		c.idle.Reset(most - idle)
	}
}

// stopTimersLocked stops all timers, that of the token too. Lock held.
func (c *Client) stopTimersLocked() {
	for _, timer := range []*time.Timer{c.life, c.idle, c.expiry} {
		if timer != nil {
			timer.Stop()
		}
	}
}

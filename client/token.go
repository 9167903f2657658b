package client

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// fetchToken gets the first token, or another one when the server has refused the last.
func (c *Client) fetchToken(ctx context.Context) error {
	c.mu.Lock()
	has := c.token != "" || c.options.Token == nil
	c.mu.Unlock()
	if has {
		return nil
	}
	token, err := c.options.Token(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.token = token
	c.mu.Unlock()
	return nil
}

// forgetToken makes the next connection begin with a new token, and a new session.
func (c *Client) forgetToken() {
	c.mu.Lock()
	c.token, c.session = "", nil
	c.mu.Unlock()
}

// expires has the token replaced ahead of its expiry, which is never if it is 0. Lock held.
func (c *Client) expires(in time.Duration) {
	if in <= 0 || c.options.Token == nil || c.refreshes {
		return
	}
	c.refreshes = true
	c.after(in-min(refreshBefore, in/4), c.refreshLocked)
}

// refreshLocked gets a new token and sends it. Lock held.
func (c *Client) refreshLocked() {
	c.refreshes = true
	c.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), greetTimeout)
		defer cancel()
		defer context.AfterFunc(c.context, cancel)()
		token, err := c.options.Token(ctx)
		var ok protocol.RefreshOK
		if err == nil {
			err = c.ask(ctx, &protocol.Refresh{Token: token}, true, &ok)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.refreshes = false
		if err != nil {
			// The old token counts until it expires; then the server says so, and a new connection
			// begins with a new one.
			c.expires(4 * greetTimeout / 3)
			return
		}
		c.token = token
		if ok.Session != nil {
			c.session = ok.Session
		}
		c.expires(ok.Expires)
	})
}

package proxies

import (
	"net"
	"time"
)

// watched is a listener whose connections the proxy knows.
type watched struct {
	net.Listener
	proxy *Proxy
}

func (w watched) Accept() (net.Conn, error) {
	nc, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p := w.proxy
	c := &conn{Conn: nc, proxy: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.idle = p.habits.Idle; c.idle > 0 {
		c.timer = time.AfterFunc(c.idle, func() { nc.Close() })
	}
	p.conns[c] = true
	return c, nil
}

// conn is a connection with a client, which may be cut when it is idle.
type conn struct {
	net.Conn
	proxy *Proxy
	idle  time.Duration
	timer *time.Timer // nil without idle
}

func (c *conn) busy(n int) {
	if c.timer != nil && n > 0 {
		c.timer.Reset(c.idle)
	}
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.busy(n)
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.busy(n)
	return n, err
}

func (c *conn) Close() error {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.proxy.mu.Lock()
	delete(c.proxy.conns, c)
	c.proxy.mu.Unlock()
	return c.Conn.Close()
}

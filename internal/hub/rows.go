package hub

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Rows are what the other nodes know of this one: a table of package cluster. No method waits.
type Rows interface {
	Put(key string, value []byte)
	Delete(key string)
}

// lingerTime is for how long a connection stays present that another node says has gone. It may have come to a third one,
// which is heard later: the order between nodes is nobody's. A node that is gone takes its connections with it after this.
const lingerTime = 2 * time.Second

// unshared are the rows of a node that has no others.
type unshared struct{}

func (unshared) Put(string, []byte) {}
func (unshared) Delete(string)      {}

// Share has other nodes know who is present here, by rows, and this one who is there, by Row. node is this one, unlike
// any other that runs or has run. It is called before anybody is present.
func (p *Presence) Share(node string, rows Rows) { p.node, p.rows = node, rows }

// row is the value of a row.
type row struct {
	User string `json:"user,omitempty"` // "" for the anonymous one of the connection
	Info []byte `json:"info,omitempty"`
	Turn uint64 `json:"turn,omitempty"`
}

// rowKey returns the key of a connection's row. There is no line feed in a channel's name.
func rowKey(name channel.Name, connection string) string { return string(name) + "\n" + connection }

func rowOf(e Entry) ([]byte, error) {
	r := row{e.User, e.Info, e.Turn}
	if e.User == Anonymous(e.Connection) {
		r.User = ""
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("the entry %q can't be written: %w", e.User, err)
	}
	return b, nil
}

var errNoKey = errors.New("it does not say where who is present")

// Row takes what another node says of a connection: the value of a row, nil when the row is gone. The error is that it
// can't be read; nothing has changed then.
func (p *Presence) Row(node, key string, value []byte) error {
	name, connection, ok := strings.Cut(key, "\n")
	if !ok {
		return errNoKey
	}
	if value == nil {
		p.lapse(node, channel.Name(name), connection)
		return nil
	}
	var r row
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	if r.User == "" {
		r.User = Anonymous(connection)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.claimLocked(&claim{Entry: Entry{Channel: channel.Name(name), User: r.User, Connection: connection, Info: r.Info, Turn: r.Turn}, node: node})
	}
	return nil
}

// lapse notes that another node has a connection no more.
func (p *Presence) lapse(node string, name channel.Name, connection string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.findLocked(name, connection, node); c != nil && c.fuse == nil && !p.closed {
		p.linger.light(c)
	}
}

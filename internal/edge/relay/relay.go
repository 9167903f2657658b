// Package relay carries requests of HTTP from the node that they have reached to the one that has what they are about, so that a
// load balancer may send them anywhere.
//
// A request goes as a row of frames: its head, its body in pieces, its end; the answer comes back in the same way. The bus keeps
// the order and may lose some of them. Then the request fails, as it does when a proxy on the way breaks, and the client does
// what it does then.
package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

const (
	pieceBytes  = 128 << 10 // of a body, at once
	maxRequests = 4096      // that wait here for other nodes, and as many of theirs that are answered
	maxGathered = 64 << 20  // bytes of requests of other nodes that are not here as a whole
	// gatherTimeout is how long a request of another node may take to be here as a whole, once its head is.
	gatherTimeout = time.Minute
)

var (
	// ErrGone says that the node is not there, or not any more.
	ErrGone = errors.New("the node that has the connection is gone")
	// ErrStranger says that the node has nothing that the request could be about.
	ErrStranger = errors.New("there is no such connection, or not any more")
	// ErrBusy says that too many requests are on their way.
	ErrBusy = errors.New("too many requests are on their way to other nodes; send it again")
	// ErrBroken says that something was lost on the way; the request may have been answered.
	ErrBroken = errors.New("the answer of the node that has the connection was lost on the way")
)

// Serve answers a request of another node, whose body is here. It returns false, and has answered nothing, if there is nothing
// here that the request could be about. Header are those that were forwarded.
type Serve func(w http.ResponseWriter, r *http.Request) (known bool)

// Relay carries the requests of one edge. Its methods may be called from any goroutine.
type Relay struct {
	cluster *cluster.Cluster
	topic   string
	most    int64 // bytes of a body
	serve   Serve
	log     *slog.Logger

	work    context.Context // of requests of other nodes
	stop    context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	closed   bool
	waiting  map[number]*answer    // requests from here
	requests map[origin]*gathering // of other nodes
	gathered int64                 // bytes of their bodies
}

// number names a request among those of its node.
type number [8]byte

// origin names a request among those of all nodes.
type origin struct {
	node string
	number
}

// New returns a relay for requests of an edge. Of their bodies, at most so many bytes are carried: with one more than is allowed,
// whoever serves them refuses those that are larger. It is called before the cluster is started.
func New(c *cluster.Cluster, edge string, most int64, log *slog.Logger, serve Serve) *Relay {
	r := &Relay{cluster: c, topic: "relay." + edge, most: most, serve: serve, log: log,
		waiting: make(map[number]*answer), requests: make(map[origin]*gathering)}
	r.work, r.stop = context.WithCancel(context.Background())
	c.Hear(r.topic, r.hear)
	c.Watch(r.watch)
	return r
}

// Close ends the requests that are answered here, and waits for them.
func (r *Relay) Close() {
	r.mu.Lock()
	r.closed = true
	for o := range r.requests {
		r.forgetLocked(o)
	}
	r.mu.Unlock()
	r.stop()
	r.running.Wait()
}

// The kinds of frames.
const (
	frameHead   = 'h' // of a request, or of an answer
	framePiece  = 'p'
	frameEnd    = 'e' // with the length of the body
	frameCancel = 'c' // of a request: nobody waits for the answer any more
	frameFail   = 'f' // in place of an answer: with why
)

// The first byte of a frame says which way it goes, so that both ways share a topic.
const (
	wayThere = '>'
	wayBack  = '<'
)

// fails are the errors that frameFail says.
var fails = map[string]error{"stranger": ErrStranger, "busy": ErrBusy, "broken": ErrBroken}

func frame(way byte, n number, kind byte, body []byte) []byte {
	b := make([]byte, 0, 2+len(n)+len(body))
	b = append(append(b, way), n[:]...)
	return append(append(b, kind), body...)
}

func (r *Relay) tell(node string, way byte, n number, kind byte, body []byte) {
	r.cluster.TellNode(node, r.topic, frame(way, n, kind, body))
}

func (r *Relay) hear(from string, b []byte) {
	var n number
	if len(b) < 2+len(n) {
		r.log.Warn("another node sends a frame that can't be read", "topic", r.topic, "node", from)
		return
	}
	copy(n[:], b[1:])
	kind, body := b[1+len(n)], bytes.Clone(b[2+len(n):])
	if b[0] == wayThere {
		r.take(origin{from, n}, kind, body)
		return
	}
	r.mu.Lock()
	a := r.waiting[n]
	r.mu.Unlock()
	if a != nil && a.node == from {
		a.hear(kind, body)
	}
}

// watch ends what other nodes have begun that have gone, and what waits for them.
func (r *Relay) watch(n cluster.Node, here bool) {
	if here {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.waiting {
		if a.node == n.ID {
			a.fail(ErrGone)
		}
	}
	for o := range r.requests {
		if o.node == n.ID {
			r.forgetLocked(o)
		}
	}
}

// head is what goes ahead of a body.
type head struct {
	Method string      `json:"method,omitzero"`
	URL    string      `json:"url,omitzero"`
	Header http.Header `json:"header,omitzero"`
	Status int         `json:"status,omitzero"`
}

// Forward has another node answer a request, of which it gets the method, the URL, those of the headers that are named, and
// the body. The answer is written unless there is an error: one of this package, of reading the request, or the end of its
// context. It waits for as long as the other node does.
func (r *Relay) Forward(w http.ResponseWriter, req *http.Request, node string, headers ...string) error {
	h := head{Method: req.Method, URL: req.URL.RequestURI(), Header: make(http.Header)}
	for _, name := range headers {
		if v := req.Header.Values(name); len(v) > 0 {
			h.Header[http.CanonicalHeaderKey(name)] = v
		}
	}
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	a, err := r.begin(node)
	if err != nil {
		return err
	}
	defer r.drop(a)
	r.tell(node, wayThere, a.number, frameHead, b)
	if err = r.send(req, a); err == nil {
		// The server's limit for requests is not meant for one that waits.
		err = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	if err == nil {
		err = a.copyTo(req.Context(), w)
	}
	if err != nil {
		r.tell(node, wayThere, a.number, frameCancel, nil)
	}
	return err
}

// begin makes room for an answer.
func (r *Relay) begin(node string) (*answer, error) {
	if _, alive := r.cluster.Node(node); !alive {
		return nil, ErrGone
	}
	a := &answer{node: node, news: make(chan struct{}, 1)}
	rand.Read(a.number[:]) // never fails
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.waiting) >= maxRequests {
		return nil, ErrBusy
	}
	r.waiting[a.number] = a
	return a, nil
}

func (r *Relay) drop(a *answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, a.number)
}

// send sends the body of a request, as it comes.
func (r *Relay) send(req *http.Request, a *answer) error {
	body := io.LimitReader(req.Body, r.most)
	piece := make([]byte, pieceBytes)
	total := uint64(0)
	for {
		n, err := io.ReadFull(body, piece)
		if n > 0 {
			r.tell(a.node, wayThere, a.number, framePiece, piece[:n])
			total += uint64(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			r.tell(a.node, wayThere, a.number, frameEnd, binary.AppendUvarint(nil, total))
			return nil
		}
		if err != nil {
			return err
		}
	}
}

package wstest

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"time"
)

// DefaultTimeout bounds a case if its target does not say otherwise.
const DefaultTimeout = 10 * time.Second

// largeFactor is how much longer than others a case may take that moves megabytes.
const largeFactor = 6

// Target is a server that is tested. It must echo every message and close as RFC 6455 asks.
type Target struct {
	// URL is where the server echoes, ws:// or wss://.
	URL string
	// TLS is for wss. Nil means the system's roots and the URL's host name.
	TLS *tls.Config
	// Header is sent with each opening handshake: Origin, Authorization and the like.
	Header http.Header
	// Subprotocols are those that the server speaks. The cases of their selection need at least one.
	Subprotocols []string
	// MaxMessageBytes is the largest message that the server accepts. The cases of larger messages do
	// not apply, and those of the limit itself do. Zero means that the limit is not known: a
	// message of 64 KiB or more may then be refused with 1009.
	MaxMessageBytes int64
	// Timeout bounds each case; one that moves megabytes may take six times as long. Default
	// DefaultTimeout. It must be longer than the server waits for an answer to its close frame.
	Timeout time.Duration
	// Open, if set, makes connections in another way than the opening handshake of HTTP/1.1, such as
	// a stream of HTTP/2 (RFC 8441): it sends the header given with the request and returns the
	// bytes' way and the header of the answer. The cases of the HTTP/1.1 handshake then do not
	// apply. If what it returns has a method CloseWrite, that closes this side's half.
	Open func(ctx context.Context, header http.Header) (io.ReadWriteCloser, http.Header, error)
}

// ClientTarget is a client that is tested. Each case listens on the loopback interface and has the
// client connect to it.
type ClientTarget struct {
	// Echo dials url, echoes each message until the connection is over, and returns. What it returns
	// says nothing about the case and is only quoted. It must return when ctx ends.
	Echo func(ctx context.Context, url string) error
	// TLS, if set, has the certificate with which the cases listen, and makes the URLs wss://.
	TLS *tls.Config
	// MaxMessageBytes is the largest message that the client accepts, as in Target.
	MaxMessageBytes int64
	// Timeout bounds each case, as in Target.
	Timeout time.Duration
}

// Options says which cases are run and how.
type Options struct {
	// Match selects cases; nil means all.
	Match func(Case) bool
	// Parallel is how many cases run at once. Default 4.
	Parallel int
	// Report, if set, is called with each result, in the order of Cases, as soon as it and those
	// before it are known.
	Report func(Result)
}

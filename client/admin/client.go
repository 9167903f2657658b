package admin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options says how a Client asks. The zero value is a good start.
type Options struct {
	// HTTP sends the requests. Nil is a client of its own, which gives up after 30 s and follows no redirects: they would
	// take the API key elsewhere.
	HTTP *http.Client
	// Attempts is how often a request is sent at most, if it does not arrive, or the server asks to try later (429, 503).
	// The default is 5, with 0.2 s, 0.4 s and so on between them, or what the server asks for, at most 30 s.
	Attempts int
}

const (
	requestTimeout  = 30 * time.Second
	defaultAttempts = 5
)

// Client asks a server. Its methods may be called from any goroutine.
type Client struct {
	base     string // the URL of the server, without a slash at its end
	key      string
	http     *http.Client
	attempts int
}

// New returns a client of the server at a URL such as https://holdfast.example, with an API key. It asks nothing yet.
// o may be nil.
func New(server, apiKey string, o *Options) (*Client, error) {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("holdfast: the server's URL is none; write it as https://HOST")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("holdfast: the server's URL has more than a host and a path; leave that out")
	case apiKey == "":
		return nil, errors.New("holdfast: there is no API key; make one with: holdfast token create --api-key")
	}
	if o == nil {
		o = new(Options)
	}
	c := &Client{base: strings.TrimSuffix(server, "/"), key: apiKey, http: o.HTTP, attempts: o.Attempts}
	if c.http == nil {
		c.http = &http.Client{
			Timeout:       requestTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if c.attempts <= 0 {
		c.attempts = defaultAttempts
	}
	return c, nil
}

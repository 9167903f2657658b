// Package site serves a directory of files that a build has made: a web site beside the channels.
//
// Every request looks the directory up by its name and reads the file as it is then, so that a new build
// is served from the moment it is there, whether its files were replaced one by one, the directory was
// exchanged, or a symbolic link to it was pointed elsewhere. No path leads out of the directory: os.Root
// sees to that, for symbolic links too.
package site

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Config says what to serve.
type Config struct {
	Dir     string   // the directory; relative to the working directory at the start
	Framers []string // origins, as in websocket.AcceptOptions, whose pages may show the site's in a frame; the site's own always may
	Log     *slog.Logger
}

// Site is a handler of everything in a directory. It answers GET and HEAD, with ranges and conditional
// requests (RFC 9110 sections 13 and 14). It is safe for concurrent use.
type Site struct {
	dir    string
	policy string // Content-Security-Policy of every answer
	etags  etags
	log    *slog.Logger

	// trouble bounds what is logged: anybody can ask for a file that can't be read, as often as they like.
	trouble rate.Sometimes
}

// New returns the site in cfg.Dir. It fails if that is no directory that can be read.
func New(cfg Config) (*Site, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := root.Close(); err != nil {
		return nil, err
	}
	return &Site{
		dir:     dir,
		policy:  framePolicy(cfg.Framers),
		log:     cfg.Log,
		trouble: rate.Sometimes{First: 10, Interval: time.Second},
	}, nil
}

// ServeHTTP answers with the file of the request's path, or says why not.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", s.policy)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		s.refuse(w, "this is a page of a site, which can only be read; use GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		s.complain("the directory of the site cannot be opened", s.dir, err)
		header.Set("Retry-After", "1")
		s.refuse(w, "the site is not there at the moment; it may be being replaced, so try again", http.StatusServiceUnavailable)
		return
	}
	defer root.Close()
	t := tree{root}
	name, found, err := t.find(r.URL.Path)
	if err != nil {
		s.complain("a file of the site cannot be served", name, err)
	}
	switch found {
	case isFile:
		s.serve(w, r, t, name)
	case isDirectory:
		// Permanent, but asked for again: a later build may have a file there.
		header.Set("Cache-Control", "no-cache")
		target := url.URL{Path: r.URL.Path + "/", RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
	default:
		s.serveMissing(w, r, t)
	}
}

// serveMissing answers for a path that is nothing. A site with a 404.html is one of many pages, and shows
// that; a site without is an application that knows its addresses itself, so whoever goes to one gets its
// page.
func (s *Site) serveMissing(w http.ResponseWriter, r *http.Request, t tree) {
	w.Header().Add("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		if t.isFile("404.html") {
			s.serveNotFoundPage(w, r, t)
			return
		}
		if !hasExtension(r.URL.Path) && t.isFile("index.html") {
			s.serve(w, r, t, "index.html")
			return
		}
	}
	s.refuse(w, "there is nothing at this address of the site", http.StatusNotFound)
}

// refuse answers with a sentence, which no cache keeps.
func (s *Site) refuse(w http.ResponseWriter, why string, status int) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, why, status)
}

// complain tells the log of a file that can't be served, now and then.
func (s *Site) complain(what, name string, err error) {
	s.trouble.Do(func() { s.log.Warn(what, "name", name, "error", err) })
}

// fail answers for a file that is there and can't be read.
func (s *Site) fail(w http.ResponseWriter, name string, err error) {
	if errors.Is(err, fs.ErrNotExist) { // it has gone since it was found
		s.refuse(w, "there is nothing at this address of the site", http.StatusNotFound)
		return
	}
	s.complain("a file of the site cannot be served", name, err)
	s.refuse(w, "this file of the site cannot be read; the server's log says why", http.StatusInternalServerError)
}

// framePolicy returns the Content Security Policy (CSP Level 3) that lets only pages of the same origin,
// and of those that may connect anyway, show the site in a frame, where its visitors could be made to
// click on what they do not see. The rest of a policy is the site's own affair, in a meta element.
func framePolicy(origins []string) string {
	policy := "frame-ancestors 'self'"
	for _, origin := range origins {
		if isSource(origin) {
			policy += " " + origin
		}
	}
	return policy
}

// isSource tells whether an origin can stand in a policy, whose grammar has no "null" and no IPv6 addresses.
func isSource(origin string) bool {
	if origin == "*" {
		return true
	}
	scheme, host, _ := strings.Cut(origin, "://")
	return (scheme == "http" || scheme == "https") && host != "" && strings.Trim(host, hostSourceCharacters) == ""
}

// hostSourceCharacters are those of a host-source behind the scheme (CSP Level 3 section 2.3.1).
const hostSourceCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:*"

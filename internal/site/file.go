package site

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// serve answers with a file, or its compressed sibling: with 304 if the client has this version, and with
// the ranges that it asks for. It costs a few system calls; the contents go from the file to the socket
// without a copy where the system can.
func (s *Site) serve(w http.ResponseWriter, r *http.Request, t tree, name string) {
	chosen, coding, compressed := t.variant(name, r.Header.Values("Accept-Encoding"))
	file, etag, err := s.open(t, chosen)
	if err != nil {
		s.fail(w, chosen, err)
		return
	}
	defer file.Close()
	header := w.Header()
	header.Set("Content-Type", contentType(name))
	header.Set("Cache-Control", cacheControl(name))
	header.Set("ETag", etag)
	if compressed {
		header.Add("Vary", "Accept-Encoding")
	}
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	// There is no Last-Modified: the ETag says more, and is the same on all nodes that serve this build.
	http.ServeContent(w, r, "", time.Time{}, file)
}

// serveNotFoundPage answers with 404.html, as what it is.
func (s *Site) serveNotFoundPage(w http.ResponseWriter, r *http.Request, t tree) {
	const name = "404.html"
	file, err := t.Open(name)
	if err != nil {
		s.fail(w, name, err)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		s.fail(w, name, err)
		return
	}
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusNotFound)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := io.CopyN(w, file, info.Size()); err != nil && r.Context().Err() == nil {
		s.complain("a file of the site was not sent to its end", name, err)
	}
}

// open returns a file and its ETag.
func (s *Site) open(t tree, name string) (*os.File, string, error) {
	file, err := t.Open(name)
	if err != nil {
		return nil, "", err
	}
	etag, err := s.etags.of(name, file)
	if err != nil {
		file.Close()
		return nil, "", err
	}
	return file, etag, nil
}

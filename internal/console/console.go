// Package console serves the pages that are built into the binary: the chat at "/".
//
// The pages are written in TypeScript under web/ and built into dist/, which is committed, so
// that Go alone builds the whole.
package console

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed dist
var dist embed.FS

// Handler returns the handler of the chat: its page at "/", and what the page loads. It answers
// GET and HEAD, 404 for paths that it does not have and 405 for other methods, all with the
// security headers of this package, and is safe for concurrent use.
func Handler() http.Handler {
	chat, err := fs.Sub(dist, "dist/chat")
	if err != nil {
		panic(err) // the path is a constant and valid
	}
	return newSite(chat)
}

// site is a built set of pages in memory, by URL path.
type site map[string]page

// newSite reads all files of a built tree. The tree is part of the binary: that it cannot be
// read is a fault of the build.
func newSite(tree fs.FS) site {
	s := site{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		s[urlPath(name)] = newPage(name, body)
		return nil
	})
	if err != nil {
		panic("console: the embedded pages cannot be read: " + err.Error())
	}
	return s
}

// urlPath returns the path under which a file of the tree is served.
func urlPath(name string) string {
	if name == "index.html" {
		return "/"
	}
	return "/" + name
}

// ServeHTTP finds the page by the exact decoded path. Nothing is looked up in a file system, so
// no path can lead out of the tree.
func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setSecurityHeaders(w.Header(), r.Host)
	p, found := s[r.URL.Path]
	switch {
	case !found:
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "There is no page at this address. The chat is at /.", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This page can only be read: use GET or HEAD.", http.StatusMethodNotAllowed)
	default:
		p.serve(w, r)
	}
}

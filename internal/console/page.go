package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

// contentTypes are the types of the files that a build may hold. They are not left to the
// system's table, which differs from machine to machine.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// page is one file, ready to be sent.
type page struct {
	body         []byte
	contentType  string
	cacheControl string
	etag         string
}

// newPage prepares a file of the tree.
func newPage(name string, body []byte) page {
	contentType, known := contentTypes[path.Ext(name)]
	if !known {
		contentType = "application/octet-stream"
	}
	// Pages are asked for anew each time, and cost a 304; what they load has a new name with
	// each new content.
	cacheControl := "no-cache"
	if isHashed(name) {
		cacheControl = "public, max-age=31536000, immutable"
	}
	sum := sha256.Sum256(body)
	return page{
		body:         body,
		contentType:  contentType,
		cacheControl: cacheControl,
		etag:         `"` + hex.EncodeToString(sum[:16]) + `"`,
	}
}

// serve answers a GET or HEAD, with 304 if the client has this version, and ranges.
func (p page) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", p.contentType)
	header.Set("Cache-Control", p.cacheControl)
	header.Set("ETag", p.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.body))
}

// isHashed says whether the build put a hash of the content into a file's name, so that a file
// of this name never changes.
func isHashed(name string) bool {
	return strings.HasPrefix(name, "assets/")
}

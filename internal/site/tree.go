package site

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// tree is the directory of a site while one request is answered.
type tree struct{ *os.Root }

// found is what a path of a URL turned out to be.
type found int

const (
	isNothing   found = iota
	isFile            // name is its file
	isDirectory       // that has an index.html; its URL ends in a slash
)

const maxSegmentBytes = 255 // of a file's name, in most file systems

// find returns the file of a URL's decoded path. Directories have their index.html, and /about is the file
// about.html too, as builds write it. With isNothing an error, if there is one, is a fault of the site's
// files rather than of who asked.
func (t tree) find(urlPath string) (name string, what found, err error) {
	name, rooted := strings.CutPrefix(urlPath, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	if !rooted || !isServable(name) {
		return name, isNothing, nil
	}
	info, err := t.Stat(name)
	switch {
	case err != nil && !isAbsence(err):
		return name, isNothing, err // a link that leads out, for one
	case err == nil && info.Mode().IsRegular():
		return name, isFile, nil
	case err == nil && info.IsDir() && t.isFile(name+"/index.html"):
		return name, isDirectory, nil
	case !hasExtension(name) && t.isFile(name+".html"):
		return name + ".html", isFile, nil
	}
	return name, isNothing, nil
}

// isFile tells whether there is a regular file of the name, which is one of the server's own making.
func (t tree) isFile(name string) bool {
	info, err := t.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// isServable tells whether a name may be looked up at all. Hidden files, as in .git and .env, are none of
// the site's; .well-known is (RFC 8615). Backslashes separate names on Windows.
func isServable(name string) bool {
	if !fs.ValidPath(name) { // "..", ".", empty segments, no UTF-8
		return false
	}
	for i, segment := range strings.Split(name, "/") {
		hidden := segment[0] == '.' && (i > 0 || segment != ".well-known")
		if hidden || len(segment) > maxSegmentBytes || strings.ContainsFunc(segment, isForbidden) {
			return false
		}
	}
	return true
}

func isForbidden(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }

// isAbsence tells whether an error means that there is nothing of that name.
func isAbsence(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// hasExtension tells whether the last segment of a path is the name of a file rather than of a page.
func hasExtension(p string) bool { return path.Ext(p) != "" }

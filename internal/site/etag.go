package site

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

const (
	maxETags = 10_000 // that are remembered: 300 bytes each

	// calm is how long a file has to be left alone before its ETag is remembered. A file that is written
	// twice within a tick of the file system's clock looks the same both times.
	calm = 2 * time.Second
)

// etags remembers the strong ETags of files (RFC 9110 section 8.8.3), which are digests of what is in
// them, so that a file is read for that only when it is new. The zero value is ready to use.
type etags struct {
	mu    sync.Mutex
	known map[string]*digest // by the file's name; guarded by mu
}

// digest is the ETag of one version of a file.
type digest struct {
	version fs.FileInfo
	once    sync.Once // whoever asks first reads the file, and the others wait
	etag    string
	err     error
}

// of returns the ETag of an open file of the site, which is at its start afterwards.
func (e *etags) of(name string, file *os.File) (string, error) {
	version, err := file.Stat()
	if err != nil {
		return "", err
	}
	if time.Since(version.ModTime()) < calm {
		return digestOf(file)
	}
	d := e.lookup(name, version)
	d.once.Do(func() {
		if d.etag, d.err = digestOf(file); d.err != nil {
			e.forget(name, d)
		}
	})
	return d.etag, d.err
}

// lookup returns the digest of this version of a file, which may have to be computed yet.
func (e *etags) lookup(name string, version fs.FileInfo) *digest {
	e.mu.Lock()
	defer e.mu.Unlock()
	if d := e.known[name]; d != nil && isSame(d.version, version) {
		return d
	}
	if len(e.known) >= maxETags || e.known == nil {
		e.known = map[string]*digest{} // a site of so many files computes some of them again
	}
	d := &digest{version: version}
	e.known[name] = d
	return d
}

// forget drops a digest that could not be computed.
func (e *etags) forget(name string, d *digest) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known[name] == d {
		delete(e.known, name)
	}
}

func isSame(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// digestOf reads a file to its end and goes back to its start.
func digestOf(file io.ReadSeeker) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return `"` + hex.EncodeToString(sum.Sum(nil)[:16]) + `"`, nil
}

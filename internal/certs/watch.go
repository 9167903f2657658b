package certs

import (
	"crypto/sha256"
	"os"
)

// watch tells when files have changed. It reads them each time instead of asking for their times: they are
// small, links to them may be swapped (as certbot and Kubernetes do), and a time can stay the same.
// Cost of a look: an open, a read and a hash for each file.
type watch struct {
	paths []string
	seen  [sha256.Size]byte // what the last look found, an error included
}

// look returns the contents of the files, and whether they are others than at the last look. That a file
// can't be read is told once, like a change.
func (w *watch) look() (contents [][]byte, changed bool, err error) {
	hash := sha256.New()
	for _, path := range w.paths {
		content, failed := os.ReadFile(path)
		if failed != nil {
			hash.Write([]byte(failed.Error()))
			err = failed
			break
		}
		sum := sha256.Sum256(content) // so that the end of one file can't become the beginning of the next
		hash.Write(sum[:])
		contents = append(contents, content)
	}
	found := [sha256.Size]byte(hash.Sum(nil))
	changed, w.seen = found != w.seen, found
	if !changed {
		return contents, false, nil
	}
	return contents, true, err
}

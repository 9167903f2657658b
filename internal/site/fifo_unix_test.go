//go:build unix

package site

import (
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	b := serve(t, nil)
	pipe := filepath.Join(b.dir, "pipe.txt")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	b.get("/pipe.txt").want(t, http.StatusNotFound, "there is nothing at this address of the site\n") // to open it would wait for a writer
}

package socket

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
)

func TestTheKeyIsMadeOnceAndOnlyItsOwnerMayReadIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "session.key")
	keys := make([][]byte, 8)
	var opening sync.WaitGroup
	for i := range keys {
		opening.Go(func() {
			var err error
			if keys[i], err = OpenKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
	for _, key := range keys {
		if len(key) != keyBytes || !bytes.Equal(key, keys[0]) {
			t.Errorf("keys %x and %x", key, keys[0])
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v", info.Mode())
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestAFileWithoutAKeyIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "session.key")
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := OpenKey(path)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("got %v", err)
	}
}

func TestASecretIsGenuineForItsSessionAndKeyOnly(t *testing.T) {
	g := signer{NewKey()}
	grants, err := auth.NewGrants(map[string]string{"chat/#": "rw"}, "ada")
	if err != nil {
		t.Fatal(err)
	}
	s := statement{id: "s1", who: &auth.Identity{User: "ada", Grants: grants}, node: 7, issued: time.UnixMilli(1000), expires: time.UnixMilli(2000)}
	secret := g.sign(s)
	got, ok := g.verify("s1", secret)
	if !ok || got.who.User != "ada" || !got.who.Grants.Allows(auth.Publish, "chat/a") || got.who.Grants.Allows(auth.Publish, "b") {
		t.Errorf("got %+v, %v", got.who, ok)
	}
	if got.who = s.who; got != s {
		t.Errorf("got %+v", got)
	}
	if _, ok := g.verify("s2", secret); ok {
		t.Error("genuine for another session")
	}
	if _, ok := (signer{NewKey()}).verify("s1", secret); ok {
		t.Error("genuine under another key")
	}
	for i := range secret {
		changed := []byte(secret)
		changed[i] ^= 1
		// The last character has bits that mean nothing.
		if _, ok := g.verify("s1", string(changed)); ok && i < len(secret)-1 {
			t.Errorf("genuine with byte %d changed", i)
		}
	}
	for n := range secret {
		if _, ok := g.verify("s1", secret[:n]); ok {
			t.Errorf("genuine when cut to %d", n)
		}
	}
}

package broker

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/engine"
)

// writtenDir returns a data directory with 2000 messages of two channels, whose broker has ended.
func writtenDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	b := open(t, Config{Dir: dir})
	l := openLog(t, b, "chat/#", Retention{})
	done := make(chan error, 2000)
	for i := range 2000 {
		name := []channel.Name{"chat/a", "chat/b"}[i%2]
		l.Append(t.Context(), text(name, strings.Repeat("x", 100)), func(_ Ack, err error) { done <- err })
	}
	for range 2000 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	shut(t, b)
	return dir
}

// contents returns the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestADamagedDirectoryIsRefusedWithTheReasonAndLeftAsItIs(t *testing.T) {
	stream := filepath.Join("jetstream", "$G", "streams", "holdfast-chat=2f=23")
	for what, damage := range map[string]struct {
		file string
		do   func(content []byte) []byte
	}{
		"garbage within a block":      {"msgs/1.blk", func(b []byte) []byte { return append(append(b[:5000:5000], "garbage"...), b[5007:]...) }},
		"garbage in place of a block": {"msgs/1.blk", func(b []byte) []byte { return bytes.Repeat([]byte("garbage "), 1000) }},
		"garbage in the description":  {"meta.inf", func([]byte) []byte { return []byte("garbage") }},
		"no description":              {"meta.inf", func([]byte) []byte { return nil }},
		"garbage in the checksum":     {"meta.sum", func([]byte) []byte { return []byte("garbage") }},
	} {
		t.Run(what, func(t *testing.T) {
			dir := writtenDir(t)
			file := filepath.Join(dir, stream, damage.file)
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if content = damage.do(content); content == nil {
				err = os.Remove(file)
			} else {
				err = os.WriteFile(file, content, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			before := contents(t, dir)
			_, err = Open(t.Context(), Config{Dir: dir})
			var damaged *engine.DamageError
			if !errors.As(err, &damaged) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "restore") {
				t.Errorf("Open says %v", err)
			}
			after := contents(t, dir)
			for path := range before {
				if after[path] != before[path] {
					t.Errorf("%s was changed", path)
				}
			}
		})
	}
}

func TestWhatCanBeMadeAnewOrWasCutShortIsNoDamage(t *testing.T) {
	stream := filepath.Join("jetstream", "$G", "streams", "holdfast-chat=2f=23", "msgs")
	for what, damage := range map[string]func(t *testing.T, dir string) error{
		"no index": func(t *testing.T, dir string) error { return os.Remove(filepath.Join(dir, "index.db")) },
		"garbage in index": func(t *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "index.db"), []byte("garbage"), 0o600)
		},
		"a record cut short": func(t *testing.T, dir string) error {
			return appendTo(filepath.Join(dir, "1.blk"), "\xff\x00\x00\x00half")
		},
		"zeros": func(t *testing.T, dir string) error {
			return appendTo(filepath.Join(dir, "1.blk"), strings.Repeat("\x00", 4096))
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := writtenDir(t)
			if err := damage(t, filepath.Join(dir, stream)); err != nil {
				t.Fatal(err)
			}
			l := openLog(t, open(t, Config{Dir: dir}), "chat/#", Retention{})
			got := 0
			for page := (&Page{More: true}); page.More; got += len(page.Messages) {
				page = read(t, l, "chat/#", page.End.Offset, 1000)
			}
			if got != 2000 {
				t.Errorf("%d messages are there, want 2000", got)
			}
			if at := put(t, l, "chat/a", "more"); at != 2001 {
				t.Errorf("the next offset is %d", at)
			}
		})
	}
}

func appendTo(path, more string) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = file.WriteString(more)
	return err
}

func TestADirectoryInUseIsRefused(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Config{Dir: dir})
	_, err := Open(t.Context(), Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("Open says %v", err)
	}
	shut(t, first)
	open(t, Config{Dir: dir})
}

func TestADirectoryThatCannotBeUsedIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		if _, err := Open(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "cannot be used") {
			t.Errorf("Open of %s says %v", dir, err)
		}
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	dir := writtenDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if b, err := Open(ctx, Config{Dir: dir}); err == nil {
		shut(t, b) // it may have been fast enough
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("Open says %v", err)
	}
	eventually(t, "the directory is free again", func() bool {
		b, err := Open(t.Context(), Config{Dir: dir})
		if err == nil {
			shut(t, b)
		}
		return err == nil
	})
}

func TestALogIsThereAgainWithItsEpochAfterARestart(t *testing.T) {
	dir := t.TempDir()
	b := open(t, Config{Dir: dir})
	l := openLog(t, b, "a/#", Retention{Count: 10})
	epoch := l.Epoch()
	m := text("a/b", "hello")
	m.ID = "once"
	if _, err := store(l, m); err != nil {
		t.Fatal(err)
	}
	shut(t, b)

	again := openLog(t, open(t, Config{Dir: dir}), "a/#", Retention{Count: 10})
	if again.Epoch() != epoch || len(epoch) != epochBytes {
		t.Errorf("the epoch was %q and is %q", epoch, again.Epoch())
	}
	wantRead(t, again, "a/b", 0, false, "hello")
	if ack, err := store(again, m); err != nil || !ack.Duplicate || ack.Offset != 1 {
		t.Errorf("a repeat after the restart is answered %+v, %v", ack, err)
	}
	other := openLog(t, open(t, Config{}), "a/#", Retention{Count: 10})
	if other.Epoch() == epoch {
		t.Error("another log has the same epoch")
	}
}

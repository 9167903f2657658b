package site

import (
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestTheETagIsThatOfTheContentAlone(t *testing.T) {
	one := serve(t, map[string]string{"a.txt": "same", "b.txt": "same"})
	two := serve(t, map[string]string{"a.txt": "same"})
	two.touch("a.txt", time.Now().Add(-24*time.Hour))
	etag := one.get("/a.txt").Header.Get("ETag")
	for _, a := range []answer{one.get("/b.txt"), two.get("/a.txt")} {
		a.wantHeader(t, "ETag", etag)
	}
}

func TestAFileThatChangesTwiceWithinATickIsSeenToChange(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "one"})
	now := time.Now()
	b.touch("index.html", now)
	etag := b.get("/").Header.Get("ETag")
	b.write("index.html", "two") // of the same size, and by the clock not later
	b.touch("index.html", now)
	b.get("/", "If-None-Match", etag).want(t, http.StatusOK, "two")
}

func TestAFileIsReadOnceForItsETagHoweverManyAsk(t *testing.T) {
	b := serve(t, map[string]string{"a.txt": "text"})
	var e etags
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			file, err := root.Open("a.txt")
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			if _, err := e.of("a.txt", file); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(e.known) != 1 {
		t.Errorf("%d digests of one file", len(e.known))
	}
}

func TestSoManyETagsAreRemembered(t *testing.T) {
	b := serve(t, map[string]string{"a.txt": "text"})
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	file, err := root.Open("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var e etags
	for i := range maxETags + 1 {
		if _, err := e.of(strconv.Itoa(i), file); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.known) != 1 {
		t.Errorf("%d are remembered; want the newest alone", len(e.known))
	}
}

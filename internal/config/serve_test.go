package config

import (
	"path/filepath"
	"testing"
)

func TestTheSiteIsRelativeToTheFileThatNamesIt(t *testing.T) {
	for text, want := range map[string]string{"./dist": "DIR/dist", "../dist": "DIR/../dist", "/srv/site": "/srv/site", `""`: ""} {
		file := fileWith(t, "serve: {static: "+text+"}")
		if want != "" && want[0] == 'D' {
			want = filepath.Join(filepath.Dir(file), want[len("DIR"):])
		}
		if got := mustLoad(t, Options{File: file}).Serve.Static; got != want {
			t.Errorf("%s is %s; want %s", text, got, want)
		}
	}
	if got := mustLoad(t, Options{Environ: []string{"HOLDFAST_SERVE_STATIC=dist"}}).Serve.Static; got != "dist" {
		t.Errorf("in a variable it is %s", got)
	}
}

func TestASiteAndTheChatCanNotBothBeAtTheRoot(t *testing.T) {
	file := fileWith(t, "listen: {chat: true}\nserve:\n  static: dist")
	if got, want := problems(t, Options{File: file}), "F:3: serve.static and listen.chat are both to be served at /; leave one of them out"; got != want {
		t.Errorf("got %s", got)
	}
}

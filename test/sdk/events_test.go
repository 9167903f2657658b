package sdk

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAnEventSourceInNodeGetsEverythingOnceAndInOrderHoweverItsConnectionsBreak(t *testing.T) {
	module, err := filepath.Abs(filepath.Join("..", "..", "web", "node_modules", "eventsource", "dist", "index.js"))
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t)
	seed := rand.Uint64()
	t.Logf("the connections break as the seed %d says", seed)
	through := breaking(t, addr, seed, 3)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	program := exec.CommandContext(ctx, "node", "--no-warnings", filepath.Join("testdata", "events.mjs"), module, "http://"+through.listener.Addr().String()+"/channels/chat/a")
	stderr, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	program.Stdout = &out
	if err := program.Start(); err != nil {
		t.Fatalf("%v: make tools installs Node.js, and make web what runs in it", err)
	}
	said := bufio.NewReader(stderr)
	if line, err := said.ReadString('\n'); line != "live\n" {
		t.Fatalf("the program said %q, %v", line, err)
	}
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprint("message ", i, strings.Repeat(" and so on", 40)))
	}
	want = append(want, "end")
	for _, text := range want {
		resp, err := http.Post("http://"+addr+"/channels/chat/a", "text/plain", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusCreated {
			t.Fatal(resp.Status)
		}
	}
	if err := program.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	var got struct{ Came, Told []string }
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if !slices.Equal(got.Came, want) || len(got.Told) > 0 {
		t.Errorf("got %q, and was told %q; want %q", got.Came, got.Told, want)
	}
}

//go:build unix

package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// inRoom is a connection to /socket that is present in chat/room.
type inRoom struct {
	*websocket.Conn
	session json.RawMessage
}

// enter connects to a node, with the session of another connection if there is one, and goes into the room.
func enter(t *testing.T, n *Node, session json.RawMessage) *inRoom {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	ws, err := websocket.Dial(ctx, n.URL()+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ws.CloseNow)
	r := &inRoom{Conn: ws}
	with := ""
	if session != nil {
		with = `"session":` + string(session)
	}
	if err := ws.Write(ctx, websocket.Text, []byte(`[{"id":1,"connect":{`+with+`}},{"id":2,"subscribe":{"channel":"chat/room","sub":1,"presence":true}}]`)); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		OK struct {
			Session json.RawMessage
			Resumed bool
		}
	}
	if err := json.Unmarshal([]byte(r.read(ctx, t, `{"id":1,`)), &answer); err != nil {
		t.Fatal(err)
	}
	if r.session = answer.OK.Session; answer.OK.Resumed != (session != nil) {
		t.Fatalf("the session goes on: %v", answer.OK.Resumed)
	}
	r.read(ctx, t, `"live"`)
	return r
}

// read reads up to a message with a part.
func (r *inRoom) read(ctx context.Context, t *testing.T, part string) string {
	t.Helper()
	for {
		_, got, err := r.Read(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", part, err)
		}
		if strings.Contains(string(got), part) {
			return string(got)
		}
	}
}

// id returns that of the session.
func (r *inRoom) id(t *testing.T) string {
	t.Helper()
	var s struct{ ID string }
	if err := json.Unmarshal(r.session, &s); err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func TestWhoWasOnANodeThatIsKilledIsGoneWithinTenSecondsUnlessBackElsewhere(t *testing.T) {
	c := Start(t, 3, Options{})
	watcher := enter(t, c.Nodes[2], nil)
	var gone, back []*inRoom
	for range 5 {
		gone = append(gone, enter(t, c.Nodes[0], nil))
		back = append(back, enter(t, c.Nodes[0], nil))
	}
	ctx, cancel := patient(t)
	defer cancel()
	watcher.read(ctx, t, `"count":{"users":11,"connections":11}`)
	c.Nodes[0].Kill(t)
	killed := time.Now()
	for _, r := range back {
		enter(t, c.Nodes[1], r.session)
	}
	t.Logf("the others were back after %v", time.Since(killed))
	var left []string
	for len(left) < len(gone) {
		var told struct {
			Presence struct {
				Join  []struct{ ID string }
				Leave []struct{ ID string }
			}
		}
		if err := json.Unmarshal([]byte(watcher.read(ctx, t, `"presence"`)), &told); err != nil {
			t.Fatal(err)
		}
		if len(told.Presence.Join) > 0 {
			t.Errorf("told that somebody has come: %v", told.Presence.Join)
		}
		for _, one := range told.Presence.Leave {
			left = append(left, one.ID)
		}
	}
	took := time.Since(killed)
	t.Logf("who was gone was known to be after %v", took)
	if took > 10*time.Second {
		t.Errorf("it took %v until it was known who is gone", took)
	}
	var want []string
	for _, r := range gone {
		want = append(want, r.id(t))
	}
	slices.Sort(left)
	if slices.Sort(want); !slices.Equal(left, want) {
		t.Error(fmt.Errorf("gone are %v, and told was that %v are", want, left))
	}
}

func TestWhoHasGoneWhileANodeWasStoppedIsNotThereAgainWhenItGoesOn(t *testing.T) {
	c := Start(t, 3, Options{})
	watcher := enter(t, c.Nodes[2], nil)
	guest := enter(t, c.Nodes[0], nil)
	ctx, cancel := patient(t)
	defer cancel()
	watcher.read(ctx, t, `"count":{"users":2,"connections":2}`)
	c.Nodes[0].Pause(t)
	guest.CloseNow()
	watcher.read(ctx, t, `"leave":[{"user":"","id":"`+guest.id(t)+`"}]`)
	c.Nodes[0].Resume(t)
	resumed := time.Now()
	c.Nodes[0].AwaitReady(t)
	probe := enter(t, c.Nodes[0], nil) // which the others hear of when they hear the node again
	watcher.read(ctx, t, probe.id(t))
	for present := "?"; strings.Contains(present, guest.id(t)) || present == "?"; {
		if err := watcher.Write(ctx, websocket.Text, []byte(`{"id":3,"presence":{"channel":"chat/room"}}`)); err != nil {
			t.Fatal(err)
		}
		present = watcher.read(ctx, t, `"id":3`)
	}
	if took := time.Since(resumed); took > 20*time.Second { // of the minute that it would be kept
		t.Errorf("who has gone was there for %v more", took)
	} else {
		t.Logf("who has gone was there for %v more at most", took)
	}
}

package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// held is a transport that holds each exchange to the document.
type held struct{ t *testing.T }

func (h held) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	sent := r.Clone(r.Context())
	sent.Body = io.NopCloser(bytes.NewReader(body))
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	c, err := documented()
	if err != nil {
		return nil, err
	}
	c.hold(h.t, r, string(body), resp, string(answer))
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, nil
}

// admin returns a client of the edge.
func (e *edge) admin(key string) *admin.Client {
	e.t.Helper()
	c, err := admin.New(e.url, key, &admin.Options{HTTP: &http.Client{Transport: held{e.t}}})
	if err != nil {
		e.t.Fatal(err)
	}
	return c
}

func TestTheGoClientDoesAllThatTheServerOffers(t *testing.T) {
	e := start(t)
	c, ctx := e.admin(e.boss), patience(t)
	l := e.connect("ada", "s1", "kept/a", "room/a")
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first, err := c.Publish(ctx, admin.Message{Channel: "kept/a", Payload: admin.Text("one"), ID: "i1", Key: "k"})
	fail(err)
	again, err := c.Publish(ctx, admin.Message{Channel: "kept/a", Payload: admin.Text("one"), ID: "i1", Key: "k"})
	fail(err)
	if first.Offset != 1 || again.Offset != 1 || !again.Duplicate || first.Position() == "" {
		t.Errorf("%+v, %+v", first, again)
	}
	results, err := c.PublishBatch(ctx, []admin.Message{{Channel: "room/a", Payload: admin.Binary([]byte{0, 1})}, {Channel: "small/a", Payload: admin.Text("longer than ten")}})
	fail(err)
	if len(results) != 2 || results[0].Problem != nil || results[1].Problem == nil || results[1].Problem.Code() != "too_large" {
		t.Errorf("%+v", results)
	}
	n, failed, err := c.Broadcast(ctx, "+/a", admin.Message{Payload: admin.Text("all")})
	fail(err)
	if n != 2 || len(failed) != 0 {
		t.Errorf("broadcast to %d, %v", n, failed)
	}
	l.wantHeard("kept/a text one")
	fail(e.config.Presence.Join(hub.Entry{Channel: "room/a", User: "ada", Connection: "1"}))
	users, connections, err := c.PresenceCount(ctx, "room/a")
	fail(err)
	var there []string
	for p, err := range c.Presence(ctx, "room/a") {
		fail(err)
		there = append(there, p.User)
	}
	if users != 1 || connections != 1 || strings.Join(there, " ") != "ada" {
		t.Errorf("%d users, %d connections, %q", users, connections, there)
	}
	var kept []string
	for m, err := range c.History(ctx, "kept/a", admin.HistoryOptions{}) {
		fail(err)
		kept = append(kept, string(m.Data))
	}
	for m, err := range c.History(ctx, "kept/a", admin.HistoryOptions{Last: 1}) {
		fail(err)
		kept = append(kept, string(m.Data))
	}
	if strings.Join(kept, " ") != "one all all" {
		t.Errorf("the history is %q", kept)
	}
	_, err = c.Purge(ctx, "kept/a")
	fail(err)
	told := false
	for _, err := range c.History(ctx, "kept/a", admin.HistoryOptions{Since: first.Position()}) {
		told = errors.Is(err, admin.ErrLost)
	}
	if !told {
		t.Error("nobody tells of the purge")
	}
	var names []string
	for one, err := range c.Channels(ctx, "#") {
		fail(err)
		names = append(names, one.Name)
	}
	if strings.Join(names, " ") != "kept/a room/a" {
		t.Errorf("the channels are %q", names)
	}
	for conn, err := range c.Connections(ctx, admin.Filter{User: "ada", Channel: "room/a"}) {
		fail(err)
		if n, err := c.Disconnect(ctx, admin.Disconnection{Connection: conn.ID, Reason: "enough"}); n != 1 || err != nil {
			t.Errorf("disconnected %d, %v", n, err)
		}
	}
	if reason := <-l.reason; reason != "enough" {
		t.Errorf("ended with %q", reason)
	}
	fail(c.Revoke(ctx, admin.Revocation{Session: "s1", Until: time.Now().Add(time.Hour)}))
	token, err := c.MakeToken(ctx, admin.TokenRequest{User: "bob", Channels: map[string]string{"chat/#": "r"}, Info: map[string]string{"name": "Bob"}, Lifetime: time.Minute})
	fail(err)
	if who, err := e.door.Auth.Authenticate(ctx, auth.Credentials{Token: token.Token}); err != nil || who.User != "bob" || who.TokenID != token.ID {
		t.Errorf("the token is of %+v, %v", who, err)
	}
	info, err := c.Info(ctx)
	fail(err)
	stats, err := c.Stats(ctx)
	fail(err)
	if info.Version != "v1.2.3" || info.Limits.BatchMessages != maxMessages || stats.Connections.Total != 1 || len(stats.Logs) != 1 || stats.Node != info.Node {
		t.Errorf("%+v, %+v", info, stats)
	}
	_, err = e.admin(e.backend).Stats(ctx)
	if p, ok := errors.AsType[*admin.Problem](err); !ok || p.Code() != "not_permitted" || p.Ref == "" {
		t.Errorf("without the right: %v", err)
	}
}

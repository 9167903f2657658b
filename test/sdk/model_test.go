package sdk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/client"
)

// history returns all that a server has stored in a channel.
func history(t *testing.T, addr, name string) (all []client.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, "ws://"+addr+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	for m, err := range c.Channel(name).History(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// texts returns what messages say, as talk.mjs writes it.
func texts(messages []client.Message, prefix string) (all []string) {
	for _, m := range messages {
		text := m.Text()
		if m.Binary {
			text = "bytes " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(m.Data)), ","), "[]")
		}
		all = append(all, prefix+text)
	}
	return all
}

// check compares what talk.mjs saw with what the server has stored, which is the model.
func check(t *testing.T, addr string, got *report) {
	t.Helper()
	a, b := history(t, addr, "chat/a"), history(t, addr, "chat/b")
	if len(got.Told) > 0 {
		t.Errorf("it was told %q", got.Told)
	}
	wantSame(t, "the channel", got.Came.Channel, texts(a, ""))
	wantSame(t, "the socket", got.Came.Socket, texts(a, ""))
	of := func(channel string) []string {
		return slices.DeleteFunc(slices.Clone(got.Came.Pattern), func(s string) bool { return !strings.HasPrefix(s, channel) })
	}
	wantSame(t, "the pattern", of("chat/a "), texts(a, "chat/a "))
	wantSame(t, "the pattern", of("chat/b "), texts(b, "chat/b "))

	// What it published is stored once, in order, where it was said.
	at := 0
	for _, p := range got.Stored {
		i := slices.IndexFunc(a[at:], func(m client.Message) bool { return m.Offset == p.Offset && m.Epoch == p.Epoch })
		if i < 0 || texts(a, "")[at+i] != p.Text {
			t.Errorf("%q is not stored at %d behind the one before", p.Text, p.Offset)
			continue
		}
		at += i + 1
	}
	stored := texts(a, "")
	slices.Sort(stored)
	if len(slices.Compact(stored)) < len(a) {
		t.Error("a message is stored twice")
	}
}

func wantSame(t *testing.T, where string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s has %d messages, want %d; from number %d they are %q, want %q", where, len(got), len(want), i,
				got[i:min(i+5, len(got))], want[min(i, len(want)):min(i+5, len(want))])
			return
		}
	}
}

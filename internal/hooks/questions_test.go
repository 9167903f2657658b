package hooks

import (
	"errors"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestAboutAPatternEachHookIsAskedThatDecidesForSomeOfItsChannels(t *testing.T) {
	at := func(name, body string, channels ...channel.Pattern) Hook {
		h := serve(t, says(200, body), Subscribe)
		h.Name, h.Channels = name, channels
		return h
	}
	const yes, no = "{}", `{"error":{}}`
	h := with(t, at("rooms", yes, "rooms/+"), at("vault", no, "rooms/vault", "safe/#"), at("all of rooms", yes, "rooms/#"), at("rest", no, "#"))
	for pattern, refusedBy := range map[channel.Pattern]string{
		"rooms/a":     "",
		"rooms/vault": "", // the first hook for it says yes
		"rooms/+":     "",
		"rooms/#":     "vault", // which can't be known to decide about nothing that is left
		"safe/+":      "vault",
		"other":       "rest",
		"#":           "vault",
	} {
		err := h.Subscribe(within(t), &SubscribeRequest{Channels: pattern})
		by := ""
		if refused, ok := errors.AsType[*Refusal](err); ok {
			by = refused.Hook
		}
		if by != refusedBy {
			t.Errorf("%s is refused by %q, want %q", pattern, by, refusedBy)
		}
	}
}

func TestTheHeadersAreThoseOfTheHookForConnect(t *testing.T) {
	first, second := serve(t, says(200, "{}"), Publish), serve(t, says(200, "{}"), Connect)
	first.Headers, second.Headers, second.Name = []string{"X-Other"}, []string{"Cookie"}, "second"
	if got := with(t, first, second).Headers(); !slices.Equal(got, []string{"Cookie"}) {
		t.Errorf("got %q", got)
	}
	if got := with(t, first).Headers(); got != nil {
		t.Errorf("got %q", got)
	}
}

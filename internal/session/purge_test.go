package session

import (
	"errors"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

func TestAPurgedChannelBeginsAnew(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.say("kept/a", "one", "two")
		here := c.listen(t, "kept/a", Start{})
		at, err := c.Purge(t.Context(), "kept/a")
		if err != nil || at != (broker.Position{Epoch: "epoch", Offset: 3}) {
			t.Errorf("purged up to %v, %v", at, err)
		}
		c.say("kept/a", "three")
		here.want(t, "live 2", "three")
		c.listen(t, "kept/a", Start{All: true}).want(t, "three", "live 4")
		c.listen(t, "kept/a", since(1)).want(t, "lost", "three", "live 4")
		c.listen(t, "kept/a", since(3)).want(t, "three", "live 4")
		if _, err := c.Purge(t.Context(), "e"); !errors.Is(err, ErrNoHistory) {
			t.Errorf("of an ephemeral channel: %v", err)
		}
	})
}

func TestAPurgedChannelThatRetainsItsLastMessageBeginsWithNothing(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.say("last/a", "one")
		if _, err := c.Purge(t.Context(), "last/a"); err != nil {
			t.Fatal(err)
		}
		to := c.listen(t, "last/a", Start{})
		c.say("last/a", "two")
		to.want(t, "live 2", "two")
	})
}

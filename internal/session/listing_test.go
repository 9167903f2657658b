package session

import (
	"fmt"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestChannelsOfAllKindsAreListedInOneOrder(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		names := []channel.Name{"a", "jsonkept/a", "kept/a", "kept/b", "small/a", "z"}
		for _, name := range names {
			c.listen(t, name.Pattern(), Start{})
		}
		c.listen(t, "kept/a", Start{})
		c.listen(t, "#", Start{})
		c.say("kept/a", "one")
		for most := 1; most <= len(names)+1; most++ {
			var got []string
			for after, more := channel.Name(""), true; more; {
				page, next := c.List("#", after, most)
				if len(page) > most {
					t.Fatalf("%d channels on a page of %d", len(page), most)
				}
				for _, l := range page {
					got = append(got, fmt.Sprintf("%s %d %s", l.Name, l.Subscribers, l.At))
				}
				after, more = next, next != ""
			}
			want := []string{"a 1 0", "jsonkept/a 1 0:epoch", "kept/a 2 1:epoch", "kept/b 1 0:epoch", "small/a 1 0", "z 1 0"}
			if !slices.Equal(got, want) {
				t.Errorf("in pages of %d: %q", most, got)
			}
		}
		if page, next := c.List("kept/#", "kept/a", 10); len(page) != 1 || page[0].Name != "kept/b" || next != "" {
			t.Errorf("%v, %q", page, next)
		}
	})
}

func TestWhatIsPublishedIsCountedAndWhatIsRefusedIsNot(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.listen(t, "kept/a", Start{})
		c.listen(t, "small/a", Start{})
		c.say("kept/a", "one", "two")
		c.say("small/a", "three", "much too large")
		c.say("e", "four")
		if got := c.Counts(); got.Published != 4 || got.Delivered != 3 || got.Channels != 2 || got.Subscriptions != 2 {
			t.Errorf("%+v", got)
		}
	})
}

func TestTheLogsTellHowMuchTheyKeep(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.say("kept/a", "one", "two")
		var got []string
		for _, l := range c.Logs(t.Context()) {
			got = append(got, fmt.Sprint(l.Rule.Name(), " ", l.Epoch, " ", l.Messages, " ", l.Last, " ", l.Err))
		}
		if want := []string{"kept/# epoch 2 2 <nil>", "last/# epoch 0 0 <nil>", "jsonkept/# epoch 0 0 <nil>"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}

package client

import (
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// Event is what a subscription tells: Message, Live, Lost, Gap or Presence.
type Event interface{ event() }

// Message is one message of a channel.
type Message struct {
	Channel string
	Offset  uint64 // its place; 0 in channels without history
	Epoch   string // of Offset
	Payload
	ID   string // the publisher's; "" if it gave none
	Key  string
	Meta []string  // what MQTT calls user properties: names and values by turns; names may repeat
	Time time.Time // when it was stored or published, to the millisecond; zero if not told
}

// Text returns the payload as a string.
func (m *Message) Text() string { return string(m.Data) }

// Live says that everything kept has been delivered: from here on messages come as they are published.
// It may come again.
type Live struct{}

// Lost says that messages between two positions are not kept any more, or may not be. The subscription
// goes on behind Position. It is an error, too.
type Lost struct {
	Channel         string // or pattern
	Since, Position string
	Why             string // protocol.WhyExpired, WhyReset or WhyNoHistory
}

// Error tells what was lost, and why.
func (l *Lost) Error() string {
	return fmt.Sprintf("holdfast: messages of %s behind %s are lost (%s); it goes on behind %q", l.Channel, l.Since, l.Why, l.Position)
}

// Gap says that messages of a channel without history were missed. It is an error, too.
type Gap struct {
	Channel string // or pattern
	Missed  uint64 // 0 if not known
	Away    bool   // because there was no connection; otherwise somebody read too slowly
}

// Error tells what was missed, and why.
func (g *Gap) Error() string {
	switch {
	case g.Away:
		return fmt.Sprintf("holdfast: messages of %s may be missed: there was no connection, and it has no history", g.Channel)
	case g.Missed == 0:
		return fmt.Sprintf("holdfast: messages of %s are missed: they were read too slowly, and it has no history", g.Channel)
	}
	return fmt.Sprintf("holdfast: %d messages of %s are missed: they were read too slowly, and it has no history", g.Missed, g.Channel)
}

// Presence says who has come to a channel and who has gone. Leaves count before joins. If it is Partial
// there were more, and a roster that is kept has to be asked for anew; likewise after a reconnect.
type Presence struct {
	Join, Leave []protocol.Entry
	Count       protocol.Count // after these changes
	Partial     bool
}

func (*Message) event()  {}
func (*Live) event()     {}
func (*Lost) event()     {}
func (*Gap) event()      {}
func (*Presence) event() {}

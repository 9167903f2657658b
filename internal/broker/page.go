package broker

import (
	"slices"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Page is a part of a channel's history, or of several channels', in order of offset.
type Page struct {
	Messages []*Message

	// Lost tells that messages behind the position that was asked for are not kept any more, or may not
	// be: nobody can tell for sure, and no gap is to be silent. Messages then begins with the oldest kept.
	Lost bool

	// Purges are the marks that were among the messages, in order: what their channels kept before is gone. A reader that
	// was before one has lost something, or may have: Lost says so.
	Purges []*Message

	// End is the position behind the page, to go on from. With no messages left it is the current one.
	End Position

	// More tells that there was more in the log behind End when the page was read.
	More bool
}

// SetPurges moves the marks out of Messages, and removes what is before them in their channels, for a reader behind
// the offset after.
func (p *Page) SetPurges(after uint64) {
	var purged map[channel.Name]uint64 // made for the first: there is hardly ever one
	for _, m := range p.Messages {
		if !m.Purge {
			continue
		}
		if purged == nil {
			purged = make(map[channel.Name]uint64)
		}
		purged[m.Channel] = m.Offset
		p.Purges = append(p.Purges, m)
	}
	if purged == nil {
		return
	}
	p.Messages = slices.DeleteFunc(p.Messages, func(m *Message) bool { return m.Offset <= purged[m.Channel] })
	p.Lost = p.Lost || after > 0
}

// Ack says that a message is stored.
type Ack struct {
	Position       // of the message, or of the first one with the same ID
	Duplicate bool // a message with this ID had been stored before; this one was not
}

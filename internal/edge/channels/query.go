package channels

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// query is what the query of a channel URL asks for.
type query struct {
	echo  *bool // whether a client gets what it sends; nil to leave that to the channel's rule
	start session.Start
}

// parseQuery reads ?echo=, ?since= and ?last=. Parameters that it does not know are the business of
// others, such as proxies.
func parseQuery(values url.Values) (q query, err error) {
	if v := values.Get("echo"); v != "" {
		echo, err := strconv.ParseBool(v)
		if err != nil {
			return q, fmt.Errorf("echo=%.20q is not a choice; use echo=true or echo=false", v)
		}
		q.echo = &echo
	}
	since, last := values.Get("since"), values.Get("last")
	switch {
	case since != "" && last != "":
		return q, fmt.Errorf("since= and last= contradict each other; use one of them")
	case since != "":
		at, err := protocol.ParsePosition(since)
		if err != nil {
			return q, fmt.Errorf("since: %w", err)
		}
		q.start.Since = []broker.Position{{Epoch: at.Epoch, Offset: at.Offset}}
	case last != "":
		q.start.Last, err = strconv.Atoi(last)
		if err != nil || q.start.Last < 0 {
			return q, fmt.Errorf("last=%.20q is not a number of messages", last)
		}
	}
	return q, nil
}

// asksForHistory tells whether a plain GET is for stored messages.
func asksForHistory(values url.Values) bool { return values.Has("since") || values.Has("last") }

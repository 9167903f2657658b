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
	q.start, err = parseStart(values.Get("since"), values.Get("last"))
	return q, err
}

// parseStart reads where to begin: at positions, with the newest messages, or, if both are empty, with what comes.
func parseStart(since, last string) (start session.Start, err error) {
	switch {
	case since != "" && last != "":
		return start, fmt.Errorf("since= and last= contradict each other; use one of them")
	case since != "":
		all, err := protocol.ParsePositions(since)
		if err != nil {
			return start, fmt.Errorf("since: %w", err)
		}
		for _, at := range all {
			start.Since = append(start.Since, broker.Position{Epoch: at.Epoch, Offset: at.Offset})
		}
	case last != "":
		start.Last, err = strconv.Atoi(last)
		if err != nil || start.Last < 0 {
			return start, fmt.Errorf("last=%.20q is not a number of messages", last)
		}
	}
	return start, nil
}

// asksForHistory tells whether a plain GET is for stored messages.
func asksForHistory(values url.Values) bool { return values.Has("since") || values.Has("last") }

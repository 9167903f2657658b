package channels

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// query is what the query of a channel URL asks for.
type query struct {
	echo  *bool // whether a client gets what it sends; nil to leave that to the channel's rule
	start session.Start
	limit int           // the most messages in an answer
	wait  time.Duration // for a message, if there is none; 0 for not at all
}

// maxWait is the longest that a request may wait for a message: less than proxies wait for an answer, mostly.
const maxWait = time.Minute

// parseQuery reads ?echo=, ?since=, ?last=, ?limit= and ?wait=. Parameters that it does not know are the business of
// others, such as proxies.
func parseQuery(values url.Values) (q query, err error) {
	if v := values.Get("echo"); v != "" {
		echo, err := strconv.ParseBool(v)
		if err != nil {
			return q, fmt.Errorf("echo=%.20q is not a choice; use echo=true or echo=false", v)
		}
		q.echo = &echo
	}
	if q.limit, err = parseLimit(values.Get("limit")); err != nil {
		return q, err
	}
	if v := values.Get("wait"); values.Has("wait") {
		if q.wait, err = parseWait(v); err != nil {
			return q, err
		}
	}
	q.start, err = parseStart("since", values.Get("since"), values.Get("last"))
	return q, err
}

func parseLimit(s string) (int, error) {
	if s == "" {
		return maxHistory, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxHistory {
		return 0, fmt.Errorf("limit=%.20q is not a number of messages from 1 to %d", s, maxHistory)
	}
	return n, nil
}

// parseWait reads a time such as 30s; a plain number is seconds.
func parseWait(s string) (time.Duration, error) {
	if _, err := strconv.Atoi(s); err == nil {
		s += "s"
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > maxWait {
		return 0, fmt.Errorf("wait=%.20q is not a time of at most %s; use wait=30s", s, maxWait)
	}
	return d, nil
}

// parseStart reads where to begin: at positions, with the newest messages, or, if both are empty, with what comes.
// what is the parameter or header that since is from.
func parseStart(what, since, last string) (start session.Start, err error) {
	switch {
	case since != "" && last != "":
		return start, fmt.Errorf("since= and last= contradict each other; use one of them")
	case since != "":
		all, err := protocol.ParsePositions(since)
		if err != nil {
			return start, fmt.Errorf("%s: %w", what, err)
		}
		for _, at := range all {
			start.Since = append(start.Since, broker.Position{Epoch: at.Epoch, Offset: at.Offset})
		}
	case last != "":
		start.Last, err = strconv.Atoi(last)
		if err != nil || start.Last < 0 {
			return start, fmt.Errorf("last=%.20q is not a number of messages; use last=10", last)
		}
	}
	return start, nil
}

// asksForHistory tells whether a plain GET is for stored messages.
func asksForHistory(values url.Values) bool {
	return values.Has("since") || values.Has("last") || values.Has("limit") || values.Has("wait")
}

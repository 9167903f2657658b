package channels

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// eventsType is the media type of a stream of Server-Sent Events.
const eventsType = "text/event-stream"

// wantsEvents tells whether a GET is for a stream of events: if Accept names their type, and no other that a channel URL answers with is
// liked better (RFC 9110 section 12.5.1). A wildcard is not enough: whatever asks for anything reads no stream.
func wantsEvents(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	events, others := 0.0, 0.0
	for _, line := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(line, ",") {
			switch media, q := acceptable(part); media {
			case eventsType:
				events = max(events, q)
			case "application/json", "text/html":
				others = max(others, q)
			}
		}
	}
	return events > 0 && events >= others
}

// acceptable reads one media type of an Accept header with how much it is liked.
func acceptable(part string) (media string, q float64) {
	media, params, err := mime.ParseMediaType(part)
	if err != nil {
		return "", 0
	}
	weight, weighed := params["q"]
	if !weighed {
		return media, 1
	}
	if q, err = strconv.ParseFloat(weight, 64); err != nil || !(0 <= q && q <= 1) {
		return media, 0
	}
	return media, q
}

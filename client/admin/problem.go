package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Problem is why the server has not done what it was asked for (RFC 9457). docs/api.md lists the types.
type Problem struct {
	Type       string        // "urn:holdfast:problem:" and a code
	Title      string        // the type in words
	Status     int           // of HTTP
	Detail     string        // what is wrong, why, and what to do
	Ref        string        // what the server's log knows it by; may be ""
	RetryAfter time.Duration // when to try again; 0 if nobody knows
}

// Error returns the detail, with what the server's log knows it by.
func (p *Problem) Error() string {
	s := "holdfast: " + p.Detail
	if p.Ref != "" {
		s += " (ref " + p.Ref + ")"
	}
	return s
}

// Code returns the end of the type, such as "not_permitted".
func (p *Problem) Code() string { return p.Type[strings.LastIndexByte(p.Type, ':')+1:] }

// UnmarshalJSON reads a problem as the server writes it.
func (p *Problem) UnmarshalJSON(text []byte) error {
	var wire struct {
		Type       string `json:"type"`
		Title      string `json:"title"`
		Status     int    `json:"status"`
		Detail     string `json:"detail"`
		Ref        string `json:"ref"`
		RetryAfter int    `json:"retry_after"`
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*p = Problem{wire.Type, wire.Title, wire.Status, wire.Detail, wire.Ref, time.Duration(wire.RetryAfter) * time.Second}
	return nil
}

// maxShownBytes bounds what is repeated of an answer that is not the server's.
const maxShownBytes = 200

// problemOf reads the answer to a request that was refused: by the server, or by what is in front of it.
func problemOf(resp *http.Response, body []byte) error {
	p := new(Problem)
	if err := json.Unmarshal(body, p); err != nil || p.Type == "" {
		*p = Problem{Type: "about:blank", Title: http.StatusText(resp.StatusCode)}
		p.Detail = fmt.Sprintf("%s, and not by a Holdfast server: %q", resp.Status, body[:min(len(body), maxShownBytes)])
		if to := resp.Header.Get("Location"); to != "" {
			p.Detail = fmt.Sprintf("%s: the server is at %.200s; use that URL", resp.Status, to)
		}
	}
	p.Status = resp.StatusCode
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}

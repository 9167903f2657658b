package functions

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/client/webhook"
)

// publishing is a message that somebody wants to publish.
type publishing struct {
	User string `json:"user"`
	Data string `json:"data"`
}

// draft is a comment as a visitor sends it.
type draft struct {
	Name string `json:"name"`
	Text string `json:"text"`
	To   string `json:"to"` // the author that it replies to; "" for none
}

// comment is one as everybody gets it.
type comment struct {
	Author author `json:"author"`
	Text   string `json:"text"`
	To     string `json:"to,omitempty"`
	Time   string `json:"time"`
}

type author struct {
	ID   string `json:"id"` // the user, as Visitors names it
	Name string `json:"name"`
}

const (
	mostName  = 40   // characters
	mostText  = 2000 // characters
	mostLinks = 2
)

var (
	visitorID  = regexp.MustCompile(`^v[0-9a-f]{16}$`)
	spaces     = regexp.MustCompile(`\s+`)
	emptyLines = regexp.MustCompile(`\n\s*\n\s*`)
)

// Comments answers the hook for publish: may this comment appear, and how? What it returns is published in place of
// what was sent, so that nobody can choose another author or another time.
func Comments(from *webhook.Verifier) http.Handler {
	return hook(from, func(_ context.Context, e event[publishing]) (any, error) {
		var d draft
		if err := json.Unmarshal([]byte(e.Data.Data), &d); err != nil {
			return nil, &refusal{"invalid_data", "This is no comment."}
		}
		c := comment{
			Author: author{ID: e.Data.User, Name: spaces.ReplaceAllString(strings.TrimSpace(d.Name), " ")},
			Text:   emptyLines.ReplaceAllString(strings.TrimSpace(d.Text), "\n\n"),
			To:     d.To,
			Time:   time.Now().UTC().Format(time.RFC3339),
		}
		if err := c.check(); err != nil {
			return nil, err
		}
		return map[string]comment{"data": c}, nil
	})
}

// check returns a *refusal, with a sentence for the visitor, if the comment may not appear.
func (c *comment) check() error {
	switch {
	case !visitorID.MatchString(c.Author.ID):
		return &refusal{"not_permitted", "Only visitors of the site can comment."}
	case c.Text == "":
		return &refusal{"invalid_data", "Please write something."}
	case utf8.RuneCountInString(c.Text) > mostText:
		return &refusal{"too_large", "A comment has at most 2000 characters."}
	case c.Author.Name == "":
		return &refusal{"invalid_data", "Please say what to call you."}
	case utf8.RuneCountInString(c.Author.Name) > mostName:
		return &refusal{"invalid_data", "A name has at most 40 characters."}
	case strings.Count(c.Text, "://") > mostLinks:
		return &refusal{"not_permitted", "A comment has at most two links."}
	case c.To != "" && !visitorID.MatchString(c.To):
		return &refusal{"invalid_data", "A reply is to an author."}
	}
	return nil
}

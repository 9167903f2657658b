package functions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/holdfast-dev/holdfast/client/webhook"
)

// published is a message that is in a channel.
type published struct {
	Channel string `json:"channel"`
	Data    string `json:"data"`
	Offset  int64  `json:"offset"`
}

// notification is what somebody is told who was replied to.
type notification struct {
	Page   string `json:"page"`
	Offset int64  `json:"offset"` // of the reply, in the page's comments
	From   string `json:"from"`   // a name
	Text   string `json:"text"`   // how the reply begins
}

const mostExcerpt = 120 // characters

// API is where to publish.
type API struct {
	URL string // of the server, as in http://localhost:8080
	Key string // that may publish to notifications/+
}

// Notifications is told of every comment by the hook for message, after it was published, and publishes a
// notification for whom it replies to.
func Notifications(from *webhook.Verifier, api API) http.Handler {
	return hook(from, func(ctx context.Context, e event[published]) (any, error) {
		var c comment
		if err := json.Unmarshal([]byte(e.Data.Data), &c); err != nil {
			return nothing{}, nil // whatever it is, it is nobody's reply
		}
		if !visitorID.MatchString(c.To) || c.To == c.Author.ID {
			return nothing{}, nil
		}
		n := notification{
			Page:   strings.TrimPrefix(e.Data.Channel, "comments/"),
			Offset: e.Data.Offset,
			From:   c.Author.Name,
			Text:   excerpt(c.Text),
		}
		// The event comes again if this answer gets lost; the notification is stored once, by the event's id.
		return nothing{}, api.publish(ctx, "notifications/"+c.To, n, e.ID)
	})
}

// publish publishes data, in JSON, once for each id.
func (a API) publish(ctx context.Context, channel string, data any, id string) error {
	body, err := json.Marshal(map[string]any{"channel": channel, "data": data})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL+"/v1/publish", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+a.Key)
	r.Header.Set("Idempotency-Key", id)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		why, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return fmt.Errorf("publishing to %s: %s: %s (%v)", channel, resp.Status, why, err)
	}
	return nil
}

// excerpt returns how a text begins.
func excerpt(text string) string {
	characters := []rune(spaces.ReplaceAllString(text, " "))
	if len(characters) <= mostExcerpt {
		return string(characters)
	}
	return string(characters[:mostExcerpt-1]) + "…"
}

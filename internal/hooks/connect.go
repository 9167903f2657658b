package hooks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// ConnectRequest asks who a client is that comes in.
type ConnectRequest struct {
	Client
	Identity *auth.Identity // what is known by its credentials; nil for nothing
	Token    string         // what it has shown and is none of this server's; "" for none
	Headers  http.Header    // of its request; those that the hook names are sent
}

// ConnectReply is what the backend says.
type ConnectReply struct {
	Identity  *auth.Identity // who it is: what was known, and instead what the backend says
	Subscribe []channel.Name // what it is subscribed to by the server
	TTL       time.Duration  // for how long the same credentials need not be asked about again; 0 for not at all
}

// The bounds of a reply to connect.
const (
	maxSubscribe = 100
	mostTTL      = 5 * time.Minute
)

// connectData is the data of the event.
type connectData struct {
	Client
	Token   string            `json:"token,omitzero"`
	Headers map[string]string `json:"headers,omitempty"` // names in lower case
}

// connectAnswer is the reply as it is written.
type connectAnswer struct {
	User      *string           `json:"user"`
	Info      jsontext.Value    `json:"info"`
	Channels  map[string]string `json:"channels"` // as in a token
	ExpiresIn *float64          `json:"expires_in"`
	Subscribe []string          `json:"subscribe"`
	TTL       float64           `json:"ttl"`
}

// Connect asks the first hook for connect who a client is. The error is a *Refusal, an *Unavailable, or
// ErrNotAsked; or the cause of ctx.
func (h *Hooks) Connect(ctx context.Context, r *ConnectRequest) (*ConnectReply, error) {
	b := h.find(Connect, "")
	if b == nil {
		return nil, ErrNotAsked
	}
	data := connectData{Client: r.Client, Token: r.Token}
	for _, name := range b.Headers {
		if values := r.Headers.Values(name); len(values) > 0 {
			if data.Headers == nil {
				data.Headers = make(map[string]string)
			}
			data.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	var reply *ConnectReply
	answer := checked[connectAnswer]{check: func(a *connectAnswer) (err error) {
		reply, err = a.reply(b.Name, r.Identity, time.Now())
		return err
	}}
	if err := b.ask(ctx, question{kind: Connect, data: data, harmless: true}, &answer); err != nil {
		return nil, err
	}
	return reply, nil
}

// reply reads an answer about somebody of whom known is known.
func (a *connectAnswer) reply(hook string, known *auth.Identity, now time.Time) (*ConnectReply, error) {
	id := new(auth.Identity)
	if known != nil {
		*id = *known
	}
	id.By = "hook " + hook
	if a.User != nil {
		id.User = *a.User
	}
	switch {
	case len(id.User) > auth.MaxUserBytes:
		return nil, fmt.Errorf("user has %d bytes, and may have %d", len(id.User), auth.MaxUserBytes)
	case strings.ContainsFunc(id.User, unicode.IsControl):
		return nil, errors.New("user has a control character")
	}
	if err := a.describe(id); err != nil {
		return nil, err
	}
	if a.ExpiresIn != nil {
		expires := now.Add(seconds(*a.ExpiresIn))
		if id.Expires.IsZero() || expires.Before(id.Expires) {
			id.Expires = expires
		}
	}
	reply := &ConnectReply{Identity: id, TTL: min(seconds(a.TTL), mostTTL)}
	if len(a.Subscribe) > maxSubscribe {
		return nil, fmt.Errorf("subscribe has %d channels, and may have %d", len(a.Subscribe), maxSubscribe)
	}
	for _, text := range a.Subscribe {
		name, err := channel.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("subscribe: %w", err)
		}
		reply.Subscribe = append(reply.Subscribe, name)
	}
	return reply, nil
}

// describe notes what the client may do, and what others see of it, where the answer says so.
func (a *connectAnswer) describe(id *auth.Identity) (err error) {
	if a.Channels != nil {
		if id.Grants, err = auth.NewGrants(a.Channels, id.User); err != nil {
			return fmt.Errorf("channels: %w", err)
		}
	}
	if a.Info.Kind() != 0 {
		if id.Info, err = textOf(a.Info); err != nil {
			return fmt.Errorf("info: %w", err)
		}
	}
	if len(id.Info) > auth.MaxInfoBytes {
		return fmt.Errorf("info has %d bytes, and may have %d", len(id.Info), auth.MaxInfoBytes)
	}
	return nil
}

// seconds returns a number of seconds, not less than none and not more than a century.
func seconds(n float64) time.Duration {
	const century = 100 * 365 * 24 * 3600
	return time.Duration(min(max(n, 0), century) * float64(time.Second))
}

package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Hook is a backend that is asked whether something may happen, or told what has happened.
type Hook struct {
	Name         string        `key:"name" doc:"What to call it in logs and metrics. Each has another."`
	URL          string        `key:"url" doc:"Where the backend is: https, or with allow_private http."`
	Events       []string      `key:"events" values:"connect subscribe publish rpc disconnect occupied vacated join leave message" doc:"What it is asked (connect, subscribe, publish, rpc) and told (disconnect, occupied, vacated, join, leave, message). Of several hooks for one question the first is asked; each is told."`
	Channels     []string      `key:"channels" doc:"Of which channels, as patterns like those of rules. Empty is all."`
	Secrets      []Secret      `key:"secrets" doc:"What requests are signed with: the name of a file with a secret, relative to this one, or the secret itself, which begins with whsec_. There are two while one replaces the other."`
	Timeout      time.Duration `key:"timeout" default:"5s" least:"100ms" most:"1m" doc:"How long a request may take."`
	OnFailure    string        `key:"on_failure" default:"refuse" values:"refuse allow" doc:"What happens when the backend can't be asked: what it was to decide is refused, or happens as if there were no hook."`
	AllowPrivate bool          `key:"allow_private" default:"false" doc:"Whether the backend may be on this machine or in a private network. Then http is possible there too."`
	InFlight     int           `key:"in_flight" default:"64" least:"1" most:"10000" doc:"How many requests may be under way from one node; questions and events each. More wait."`
	MaxReply     Size          `key:"max_reply" default:"64KiB" least:"1KiB" most:"1MiB" doc:"The longest answer to a question."`
	Headers      []string      `key:"headers" doc:"Headers of the client's request that connect brings, as in [cookie, authorization]."`
	Batch        int           `key:"batch" default:"1" least:"1" most:"1000" doc:"How many events one request may tell; with more than 1, its body is a list of them."`
	MaxAge       time.Duration `key:"max_age" default:"24h" least:"1m" most:"7d" doc:"For how long it is tried to tell an event."`
	DeadLetter   string        `key:"dead_letter" doc:"The channel where an event is published that could not be told. Empty is nowhere; then it is in the log alone."`
	Source       string        `key:"source" default:"/holdfast" doc:"What events say that they come from, a URI or a part of one."`

	Place Place `key:"-"` // where it is written
}

// maxHooks bounds what each publication costs, which looks at all of them.
const maxHooks = 100

// settleHooks checks what can be seen without the secrets; the URL is for others to check.
func (c *Config) settleHooks(d *decoder) {
	if len(c.Hooks) > maxHooks {
		d.wrong("hooks", "hooks: there are %d, and there may be %d", len(c.Hooks), maxHooks)
	}
	seen := map[string]bool{}
	for i := range c.Hooks {
		h := &c.Hooks[i]
		path := fmt.Sprintf("hooks[%d]", i)
		switch {
		case h.Name == "":
			d.wrong(path, "%s has no name; say what to call it in logs", path)
		case seen[h.Name]:
			d.wrong(path+".name", "%s.name: there is a hook %q already; give each another name", path, h.Name)
		case len(h.Events) == 0:
			d.wrong(path, "%s has no events; say what it is asked or told, as in [connect, publish]", path)
		case len(h.Secrets) == 0:
			d.wrong(path, "%s has no secrets, so the backend could not tell who asks; make one with: echo whsec_$(openssl rand -base64 32)", path)
		}
		seen[h.Name] = true
		h.settle(d, path)
	}
}

func (h *Hook) settle(d *decoder, path string) {
	for i, pattern := range h.Channels {
		if _, err := channel.ParsePattern(pattern); err != nil {
			d.wrong(fmt.Sprintf("%s.channels[%d]", path, i), "%s.channels: %v", path, err)
		}
	}
	if h.DeadLetter != "" {
		if _, err := channel.Parse(h.DeadLetter); err != nil {
			d.wrong(path+".dead_letter", "%s.dead_letter: %v", path, err)
		}
	}
	for i, s := range h.Secrets {
		if file, ok := s.File(); ok && !filepath.IsAbs(file) && h.Place.Line > 0 {
			h.Secrets[i] = Secret(filepath.Join(filepath.Dir(h.Place.Source), file))
		}
	}
}

// secretPrefixes are how a secret of a hook begins that is not the name of a file.
var secretPrefixes = []string{"whsec_", "whsk_"}

// File returns the name of the file that a hook's secret is in, if it is.
func (s Secret) File() (string, bool) {
	text := string(s)
	return text, !slices.ContainsFunc(secretPrefixes, func(p string) bool { return strings.HasPrefix(text, p) })
}

// exampleHooks is part of the reference and of the template.
const exampleHooks = `hooks:
  - name: app
    url: https://app.example/holdfast
    secrets: [hook.secret]                # a file with a secret
    events: [connect, publish]            # asked, while the client waits
  - name: archive
    url: http://archive:3000/events
    allow_private: true                   # in a private network
    secrets: [hook.secret]
    events: [message, join, leave]        # told, at least once, in order in each channel
    channels: [chat/#]
    batch: 100
    dead_letter: ops/dead-letters
`

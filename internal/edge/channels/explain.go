package channels

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// explanation says what a channel URL is for.
type explanation struct {
	Channel         channel.Name `json:"channel"`
	WebSocket       string       `json:"websocket"`         // connect here to receive and to send
	Publish         string       `json:"publish"`           // POST a message here
	Events          string       `json:"events"`            // GET this as text/event-stream to receive
	History         string       `json:"history,omitempty"` // GET this for the newest messages, if the channel keeps any
	Subscribers     int          `json:"subscribers"`
	MaxMessageBytes int64        `json:"max_message_bytes"`
}

// serveExplanation answers a GET that is not a handshake: with a page if the client reads HTML, with
// JSON otherwise.
func (h *Handler) serveExplanation(w http.ResponseWriter, r *http.Request, name channel.Name) {
	client, ok := h.door.Visit(w, r)
	if !ok || !h.door.May(w, r, client, auth.Subscribe, name) {
		return
	}
	secure := ""
	if r.TLS != nil {
		secure = "s"
	}
	at := "://" + r.Host + Prefix + name.Path()
	e := explanation{
		Channel:         name,
		WebSocket:       "ws" + secure + at,
		Publish:         "http" + secure + at,
		Events:          "http" + secure + at,
		Subscribers:     h.channels.Subscribers(name),
		MaxMessageBytes: h.config.MaxMessageBytes,
	}
	if h.channels.Epoch(name) != "" {
		e.History = e.Publish + "?last=10"
	}
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Cache-Control", "no-store")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		writeJSON(w, http.StatusOK, e)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := page.Execute(w, e); err != nil { // the client has gone
		h.config.Log.Debug("page not sent", "channel", name, "error", err)
	}
}

// pagePolicy lets the page have its own style, and nothing else runs in it. connect-src is for the
// reader who tries the lines of the page in the browser's console.
var pagePolicy = "default-src 'none'; connect-src *; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" + hashOf(pageStyle) + "'"

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

const pageStyle = `
:root { color-scheme: light dark; --ink: #14212b; --paper: #fbfaf7; --quiet: #5b6b76; --line: #d9dee0; --code: #eef1f0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf0; --paper: #10181e; --quiet: #9aabb5; --line: #2a3841; --code: #18232b } }
body { margin: 0 auto; max-width: 44rem; padding: 2.5rem 1.25rem; background: var(--paper); color: var(--ink); font: 1rem/1.6 system-ui, sans-serif }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; margin: 0 0 .25rem }
h2 { font-size: 1rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0; color: var(--quiet) }
pre { margin: 0; padding: .9rem 1rem; background: var(--code); border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto; font: .9rem/1.5 ui-monospace, monospace }
`

var page = template.Must(template.New("channel").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Channel}} · Holdfast channel</title>
<style>` + pageStyle + `</style>
<h1>{{.Channel}}</h1>
<p>This URL is a live channel. {{if eq .Subscribers 1}}One client is{{else}}{{.Subscribers}} clients are{{end}} connected.
What one sends, all receive: text or binary, up to {{.MaxMessageBytes}} bytes a message.</p>
<h2>In a browser</h2>
<pre tabindex="0">const socket = new WebSocket({{printf "%q" .WebSocket}});
socket.onmessage = event =&gt; console.log(event.data);
socket.onopen = () =&gt; socket.send("hello");</pre>
<p>Or, to receive only:</p>
<pre tabindex="0">const events = new EventSource({{printf "%q" .Events}});
events.onmessage = event =&gt; console.log(event.data);</pre>
<h2>From a terminal</h2>
<pre tabindex="0">curl -d hello {{.Publish}}
curl -N -H 'Accept: text/event-stream' {{.Events}}{{if .History}}
curl '{{.History}}'{{end}}</pre>
</html>
`))

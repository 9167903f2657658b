package hostile

import (
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/server"
)

// directives of a content security policy, by name.
func directives(policy string) map[string]string {
	all := map[string]string{}
	for one := range strings.SplitSeq(policy, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(one), " ")
		all[name] = value
	}
	return all
}

func TestEveryPageHasTheHeadersThatKeepBrowsersFromHarm(t *testing.T) {
	n := newNode(t, func(c *server.Config) { c.NoChat = false })
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for _, in := range []struct {
		name, method, target string
		status               int
	}{
		{"the chat", "GET", "/", http.StatusOK},
		{"a channel", "GET", "/channels/open/a", http.StatusOK},
		{"a channel with script for a name", "GET", "/channels/open/<img%20src=x%20onerror=alert(1)>", http.StatusOK},
		{"a page that there is not", "GET", "/<script>", http.StatusNotFound},
		{"a method that there is not", "DELETE", "/", http.StatusMethodNotAllowed},
		{"a method that a channel has not", "DELETE", "/channels/open/a", http.StatusMethodNotAllowed},
		{"a name that is none", "GET", "/channels/<script>//", http.StatusBadRequest},
		{"a query that is none", "GET", "/channels/kept/a?since=<script>", http.StatusBadRequest},
		{"a history", "GET", "/channels/kept/a?last=1", http.StatusOK},
		{"a channel that nobody may see", "GET", "/channels/dead/<script>", http.StatusUnauthorized},
		{"the protocol", "GET", "/socket", http.StatusUpgradeRequired},
	} {
		t.Run(in.name, func(t *testing.T) {
			r, err := http.NewRequest(in.method, "http://"+n.addr+in.target, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			r.Header.Set("Accept", "text/html")
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != in.status {
				t.Errorf("answered %s", resp.Status)
			}
			if got := resp.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options: %q", got)
			}
			if got := resp.Header.Values("Set-Cookie"); got != nil {
				t.Errorf("a cookie: %q", got)
			}
			if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
				return // nothing runs in it
			}
			policy := directives(resp.Header.Get("Content-Security-Policy"))
			script, stated := policy["script-src"]
			if !stated {
				script = policy["default-src"]
			}
			if script != "'none'" && script != "'self'" {
				t.Errorf("scripts from %q may run", script)
			}
			if policy["default-src"] != "'none'" || policy["frame-ancestors"] != "'none'" || policy["base-uri"] != "'none'" {
				t.Errorf("the policy is %q", policy)
			}
			if got := resp.Header.Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("Referrer-Policy: %q", got)
			}
		})
	}
}

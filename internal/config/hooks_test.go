package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const hookSecret = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2s="

func TestEverythingAboutHooksCanBeSet(t *testing.T) {
	file := fileWith(t, `
hooks:
  - name: app
    url: https://app.example/hook
    events: [connect, message]
    channels: [chat/#, rooms/+]
    secrets: [hook.secret, /run/secrets/old, `+hookSecret+`]
    timeout: 2s
    on_failure: allow
    allow_private: true
    in_flight: 8
    max_reply: 1MiB
    headers: [cookie]
    batch: 50
    max_age: 1h
    dead_letter: ops/dead-letters
    source: https://rt.example
  - {name: other, url: https://other.example, events: [rpc], secrets: [`+hookSecret+`]}
`)
	want := []Hook{{
		Name: "app", URL: "https://app.example/hook", Events: []string{"connect", "message"}, Channels: []string{"chat/#", "rooms/+"},
		Secrets: []Secret{Secret(filepath.Join(filepath.Dir(file), "hook.secret")), "/run/secrets/old", hookSecret},
		Timeout: 2 * time.Second, OnFailure: "allow", AllowPrivate: true, InFlight: 8, MaxReply: 1 << 20, Headers: []string{"cookie"},
		Batch: 50, MaxAge: time.Hour, DeadLetter: "ops/dead-letters", Source: "https://rt.example", Place: Place{file, 3},
	}, {
		Name: "other", URL: "https://other.example", Events: []string{"rpc"}, Secrets: []Secret{hookSecret},
		Timeout: 5 * time.Second, OnFailure: "refuse", InFlight: 64, MaxReply: 64 << 10, Batch: 1, MaxAge: 24 * time.Hour,
		Source: "/holdfast", Place: Place{file, 18},
	}}
	if got := mustLoad(t, Options{File: file}).Hooks; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestHooksCanBeInAVariable(t *testing.T) {
	got := mustLoad(t, Options{Environ: []string{
		`HOLDFAST_HOOKS=[{"name": "app", "url": "https://app.example", "events": ["rpc"], "secrets": ["` + hookSecret + `"]}]`,
	}}).Hooks
	if len(got) != 1 || got[0].Secrets[0] != hookSecret {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsWrongWithAHookIsToldAndNoSecret(t *testing.T) {
	good := `name: app, url: https://app.example, events: [rpc], secrets: [` + hookSecret + `]`
	for text, reason := range map[string]string{
		`[{url: https://app.example}]`:                         "hooks[0] has no name",
		`[{` + good + `}, {` + good + `}]`:                     `there is a hook "app" already`,
		`[{name: app, secrets: [` + hookSecret + `]}]`:         "hooks[0] has no events",
		`[{name: app, events: [rpc]}]`:                         "openssl rand",
		`[{name: app, events: [conect]}]`:                      `there is no "conect"; use one of connect, `,
		`[{` + good + `, channels: [a//b]}]`:                   "hooks[0].channels",
		`[{` + good + `, dead_letter: a/#}]`:                   "hooks[0].dead_letter",
		`[{` + good + `, on_failure: ignore}]`:                 `there is no "ignore"`,
		`[{` + good + `, timeout: 2m}]`:                        "the most is 1m",
		`[{` + good + `, retries: 3}]`:                         "unknown key hooks[0].retries",
		`[` + strings.Repeat(`{`+good+`}, `, maxHooks) + `{}]`: "there may be 100",
	} {
		says := problems(t, Options{File: fileWith(t, "hooks: "+text)})
		if !strings.Contains(says, reason) || strings.Contains(says, hookSecret) {
			t.Errorf("of %.60s it says %s, want something with %q", text, says, reason)
		}
	}
}

package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var defaultAuth = Auth{Leeway: 30 * time.Second, MaxLifetime: 24 * time.Hour, RequireExpiry: true, CertificateName: "none"}

const goodSecret = "a secret with more than enough bytes"

func TestEverythingAboutTokensCanBeSet(t *testing.T) {
	file := fileWith(t, `
auth:
  secret: `+goodSecret+`
  keys:
    - file: a.pem
    - {file: b.txt, algorithm: HS256, id: 2026-11}
  jwks: [https://id.example/jwks.json, "http://127.0.0.1:9000/keys", "http://[::1]/", http://localhost/]
  issuers: [https://id.example]
  audiences: [holdfast]
  leeway: 1m
  max_lifetime: 0s
  require_expiry: false
  cookie: holdfast
  allow_query_token: true
  certificate_name: uri
  api_keys:
    - {name: backend, id: abcdefgh, sha256: 00ff, channels: [chat/#=rw, alerts/+=r]}
`)
	want := Auth{
		Secret:      goodSecret,
		Keys:        []TokenKey{{File: "a.pem", Place: Place{file, 5}}, {File: "b.txt", Algorithm: "HS256", ID: "2026-11", Place: Place{file, 6}}},
		JWKS:        []string{"https://id.example/jwks.json", "http://127.0.0.1:9000/keys", "http://[::1]/", "http://localhost/"},
		Issuers:     []string{"https://id.example"},
		Audiences:   []string{"holdfast"},
		Leeway:      time.Minute,
		Cookie:      "holdfast",
		APIKeys:     []APIKey{{"backend", "abcdefgh", "00ff", []string{"chat/#=rw", "alerts/+=r"}, false, Place{file, 17}}},
		MaxLifetime: 0, RequireExpiry: false, AllowQueryToken: true, CertificateName: "uri",
	}
	if got := mustLoad(t, Options{File: file}).Auth; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestKeysCanBeInVariables(t *testing.T) {
	got := mustLoad(t, Options{Environ: []string{
		"HOLDFAST_AUTH_SECRET=" + goodSecret,
		`HOLDFAST_AUTH_KEYS=[{"file": "a.pem"}]`,
		"HOLDFAST_AUTH_AUDIENCES=a, b",
	}}).Auth
	if got.Secret != goodSecret || len(got.Keys) != 1 || got.Keys[0].File != "a.pem" || len(got.Audiences) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestMistakesAboutTokensAreToldWithWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		"auth: {secret: swordfish}":            "F:1: auth.secret: it has 9 bytes, and needs at least 32; make one with: openssl rand -base64 48",
		"auth: {keys: a.pem}":                  `F:1: auth.keys: it is a list of keys; begin each with "- file: …", indented below it`,
		"auth: {keys: [a.pem]}":                `F:1: auth.keys: it is a list of keys; begin each with "- file: …", indented below it`,
		"auth: {keys: [{id: a}]}":              "F:1: auth.keys[0] has no file; say where the key is",
		"auth: {keys: [{fil: a}]}":             "F:1: unknown key auth.keys[0].fil; did you mean auth.keys[0].file?",
		"auth: {keys: [{algorithm: none}]}":    `F:1: auth.keys[0].algorithm: there is no "none"; use one of HS256, RS256, ES256, EdDSA`,
		"auth: {jwks: [https://id.example/]}":  "F:1: auth.jwks needs auth.audiences: a login service signs tokens for others with the same keys; write what aud says in those for this server",
		"auth: {cookie: 'a b'}":                `F:1: auth.cookie: "a b" can't be the name of a cookie; use letters, digits, - and _`,
		"auth: {leeway: 1h}":                   "F:1: auth.leeway: 1h is too large; the most is 10m",
		"auth: {api_keys: [{name: a}]}":        "F:1: auth.api_keys[0] lacks its name, id or sha256; write the line that holdfast token create --api-key has printed",
		"auth: {api_keys: [" + key("a") + "]}": "F:1: auth.api_keys[0] has no channels, so it can do nothing; write what it may do, as in [chat/#=rw], or manage: true",
		"auth: {api_keys: [" + key("a, channels: [a=r]") + ", " + key("a, channels: [a=r]") + "]}": "F:1: auth.api_keys[1] has the id of another one; remove one of them",
	} {
		if got := problems(t, Options{File: fileWith(t, text)}); got != want {
			t.Errorf("%q says\n  %s\nwant\n  %s", text, got, want)
		}
	}
}

func key(rest string) string { return fmt.Sprintf("{name: n, sha256: 00, id: %s}", rest) }

func TestKeysAreTakenFromNobodyOnTheWay(t *testing.T) {
	for address, want := range map[string]string{
		"http://id.example/":           "it is not https; use https, or http for this machine alone",
		"http://127.0.0.1.example/":    "it is not https; use https, or http for this machine alone",
		"http://localhost.example/":    "it is not https; use https, or http for this machine alone",
		"ftp://localhost/":             "it is not https; use https, or http for this machine alone",
		"file:///etc/keys":             "it is no URL; write https://HOST/PATH",
		"id.example/keys":              "it is no URL; write https://HOST/PATH",
		"https://user:swordfish@%zz/x": "it is no URL; write https://HOST/PATH",
	} {
		got := problems(t, Options{File: fileWith(t, "auth: {audiences: [a], jwks: ['"+address+"']}")})
		if want = "F:1: auth.jwks: " + want; got != want {
			t.Errorf("%s says\n  %s\nwant\n  %s", address, got, want)
		}
	}
}

func TestASecretIsNotPrinted(t *testing.T) {
	c := mustLoad(t, Options{Flags: map[string]any{"auth.secret": goodSecret}})
	if got := fmt.Sprintf("%v %+v %s", c, c, c.Auth.Secret); strings.Contains(got, goodSecret) || !strings.Contains(got, "(secret)") {
		t.Errorf("it is printed: %s", got)
	}
}

package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// FuzzAuthenticate compares with golang-jwt's own parser: who is let in here would be let in there. Who is
// not is told why, in one line.
func FuzzAuthenticate(f *testing.F) {
	for _, list := range [][]hostile{forms(), headers(), signatures(), statements()} {
		for _, h := range list {
			if len(h.token) < 2000 {
				f.Add(h.token)
			}
		}
	}
	for _, k := range keys() {
		f.Add(must(k.Sign(goodClaims())))
	}
	judge := jwt.NewParser(jwt.WithValidMethods([]string{"HS256", "RS256", "ES256", "EdDSA"}), jwt.WithIssuer("https://id.example"),
		jwt.WithAudience("holdfast", "other"), jwt.WithLeeway(30*time.Second), jwt.WithExpirationRequired())
	byAlgorithm := func(t *jwt.Token) (any, error) { return keys()[Algorithm(t.Method.Alg())].verify, nil }
	a := newAuthenticator(f, testConfig())
	f.Fuzz(func(t *testing.T, token string) {
		id, err := a.Authenticate(context.Background(), Credentials{Token: token})
		if err == nil {
			if token == "" {
				return // anonymous
			}
			var claims jwt.RegisteredClaims
			if _, err := judge.ParseWithClaims(token, &claims, byAlgorithm); err != nil || claims.Subject != id.User {
				t.Fatalf("let in as %+v; the other says %q, %v", id, claims.Subject, err)
			}
			return
		}
		refused, ok := errors.AsType[*Error](err)
		if !ok || refused.Check == "" || refused.Message == "" || !utf8.ValidString(refused.Message) {
			t.Fatalf("refused without saying why: %#v", err)
		}
		if len(refused.Message) > 1000 || len(refused.Detail) > 1000 || strings.ContainsAny(refused.Message+refused.Detail, "\n\x1b") {
			t.Fatalf("refused at length, or with what acts on a terminal: %q %q", refused.Message, refused.Detail)
		}
	})
}

// FuzzClaims has any claims read that a key has signed: whoever signs is trusted to say who somebody is, but
// not to be right about it.
func FuzzClaims(f *testing.F) {
	f.Add(payload("channels", `{"chat/#":"rw","inbox/{user}":"rp"}`, "info", `{"a":[1,"x"]}`, "aud", `["a","holdfast"]`, "nbf", "1.5"))
	f.Add(payload("channels", `{"a/#/b":"r"}`))
	f.Add(payload("sub", `"+"`, "channels", `{"inbox/{user}":"r"}`))
	f.Add("{}")
	a := newAuthenticator(f, testConfig())
	k := keys()[HS256]
	f.Fuzz(func(t *testing.T, claims string) {
		if len(claims) > 8<<10 {
			return
		}
		id, err := a.Authenticate(context.Background(), Credentials{Token: forge(k, head(k), claims)})
		if err != nil {
			return
		}
		if id.Anonymous() || len(id.User) > MaxUserBytes || len(id.Info) > MaxInfoBytes || id.TokenID == "" || id.Expires.IsZero() {
			t.Fatalf("let in as %+v", id)
		}
		for _, p := range id.Grants.Patterns() {
			if p == "" || !id.Grants.AllowsPattern(0, p) {
				t.Fatalf("the grant %q is for nothing", p)
			}
		}
	})
}

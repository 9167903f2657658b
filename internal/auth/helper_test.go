package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// testSecret is that of the key "h".
const testSecret = "a secret of the tests that has more than 32 bytes"

// private are the keys that tests sign with. They are made once, because RSA is slow to make.
var private = sync.OnceValue(func() map[Algorithm]crypto.Signer {
	return map[Algorithm]crypto.Signer{
		RS256: must(rsa.GenerateKey(rand.Reader, 2048)),
		ES256: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		EdDSA: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
	}
})

// keys has one of each kind, with the ids h, r, e and d.
func keys() map[Algorithm]Key {
	p := private()
	return map[Algorithm]Key{
		HS256: must(NewSecret("h", []byte(testSecret))),
		RS256: must(NewPrivateKey("r", p[RS256])),
		ES256: must(NewPrivateKey("e", p[ES256])),
		EdDSA: must(NewPrivateKey("d", p[EdDSA])),
	}
}

// testConfig trusts all of keys.
func testConfig() Config {
	k := keys()
	return Config{
		Keys:      []Key{k[HS256], k[RS256], k[ES256], k[EdDSA]},
		Issuers:   []string{"https://id.example"},
		Audiences: []string{"holdfast", "other"},
		Leeway:    30 * time.Second,
	}
}

func newAuthenticator(t testing.TB, c Config) *Authenticator {
	t.Helper()
	a, err := New(patience(t), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// goodClaims are those of a token that testConfig lets in.
func goodClaims() Claims {
	now := time.Now()
	return Claims{
		User: "ada", Issuer: "https://id.example", Audience: "holdfast", TokenID: "t1",
		Channels: map[string]string{"chat/#": "rw"},
		Issued:   now.Add(-time.Minute), Expires: now.Add(time.Hour),
	}
}

// forge signs what Sign would not: any header and any payload.
func forge(k Key, header, payload string) string {
	signed := strict.EncodeToString([]byte(header)) + "." + strict.EncodeToString([]byte(payload))
	return signed + "." + strict.EncodeToString(must(methods[k.algorithm].Sign(signed, k.sign)))
}

// payload returns the claims of a token that testConfig lets in, with changes: name, JSON value, name, …;
// without a value the claim is left out.
func payload(changes ...string) string {
	now := time.Now().Unix()
	all := []string{
		"iss", `"https://id.example"`, "aud", `"holdfast"`, "sub", `"ada"`, "jti", `"t1"`,
		"iat", fmt.Sprint(now - 60), "exp", fmt.Sprint(now + 3600),
	}
	for i := 0; i < len(changes); i += 2 {
		all = set(all, changes[i], changes[i+1])
	}
	var b strings.Builder
	for i := 0; i < len(all); i += 2 {
		if all[i+1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", all[i], all[i+1])
	}
	return "{" + b.String() + "}"
}

func set(all []string, name, value string) []string {
	for i := 0; i < len(all); i += 2 {
		if all[i] == name {
			all[i+1] = value
			return all
		}
	}
	return append(all, name, value)
}

func head(k Key) string { return fmt.Sprintf(`{"alg":%q,"kid":%q}`, k.algorithm, k.id) }

// wantRefused checks which check fails, and with what message.
func wantRefused(t testing.TB, err error, code Code, check Check, message string) {
	t.Helper()
	refused, ok := errors.AsType[*Error](err)
	if !ok {
		t.Errorf("the error is %v; want one of the check %s", err, check)
		return
	}
	if refused.Code != code || refused.Check != check || refused.Message != message {
		t.Errorf("refused with %s by %s:\n  %s\nwant %s by %s:\n  %s", refused.Code, refused.Check, refused.Message, code, check, message)
	}
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// jwk returns a key in JSON.
func jwk(id, algorithm, use string, key any) string {
	return string(must(jose.JSONWebKey{Key: key, KeyID: id, Algorithm: algorithm, Use: use}.MarshalJSON()))
}

func jwks(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

func TestTheKeysOfASetThatAreForSignaturesAreTaken(t *testing.T) {
	p := private()
	set, err := parseKeySet([]byte(jwks(
		jwk("r", "RS256", "sig", p[RS256].Public()),
		jwk("e", "", "", p[ES256].Public()),
		jwk("d", "EdDSA", "sig", p[EdDSA].Public()),
		jwk("d2", "Ed25519", "", p[EdDSA].Public()),
		jwk("", "", "", p[EdDSA].Public()),
		`{"kty":"EC","crv":"P-256K1","x":"AA","y":"AA","kid":"of another kind"}`,
	)))
	if err != nil {
		t.Fatal(err)
	}
	want := `[key "r" (RS256) key "e" (ES256) key "d" (EdDSA) key "d2" (EdDSA) key without an id (EdDSA)]`
	if got := fmt.Sprint(set.keys); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestKeysOfNoUseAreIgnoredAndToldWithoutThem(t *testing.T) {
	p := private()
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	x := strict.EncodeToString(p[EdDSA].Public().(ed25519.PublicKey))
	for name, test := range map[string]struct{ key, why string }{
		"for encryption":             {jwk("a", "", "enc", p[ES256].Public()), `its use is "enc" and not signatures`},
		"private":                    {jwk("a", "", "", p[ES256]), "it is a secret or a private key, which does not belong there"},
		"a secret":                   {jwk("a", "HS256", "", []byte(testSecret)), "it is a secret or a private key, which does not belong there"},
		"for another algorithm":      {jwk("a", "PS256", "", p[RS256].Public()), `it is for "PS256", which is not supported`},
		"for HS256, as a public key": {jwk("a", "HS256", "", p[RS256].Public()), `it is for "HS256", which is not supported`},
		"for none":                   {jwk("a", "none", "", p[RS256].Public()), `it is for "none", which is not supported`},
		"RSA of 1024 bits":           {jwk("a", "", "", weak.Public()), "the RSA key has 1024 bits; use one of 2048 to 8192"},
		"on another curve":           {jwk("a", "", "", p384.Public()), "the key is on the curve P-384; use P-256 (ES256)"},
		"of small order":             {`{"kty":"OKP","crv":"Ed25519","x":"AQ` + strings.Repeat("A", 41) + `"}`, "it is of a kind that is not supported, or broken"},
		"off the curve":              {`{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 42) + `E"}`, "it is of a kind that is not supported, or broken"},
		"with a name twice":          {`{"kty":"OKP","crv":"Ed25519","x":"` + x + `","x":"` + x + `"}`, ""},
		"a text":                     {`"` + testSecret + `"`, "it is of a kind that is not supported, or broken"},
		"a long id":                  {jwk(strings.Repeat("a", 257), "", "", p[ES256].Public()), "the key's id has 257 bytes, and may have 256; use a shorter one"},
	} {
		set, err := parseKeySet([]byte(jwks(jwk("good", "", "", p[EdDSA].Public()), test.key)))
		if test.why == "" {
			if text(err) != "the answer is no set of keys: a name is there twice" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if want := "key 2 of 2: " + test.why; err != nil || len(set.keys) != 1 || len(set.ignored) != 1 || set.ignored[0] != want {
			t.Errorf("%s: %d keys, %v, ignored\n  %q\nwant\n  %q", name, len(set.keys), err, set.ignored, want)
		}
		if strings.Contains(fmt.Sprint(set.ignored), testSecret) {
			t.Errorf("%s: the secret is told", name)
		}
	}
}

func TestWhatIsNoSetOfKeysIsAnError(t *testing.T) {
	for document, want := range map[string]string{
		"":                     "the answer is no set of keys: not JSON at byte 0",
		"<html>":               "the answer is no set of keys: not JSON at byte 0",
		"[]":                   "the answer is no set of keys: not an object",
		"{}":                   "the answer has no key that tokens could be checked with",
		`{"keys":{}}`:          "the answer is no set of keys: keys has a value of the wrong type",
		`{"keys":[]}`:          "the answer has no key that tokens could be checked with",
		`{"keys":[{}]}`:        "the answer has no key that tokens could be checked with",
		`{"keys":[],"keys":1}`: "the answer is no set of keys: a name is there twice",
		jwks(strings.Split(strings.Repeat("{},", 65), ",")[:65]...): "the answer has 65 keys, and may have 64",
	} {
		if _, err := parseKeySet([]byte(document)); text(err) != want {
			t.Errorf("%.40s: %v, want %s", document, err, want)
		}
	}
}

func FuzzParseKeySet(f *testing.F) {
	p := private()
	f.Add([]byte(jwks(jwk("r", "RS256", "sig", p[RS256].Public()), jwk("d", "", "", p[EdDSA].Public()))))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := parseKeySet(text)
		if err == nil && (len(set.keys) == 0 || len(set.keys) > maxSetKeys) {
			t.Fatalf("%d keys", len(set.keys))
		}
		for _, k := range set.keys {
			if k.CanSign() || k.algorithm == HS256 {
				t.Fatalf("%v is no public key", k)
			}
		}
	})
}

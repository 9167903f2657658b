package hostile

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
)

// jws returns a token of any header and claims, signed by sign with what is signed.
func jws(header, claims string, sign func([]byte) []byte) string {
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(signed)))
}

// withSecret signs with HMAC.
func withSecret(secret []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(b)
		return h.Sum(nil)
	}
}

func TestTokensThatAreNotGoodAreRefusedWhereverTheyAre(t *testing.T) {
	n := newNode(t, nil)
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // of the key that counts
	public := private.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	good := func(b []byte) []byte { return ed25519.Sign(private, b) }
	stranger := ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", ed25519.SeedSize)))
	bad := func(b []byte) []byte { return ed25519.Sign(stranger, b) }
	changed := func(change func(*auth.Claims)) string {
		claims := adas()
		change(&claims)
		return tokenOf(t, signing, claims)
	}
	other, err := auth.NewPrivateKey("good", stranger)
	if err != nil {
		t.Fatal(err)
	}
	fine := tokenOf(t, signing, adas())
	parts := strings.Split(fine, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	says := string(claims)
	const head = `{"alg":"EdDSA","kid":"good","typ":"JWT"}`
	unsigned := func([]byte) []byte { return nil }
	for _, in := range []struct{ name, token, want string }{
		{"a word", "hello", "the token has 1 parts instead of three; send a JSON Web Token as it was issued"},
		{"two parts", parts[0] + "." + parts[1], "the token has 2 parts instead of three; send a JSON Web Token as it was issued"},
		{"four parts", fine + ".x", "the token has 4 parts instead of three; send a JSON Web Token as it was issued"},
		{"dots alone", "..", "the token's header is not a JSON object with names that are there once; get another token"},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], "the token has characters that no token has; send it as it was issued, without quotes or spaces"},
		{"no algorithm, and no signature", jws(`{"alg":"none","typ":"JWT"}`, says, unsigned), "the token is not signed (alg none); get one that is"},
		{"no algorithm, in capitals", jws(`{"alg":"nOnE","typ":"JWT"}`, says, unsigned), "the token is not signed (alg none); get one that is"},
		{"no algorithm, with a signature", jws(`{"alg":"none"}`, says, good), "the token is not signed (alg none); get one that is"},
		{"no alg at all", jws(`{"typ":"JWT"}`, says, good), `the token is signed with "", which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"the public key as a secret", jws(`{"alg":"HS256","kid":"good"}`, says, withSecret(public)), "the token was signed with a key that this server does not know; get another token"},
		{"the public key in PEM as a secret", jws(`{"alg":"HS256","kid":"good"}`, says, withSecret(inPEM)), "the token was signed with a key that this server does not know; get another token"},
		{"an empty secret", jws(`{"alg":"HS256"}`, says, withSecret(nil)), "the token was signed with a key that this server does not know; get another token"},
		{"HS512", jws(`{"alg":"HS512"}`, says, withSecret(inPEM)), `the token is signed with "HS512", which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"another algorithm for the same signature", jws(`{"alg":"ES256","kid":"good"}`, says, good), "the token was signed with a key that this server does not know; get another token"},
		{"no signature", parts[0] + "." + parts[1] + ".", "the token has no signature; get one that is signed"},
		{"a signature of zeros", jws(head, says, func([]byte) []byte { return make([]byte, ed25519.SignatureSize) }), "the token's signature is not good: it was changed, or signed with another key; get another token"},
		{"another key of the same name", tokenOf(t, other, adas()), "the token's signature is not good: it was changed, or signed with another key; get another token"},
		{"claims that were changed", parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(says, "ada", "bob", 1))) + "." + parts[2], "the token's signature is not good: it was changed, or signed with another key; get another token"},
		{"a kid nobody has", jws(`{"alg":"EdDSA","kid":"2020"}`, says, good), "the token was signed with a key that this server does not know; get another token"},
		{"a kid that is a file", jws(`{"alg":"EdDSA","kid":"../../../../dev/null"}`, says, good), "the token was signed with a key that this server does not know; get another token"},
		{"a kid that is SQL", jws(`{"alg":"EdDSA","kid":"' OR 1=1 --"}`, says, good), "the token was signed with a key that this server does not know; get another token"},
		{"a kid of 300 bytes", jws(`{"alg":"EdDSA","kid":"`+strings.Repeat("k", 300)+`"}`, says, good), "the token's kid has 300 bytes, and may have 256; get another token"},
		{"a key of its own", jws(`{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"AAAA"}}`, says, bad), "the token's signature is not good: it was changed, or signed with another key; get another token"},
		{"a URL of keys", jws(`{"alg":"EdDSA","kid":"x","jku":"https://evil.example/jwks"}`, says, bad), "the token was signed with a key that this server does not know; get another token"},
		{"an extension that is critical", jws(`{"alg":"EdDSA","kid":"good","crit":["exp"]}`, says, good), "the token wants extensions (crit) that are not supported; get one without them"},
		{"a type of something else", jws(`{"alg":"EdDSA","kid":"good","typ":"logout+jwt"}`, says, good), `the token is of the type "logout+jwt"; get one of the type JWT`},
		{"alg twice", jws(`{"alg":"EdDSA","alg":"none","kid":"good"}`, says, good), "the token's header is not a JSON object with names that are there once; get another token"},
		{"sub twice", jws(head, strings.Replace(says, `"sub":"ada"`, `"sub":"ada","sub":"root"`, 1), good), "the token's claims can't be understood: a name is there twice; get another token"},
		{"claims that are an array", jws(head, "[1]", good), "the token's claims can't be understood: not an object; get another token"},
		{"an exp that is text", jws(head, `{"sub":"ada","exp":"tomorrow"}`, good), "the token's claims can't be understood: exp has a value of the wrong type; get another token"},
		{"an exp beyond numbers", jws(head, `{"sub":"ada","iss":"https://id.example","aud":"holdfast","iat":1,"exp":1e400}`, good), "the token's claims can't be understood: exp has a value of the wrong type; get another token"},
		{"an exp that is negative", jws(head, `{"sub":"ada","iss":"https://id.example","aud":"holdfast","iat":1,"exp":-1}`, good), "the token has a time (exp, nbf or iat) that is none; write seconds since 1970"},
		{"expired", changed(func(c *auth.Claims) { c.Issued, c.Expires = c.Issued.Add(-2*time.Hour), c.Issued.Add(-time.Minute) }), "the token expired at (time); get a new one"},
		{"for ever", changed(func(c *auth.Claims) { c.Expires = time.Time{} }), "the token never expires; get one with exp"},
		{"for a year", changed(func(c *auth.Claims) { c.Expires = c.Issued.AddDate(1, 0, 0) }), "the token counts for 8760h0m0s (from iat to exp), and may count for 24h0m0s; get one for a shorter time"},
		{"not issued at any time", changed(func(c *auth.Claims) { c.Issued = time.Time{} }), "the token does not say when it was issued (iat); get one that does"},
		{"issued tomorrow", changed(func(c *auth.Claims) { c.Issued, c.Expires = c.Issued.Add(23*time.Hour), c.Issued.Add(24*time.Hour) }), "the token was issued in the future, at (time) (iat); set the clock of its issuer"},
		{"not yet", changed(func(c *auth.Claims) { c.NotBefore = c.Issued.Add(time.Hour) }), "the token counts only from (time) on (nbf); wait, or set the clock of its issuer"},
		{"for another audience", changed(func(c *auth.Claims) { c.Audience = "elsewhere" }), "the token is for another audience (aud); get one for this server"},
		{"for no audience", changed(func(c *auth.Claims) { c.Audience = "" }), "the token is for another audience (aud); get one for this server"},
		{"of another issuer", changed(func(c *auth.Claims) { c.Issuer = "https://evil.example" }), "the token is from another issuer (iss); get one from the issuer that this server trusts"},
		{"of an issuer that ends alike", changed(func(c *auth.Claims) { c.Issuer = "https://id.example/" }), "the token is from another issuer (iss); get one from the issuer that this server trusts"},
		{"of nobody", changed(func(c *auth.Claims) { c.User = "" }), "the token names no user (sub); get one that does"},
		{"of a name with a line end", changed(func(c *auth.Claims) { c.User = "ada\r\nroot" }), "the user's name (sub) has a control character; use a name without"},
		{"of a name of 256 bytes", changed(func(c *auth.Claims) { c.User = strings.Repeat("a", 256) }), "the user's name (sub) has 256 bytes, and may have 255; use a shorter one"},
		{"grants of letters that there are not", changed(func(c *auth.Claims) { c.Channels = map[string]string{"#": "root"} }), `the token's channels: the grant for "#": "root" is not understood; write r (subscribe, and history), w (publish), p (presence) or h (history alone)`},
		{"grants of patterns that are none", changed(func(c *auth.Claims) { c.Channels = map[string]string{"#/a": "r"} }), `the token's channels: channel pattern "#/a" has "#" before its end (segment 1); write "+" for one segment, and "#" as the last segment only`},
		{"info of 2 KiB", changed(func(c *auth.Claims) { c.Info = []byte(`"` + strings.Repeat("a", 2000) + `"`) }), "the token's info has 2000 bytes, and may have 1024; put less into it"},
		{"an API key that there is not", "hfk_aaaaaaaa_" + strings.Repeat("a", 52), "the API key is not known to this server; use one that is in its configuration"},
		{"half an API key", "hfk_aaaaaaaa_", "the API key is incomplete, or none; send the whole key, which begins with hfk_"},
	} {
		t.Run(in.name, func(t *testing.T) {
			want := "401 " + in.want + " (ref) | closed"
			for place, send := range map[string]string{
				"Authorization, and reads": request("GET /channels/open/a", "Authorization: Bearer "+in.token),
				"Authorization, and sends": post("/channels/open/a", "x", "Authorization: bearer "+in.token),
				"a handshake":              handshake("/socket", "Sec-WebSocket-Protocol: holdfast.v1.json, holdfast.token."+in.token),
				"a cookie":                 request("GET /channels/open/a", "Cookie: id="+in.token),
			} {
				if got := n.ask(t, send); got != want {
					t.Errorf("in %s: the answer\n%s\nshould be\n%s", place, got, in.want)
				}
			}
			c := n.talk(t, "holdfast.v1.json")
			c.say(`{"id":1,"connect":{"token":"` + in.token + `"}}`)
			if got := c.hear(); !strings.Contains(got, `"message":"`+strings.ReplaceAll(in.want, `"`, `\"`)+`",ref}`) {
				t.Errorf("in connect: the answer is %s", got)
			}
			if got := c.hear(); !strings.HasPrefix(got, "close 4401 ") {
				t.Errorf("and then comes %s", got)
			}
			n.flows(t)
		})
	}
}

func TestCredentialsInTwoPlacesOrInWrongOnesAreRefused(t *testing.T) {
	n := newNode(t, nil)
	ada := tokenOf(t, signing, adas())
	bearer, cookie := "Authorization: Bearer "+ada, "Cookie: id="+ada
	var inputs []hostileInput
	for _, in := range []struct{ name, send, want string }{
		{"two in Authorization", request("GET /channels/users/a", bearer, bearer), "401 the request has more than one token or API key (Authorization, Authorization); send one (ref) | closed"},
		{"Authorization and an API key", request("GET /channels/users/a", bearer, "X-API-Key: hfk_a"), "401 the request has more than one token or API key (Authorization, X-API-Key); send one (ref) | closed"},
		{"Authorization and a subprotocol", handshake("/socket", bearer, "Sec-WebSocket-Protocol: holdfast.v1.json, holdfast.token."+ada), "401 the request has more than one token or API key (Authorization, Sec-WebSocket-Protocol); send one (ref) | closed"},
		{"two subprotocols", handshake("/socket", "Sec-WebSocket-Protocol: holdfast.token."+ada+", holdfast.token."+ada), "401 the request has more than one token or API key (Sec-WebSocket-Protocol, Sec-WebSocket-Protocol); send one (ref) | closed"},
		{"an empty subprotocol", handshake("/socket", "Sec-WebSocket-Protocol: holdfast.v1.json, holdfast.token."), "401 the token in Sec-WebSocket-Protocol is empty; send one, or nothing at all (ref) | closed"},
		{"an empty Authorization", request("GET /channels/users/a", "Authorization: Bearer "), "401 the token in Authorization is empty; send one, or nothing at all (ref) | closed"},
		{"a token of 17 KiB", request("GET /channels/users/a", "Authorization: Bearer "+strings.Repeat("a", 17<<10)), "401 the token has 17408 bytes, and may have 16384; put less into it (ref) | closed"},
		{"a password", request("GET /channels/users/a", "Authorization: Basic YWRhOmFkYQ=="), "401 you may not subscribe to users/a without saying who you are: send a token (ref) | closed"},
		{"the query", request("GET /channels/users/a?token=" + ada), "401 the URL has a token (token), which would end up in logs; send it in the header Authorization, as the subprotocol holdfast.token.TOKEN or in connect, or allow it with auth.allow_query_token (ref) | closed"},
		{"the query, by its other name", request("GET /channels/users/a?access_token=" + ada), "401 the URL has a token (access_token), which would end up in logs; send it in the header Authorization, as the subprotocol holdfast.token.TOKEN or in connect, or allow it with auth.allow_query_token (ref) | closed"},
		{"the query of a handshake", handshake("/channels/users/a?token=" + ada), "401 the URL has a token (token), which would end up in logs; send it in the header Authorization, as the subprotocol holdfast.token.TOKEN or in connect, or allow it with auth.allow_query_token (ref) | closed"},
		{"an API key that is known by its id alone", request("GET /channels/users/a", "X-API-Key: hfk_aaaaaaaa"), "401 the API key is incomplete, or none; send the whole key, which begins with hfk_ (ref) | closed"},
		{"a cookie from an allowed origin that is not ours", handshake("/channels/users/a", cookie, "Origin: https://a.app.example"), "401 you may not subscribe to users/a without saying who you are: send a token (ref) | closed"},
		{"a cookie from an allowed origin, to publish", post("/channels/users/a", "x", cookie, "Origin: https://a.app.example"), "401 you may not publish to users/a without saying who you are: send a token (ref) | closed"},
		{"a cookie from a page without an origin", handshake("/channels/users/a", cookie, "Origin: null"), `403 origin "null" is not allowed (allowed: the same origin, https://*.app.example, http://localhost:*); whoever runs the server can add it to listen.origins (ref) | closed`},
		{"a cookie from another port of ours", handshake("/channels/users/a", cookie, "Origin: http://"+host+":8080"), `403 origin "http://holdfast.test:8080" is not allowed (allowed: the same origin, https://*.app.example, http://localhost:*); whoever runs the server can add it to listen.origins (ref) | closed`},
		{"a cookie by another name", request("GET /channels/users/a", "Cookie: ID="+ada), "401 you may not subscribe to users/a without saying who you are: send a token (ref) | closed"},
	} {
		inputs = append(inputs, hostileInput{in.name, in.send, in.want})
	}
	n.try(inputs)
}

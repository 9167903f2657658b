package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	badSignature = "the token's signature is not good: it was changed, or signed with another key; get another token"
	badForm      = "the token is not base64url; send it as it was issued"
	badChars     = "the token has characters that no token has; send it as it was issued, without quotes or spaces"
	badHeader    = "the token's header is not a JSON object with names that are there once; get another token"
	unknownKey   = "the token was signed with a key that this server does not know; get another token"
	notSigned    = "the token is not signed (alg none); get one that is"
	noSignature  = "the token has no signature; get one that is signed"
)

// hostile is a token that nobody may be let in with.
type hostile struct {
	name    string
	token   string
	check   Check
	message string
}

// forms are tokens that are none.
func forms() []hostile {
	good := forge(keys()[HS256], head(keys()[HS256]), payload())
	parts := strings.Split(good, ".")
	parted := func(n int) string {
		return fmt.Sprintf("the token has %d parts instead of three; send a JSON Web Token as it was issued", n)
	}
	return []hostile{
		{"a word", "token", CheckForm, parted(1)},
		{"a signature that is stripped with its dot", parts[0] + "." + parts[1], CheckForm, parted(2)},
		{"a signature that is stripped", parts[0] + "." + parts[1] + ".", CheckSignature, noSignature},
		{"garbage behind it", good + ".garbage", CheckForm, parted(4)},
		{"an encrypted token", good + ".a.b", CheckForm, "the token is encrypted, which is not supported; send one that is only signed"},
		{"a thousand parts", strings.Repeat(".", 1000), CheckForm, parted(9)},
		{"a line feed in it", parts[0] + ".\n" + parts[1] + "." + parts[2], CheckForm, badChars},
		{"a space behind it", good + " ", CheckForm, badChars},
		{"padding", good + "=", CheckForm, badChars},
		{"quotes", `"` + good + `"`, CheckForm, badChars},
		{"base64 of the other alphabet", "+/+/." + parts[1] + "." + parts[2], CheckForm, badChars},
		{"a byte that is no UTF-8", good + "\xff", CheckForm, badChars},
		{"a length that base64 can't have", parts[0] + "." + parts[1] + ".aaaaa", CheckForm, badForm},
		{"bits behind the end", parts[0] + "." + parts[1] + ".ab", CheckForm, badForm},
		{"17 KiB", strings.Repeat("a", 17<<10), CheckSize, "the token has 17408 bytes, and may have 16384; put less into it"},
		{"no header", "." + parts[1] + "." + parts[2], CheckHeader, badHeader},
	}
}

// headers are tokens whose header is wrong, whoever has signed them.
func headers() []hostile {
	h := keys()[HS256]
	with := func(header string) string { return forge(h, header, payload()) }
	return []hostile{
		{"alg none", encode(`{"alg":"none"}`) + "." + encode(payload()) + ".", CheckAlgorithm, notSigned},
		{"alg nOnE", encode(`{"alg":"nOnE","kid":"h"}`) + "." + encode(payload()) + ".aaaa", CheckAlgorithm, notSigned},
		{"no alg", with(`{"kid":"h"}`), CheckAlgorithm, `the token is signed with "", which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"alg in lower case", with(`{"alg":"hs256"}`), CheckAlgorithm, `the token is signed with "hs256", which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"another alg", with(`{"alg":"HS512"}`), CheckAlgorithm, `the token is signed with "HS512", which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"an alg that is long", with(`{"alg":"` + strings.Repeat("x", 1000) + `"}`), CheckAlgorithm, `the token is signed with "` + strings.Repeat("x", 64) + `"…, which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"an alg with a line feed", with(`{"alg":"a\nb"}`), CheckAlgorithm, `the token is signed with "a\nb", which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"an alg that is a number", with(`{"alg":1}`), CheckHeader, badHeader},
		{"an ALG beside the alg", with(`{"ALG":"none","Alg":"none"}`), CheckAlgorithm, `the token is signed with "", which is not supported; use HS256, RS256, ES256 or EdDSA`},
		{"two algs", with(`{"alg":"HS256","alg":"none"}`), CheckHeader, badHeader},
		{"two algs, one escaped", with(`{"alg":"HS256","\u0061lg":"none"}`), CheckHeader, badHeader},
		{"a name twice inside", with(`{"alg":"HS256","jwk":{"a":1,"a":2}}`), CheckHeader, badHeader},
		{"a header with garbage behind it", with(`{"alg":"HS256"}{}`), CheckHeader, badHeader},
		{"a header that is a list", with(`["HS256"]`), CheckHeader, badHeader},
		{"a header that is no JSON", with(`HS256`), CheckHeader, badHeader},
		{"a header that is no UTF-8", with("{\"alg\":\"HS256\",\"x\":\"\xff\"}"), CheckHeader, badHeader},
		{"crit", with(`{"alg":"HS256","crit":["exp"]}`), CheckHeader, "the token wants extensions (crit) that are not supported; get one without them"},
		{"crit and b64", with(`{"alg":"HS256","b64":false,"crit":["b64"]}`), CheckHeader, "the token wants extensions (crit) that are not supported; get one without them"},
		{"zip", with(`{"alg":"HS256","zip":"DEF"}`), CheckHeader, "the token is compressed, which is not supported; send it plain"},
		{"enc", with(`{"alg":"HS256","enc":"A256GCM"}`), CheckHeader, "the token is encrypted, which is not supported; send one that is only signed"},
		{"a token within", with(`{"alg":"HS256","cty":"JWT"}`), CheckHeader, "the token has another one inside, which is not supported; send that alone"},
		{"a token for logging out", with(`{"alg":"HS256","typ":"logout+jwt"}`), CheckHeader, `the token is of the type "logout+jwt"; get one of the type JWT`},
		{"a long kid", with(`{"alg":"HS256","kid":"` + strings.Repeat("x", 257) + `"}`), CheckHeader, "the token's kid has 257 bytes, and may have 256; get another token"},
		{"an unknown kid", with(`{"alg":"HS256","kid":"x"}`), CheckKey, unknownKey},
		{"a kid that is a path", with(`{"alg":"HS256","kid":"../../../dev/null"}`), CheckKey, unknownKey},
		{"a kid that is SQL", with(`{"alg":"HS256","kid":"x' UNION SELECT 'key"}`), CheckKey, unknownKey},
		{"a kid that is a list", with(`{"alg":"HS256","kid":["h"]}`), CheckHeader, badHeader},
		{"the kid of a key of another kind", with(`{"alg":"HS256","kid":"r"}`), CheckKey, unknownKey},
	}
}

// signatures are tokens that somebody else has signed.
func signatures() []hostile {
	k, p := keys(), private()
	public := must(x509.MarshalPKIXPublicKey(p[RS256].Public()))
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	confused := func(secret []byte) string {
		signed := encode(`{"alg":"HS256"}`) + "." + encode(payload())
		return signed + "." + strict.EncodeToString(must(jwt.SigningMethodHS256.Sign(signed, secret)))
	}
	other := must(NewPrivateKey("", ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))))
	own := fmt.Sprintf(`{"alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":%q}}`, strict.EncodeToString(other.verify.(ed25519.PublicKey)))
	parts := strings.Split(forge(k[HS256], head(k[HS256]), payload()), ".")
	es := func(signature []byte) string {
		return encode(head(k[ES256])) + "." + encode(payload()) + "." + strict.EncodeToString(signature)
	}
	digest := sha256.Sum256([]byte(encode(head(k[ES256])) + "." + encode(payload())))
	inASN1 := must(ecdsa.SignASN1(rand.Reader, p[ES256].(*ecdsa.PrivateKey), digest[:]))
	n := p[ES256].(*ecdsa.PrivateKey).Params().N
	order := append(n.FillBytes(make([]byte, 32)), n.FillBytes(make([]byte, 32))...)
	return []hostile{
		{"RS256 taken for HS256, with the public key in PEM", confused(asPEM), CheckSignature, badSignature},
		{"the same without the last line feed", confused(asPEM[:len(asPEM)-1]), CheckSignature, badSignature},
		{"the same in DER", confused(public), CheckSignature, badSignature},
		{"an empty secret", confused([]byte{}), CheckSignature, badSignature},
		{"a secret in the token itself", forge(other, own, payload()), CheckSignature, badSignature},
		{"keys from elsewhere", forge(other, `{"alg":"EdDSA","jku":"http://127.0.0.1:1/","x5u":"http://127.0.0.1:1/"}`, payload()), CheckSignature, badSignature},
		{"other claims", parts[0] + "." + encode(payload("sub", `"root"`)) + "." + parts[2], CheckSignature, badSignature},
		{"another header", encode(`{"alg":"HS256","kid":"h","x":1}`) + "." + parts[1] + "." + parts[2], CheckSignature, badSignature},
		{"half a signature", parts[0] + "." + parts[1] + "." + parts[2][:20], CheckSignature, badSignature},
		{"ES256 in the form of ASN.1", es(inASN1), CheckSignature, badSignature},
		{"ES256 with zeros", es(make([]byte, 64)), CheckSignature, badSignature},
		{"ES256 with the order of the curve", es(order), CheckSignature, badSignature},
		{"ES256 with bytes behind it", es(make([]byte, 65)), CheckSignature, badSignature},
		{"EdDSA with zeros", encode(head(k[EdDSA])) + "." + encode(payload()) + "." + encode(strings.Repeat("\x00", 64)), CheckSignature, badSignature},
		{"RS256 with a signature that is one", encode(head(k[RS256])) + "." + encode(payload()) + "." + encode(strings.Repeat("\x00", 255)+"\x01"), CheckSignature, badSignature},
	}
}

func TestAHostileTokenIsRefusedByTheCheckThatIsMeantForIt(t *testing.T) {
	a := newAuthenticator(t, testConfig())
	for _, list := range [][]hostile{forms(), headers(), signatures(), statements()} {
		for _, h := range list {
			t.Run(h.name, func(t *testing.T) {
				_, err := a.Authenticate(patience(t), Credentials{Token: h.token})
				code := Unauthorized
				if h.check == CheckExpiry && strings.Contains(h.message, "expired at") {
					code = TokenExpired
				}
				wantRefused(t, err, code, h.check, h.message)
			})
		}
	}
}

// statements are tokens of the right key that do not say what they have to.
func statements() []hostile {
	k := keys()[EdDSA]
	with := func(changes ...string) string { return forge(k, head(k), payload(changes...)) }
	plain := func(payload string) string { return forge(k, head(k), payload) }
	at := func(d time.Duration) (seconds, written string) {
		then := time.Now().Add(d)
		return fmt.Sprint(then.Unix()), then.UTC().Format(time.RFC3339)
	}
	past, pastWritten := at(-time.Minute)
	future, futureWritten := at(time.Hour)
	claim := func(problem string) string {
		return "the token's claims can't be understood: " + problem + "; get another token"
	}
	const (
		noTime     = "the token has a time (exp, nbf or iat) that is none; write seconds since 1970"
		noChannels = `the token's channels are no object of texts; write it as {"chat/#":"rw"}`
		noIssuer   = "the token is from another issuer (iss); get one from the issuer that this server trusts"
		noAudience = "the token is for another audience (aud); get one for this server"
		noControl  = "the user's name (sub) has a control character; use a name without"
	)
	return []hostile{
		{"claims that are no JSON", plain("claims"), CheckClaims, claim("not JSON at byte 0")},
		{"claims that are a list", plain("[]"), CheckClaims, claim("not an object")},
		{"claims with garbage behind them", plain(payload() + "x"), CheckClaims, claim(fmt.Sprintf("not JSON at byte %d", len(payload())))},
		{"two claims of a name", plain(`{"sub":"ada","sub":"root"}`), CheckClaims, claim("a name is there twice")},
		{"two grants for a pattern", with("channels", `{"a":"r","a":"rw"}`), CheckClaims, claim("a name is there twice")},
		{"an iss in capitals", with("iss", "", "ISS", `"https://id.example"`), CheckIssuer, noIssuer},
		{"another issuer", with("iss", `"https://evil.example"`), CheckIssuer, noIssuer},
		{"no issuer", with("iss", ""), CheckIssuer, noIssuer},
		{"another audience", with("aud", `"holdfast2"`), CheckAudience, noAudience},
		{"other audiences", with("aud", `["a","b"]`), CheckAudience, noAudience},
		{"no audience", with("aud", ""), CheckAudience, noAudience},
		{"an audience that is a number", with("aud", `1`), CheckClaims, "the token's aud is neither a text nor a list of them; get another token"},
		{"an audience that is null", with("aud", `null`), CheckAudience, noAudience},
		{"an expired token", with("exp", past), CheckExpiry, "the token expired at " + pastWritten + "; get a new one"},
		{"a token that does not expire", with("exp", ""), CheckExpiry, "the token never expires; get one with exp"},
		{"an exp that is null", with("exp", "null"), CheckExpiry, "the token never expires; get one with exp"},
		{"an exp that is a text", with("exp", `"`+future+`"`), CheckClaims, claim("exp has a value of the wrong type")},
		{"an exp too far away", with("exp", "1e300"), CheckClaims, noTime},
		{"an exp that is too large for a number", with("exp", "1e400"), CheckClaims, claim("exp has a value of the wrong type")},
		{"an exp below zero", with("exp", "-1"), CheckClaims, noTime},
		{"a token of the future", with("nbf", future), CheckNotBefore, "the token counts only from " + futureWritten + " on (nbf); wait, or set the clock of its issuer"},
		{"a token issued in the future", with("iat", future), CheckIssued, "the token was issued in the future, at " + futureWritten + " (iat); set the clock of its issuer"},
		{"no user", with("sub", ""), CheckUser, "the token names no user (sub); get one that does"},
		{"an empty user", with("sub", `""`), CheckUser, "the token names no user (sub); get one that does"},
		{"a user that is a number", with("sub", `1`), CheckClaims, claim("sub has a value of the wrong type")},
		{"a long user", with("sub", `"`+strings.Repeat("a", 256)+`"`), CheckUser, "the user's name (sub) has 256 bytes, and may have 255; use a shorter one"},
		{"a user with a line feed", with("sub", `"ada\nroot"`), CheckUser, noControl},
		{"a user with NUL", with("sub", `"ada\u0000"`), CheckUser, noControl},
		{"a long jti", with("jti", `"`+strings.Repeat("a", 257)+`"`), CheckClaims, "the token's jti has 257 bytes, and may have 256; get another token"},
		{"channels that are a list", with("channels", `["chat/#"]`), CheckChannels, noChannels},
		{"channels that are null", with("channels", `null`), CheckChannels, noChannels},
		{"letters that are none", with("channels", `{"chat/#":"x"}`), CheckChannels, `the token's channels: the grant for "chat/#": "x" is not understood; write r (subscribe, and history), w (publish), p (presence) or h (history alone)`},
		{"no letters", with("channels", `{"chat/#":""}`), CheckChannels, `the token's channels: the grant for "chat/#": it has no letters; write r (subscribe, and history), w (publish), p (presence) or h (history alone)`},
		{"a pattern that is none", with("channels", `{"a/#/b":"r"}`), CheckChannels, `the token's channels: channel pattern "a/#/b" has "#" before its end (segment 2); write "+" for one segment, and "#" as the last segment only`},
		{"too many patterns", with("channels", manyGrants(257)), CheckChannels, "the token's channels: there are 257 patterns of channels, and there may be 256; write wider ones"},
		{"much info", with("info", `"`+strings.Repeat("a", 1025)+`"`), CheckInfo, "the token's info has 1025 bytes, and may have 1024; put less into it"},
		{"claims of 12 KiB that are deep", with("info", strings.Repeat("[", 5000)+strings.Repeat("]", 5000)), CheckInfo, "the token's info has 10000 bytes, and may have 1024; put less into it"},
	}
}

// manyGrants returns a claim with n patterns.
func manyGrants(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"c%d":"r"`, i)
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestASignatureOfES256HasASecondFormWithTheSameTokenID(t *testing.T) {
	a := newAuthenticator(t, testConfig())
	k := keys()[ES256]
	good := forge(k, head(k), payload("jti", ""))
	at := strings.LastIndexByte(good, '.') + 1
	signature := must(strict.DecodeString(good[at:]))
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(private()[ES256].(*ecdsa.PrivateKey).Params().N, s).FillBytes(signature[32:])
	other := good[:at] + strict.EncodeToString(signature)

	first, err := a.Authenticate(patience(t), Credentials{Token: good})
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Authenticate(patience(t), Credentials{Token: other})
	if err != nil || other == good || second.TokenID != first.TokenID || !strings.HasPrefix(first.TokenID, "sha256:") {
		t.Errorf("the token ids are %q and %q, %v", first.TokenID, second.TokenID, err)
	}
}

package webhook

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	// The example of the Standard Webhooks libraries.
	exampleSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleBody   = `{"test": 2432232314}`
	exampleSigned = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var exampleTime = time.Unix(1614265330, 0)

func verifier(t *testing.T, now time.Time, secrets ...string) *Verifier {
	t.Helper()
	v, err := NewVerifier(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	v.now = func() time.Time { return now }
	return v
}

func secret(t *testing.T, text string) Secret {
	t.Helper()
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shared(fill byte) string {
	return sharedPrefix + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(fill), 32)))
}

func TestASignatureIsThatOfStandardWebhooks(t *testing.T) {
	h := http.Header{}
	Sign(h, exampleID, exampleTime, []byte(exampleBody), secret(t, exampleSecret))
	if got := h.Get(HeaderSignature); got != exampleSigned {
		t.Errorf("the signature is %s, want %s", got, exampleSigned)
	}
	if h.Get(HeaderID) != exampleID || h.Get(HeaderTimestamp) != "1614265330" {
		t.Errorf("the headers are %v", h)
	}
	if err := verifier(t, exampleTime, exampleSecret).Verify(h, []byte(exampleBody)); err != nil {
		t.Error(err)
	}
}

func TestWhileASecretIsReplacedBothCount(t *testing.T) {
	h := http.Header{}
	Sign(h, "1", exampleTime, []byte("body"), secret(t, shared('n')), secret(t, shared('o')))
	for name, v := range map[string]*Verifier{
		"the old one":     verifier(t, exampleTime, shared('o')),
		"the new one":     verifier(t, exampleTime, shared('n')),
		"one of two":      verifier(t, exampleTime, shared('x'), shared('o')),
		"a library's way": verifier(t, exampleTime.Add(time.Minute), shared('n'), shared('o')),
	} {
		if err := v.Verify(h, []byte("body")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := verifier(t, exampleTime, shared('x')).Verify(h, []byte("body")); !errors.Is(err, ErrSignature) {
		t.Errorf("with another secret: %v", err)
	}
}

func TestWhoHasThePublicKeyCanCheckAndNotSign(t *testing.T) {
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", ed25519.SeedSize)))
	public := publicPrefix + base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	signer := secret(t, privatePrefix+base64.StdEncoding.EncodeToString(private))
	h := http.Header{}
	Sign(h, "1", exampleTime, []byte("body"), signer)
	if !strings.HasPrefix(h.Get(HeaderSignature), "v1a,") {
		t.Errorf("the signature is %s", h.Get(HeaderSignature))
	}
	if err := verifier(t, exampleTime, public).Verify(h, []byte("body")); err != nil {
		t.Error(err)
	}
	if secret(t, public).CanSign() || !signer.CanSign() {
		t.Error("it is not the private key alone that can sign")
	}
}

func TestWhatWasChangedOnTheWayIsNotTaken(t *testing.T) {
	for name, change := range map[string]func(http.Header, *string){
		"the body":      func(_ http.Header, body *string) { *body += " " },
		"the id":        func(h http.Header, _ *string) { h.Set(HeaderID, "other") },
		"the time":      func(h http.Header, _ *string) { h.Set(HeaderTimestamp, "1614265331") },
		"the signature": func(h http.Header, _ *string) { h.Set(HeaderSignature, "v1,"+strings.Repeat("A", 43)+"=") },
		"its version":   func(h http.Header, _ *string) { h.Set(HeaderSignature, "v2"+exampleSigned[2:]) },
		"half of it":    func(h http.Header, _ *string) { h.Set(HeaderSignature, exampleSigned[:20]) },
		"too many":      func(h http.Header, _ *string) { h.Set(HeaderSignature, strings.Repeat("v1,x ", 20)+exampleSigned) },
	} {
		h, body := http.Header{}, exampleBody
		Sign(h, exampleID, exampleTime, []byte(body), secret(t, exampleSecret))
		change(h, &body)
		if err := verifier(t, exampleTime, exampleSecret).Verify(h, []byte(body)); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARequestCountsForFiveMinutes(t *testing.T) {
	h := http.Header{}
	Sign(h, exampleID, exampleTime, []byte(exampleBody), secret(t, exampleSecret))
	for off, want := range map[time.Duration]error{
		-Tolerance: nil, Tolerance: nil, Tolerance + time.Second: ErrTime, -Tolerance - time.Second: ErrTime,
	} {
		if err := verifier(t, exampleTime.Add(off), exampleSecret).Verify(h, []byte(exampleBody)); !errors.Is(err, want) {
			t.Errorf("%s later: %v, want %v", off, err, want)
		}
	}
	h.Set(HeaderTimestamp, "soon")
	if err := verifier(t, exampleTime, exampleSecret).Verify(h, nil); !errors.Is(err, ErrTime) {
		t.Errorf("a time that is none: %v", err)
	}
	for _, missing := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		without := h.Clone()
		without.Del(missing)
		if err := verifier(t, exampleTime, exampleSecret).Verify(without, nil); !errors.Is(err, ErrUnsigned) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

func TestTheBodyOfARequestIsReadWithinBounds(t *testing.T) {
	request := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
		Sign(r.Header, exampleID, exampleTime, []byte(body), secret(t, exampleSecret))
		return r
	}
	v := verifier(t, exampleTime, exampleSecret)
	if body, err := v.Read(request(exampleBody)); err != nil || string(body) != exampleBody {
		t.Errorf("Read = %q, %v", body, err)
	}
	if _, err := v.Read(request(strings.Repeat("x", MaxBodyBytes+1))); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("of a huge body it says %v", err)
	}
}

func TestASecretThatIsNoneIsRefusedAndNotRepeated(t *testing.T) {
	for text, reason := range map[string]string{
		"":                         "openssl",
		"hunter2hunter2hunter2":    "openssl",
		"whsec_hunter2 hunter2":    "base64",
		"whsec_aHVudGVyMg==":       "has 7 bytes",
		"whsk_aHVudGVyMg==":        "has 7 bytes",
		"whpk_aHVudGVyMg==":        "has 7 bytes",
		"whpriv_aHVudGVyMg==":      "openssl",
		privatePrefix + mismatched: "does not go with",
	} {
		_, err := ParseSecret(text)
		if err == nil || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("of %q it says %v, want something with %q", text, err, reason)
		}
	}
	if _, err := NewVerifier(); err == nil {
		t.Error("a verifier without a secret takes nothing, and says nothing")
	}
	if _, err := NewVerifier("whsec_"); err == nil {
		t.Error("a verifier takes an empty secret")
	}
}

var mismatched = base64.StdEncoding.EncodeToString(make([]byte, ed25519.PrivateKeySize))

func TestASecretIsNotPrinted(t *testing.T) {
	s := secret(t, shared('h'))
	for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%#v", s), fmt.Sprintf("%+v", s), s.LogValue().String()} {
		if printed != "(secret)" {
			t.Errorf("it prints %s", printed)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(exampleID, "1614265330", exampleSigned, exampleBody)
	f.Add("", "-1", "v1, v1a, ,", "")
	f.Fuzz(func(t *testing.T, id, seconds, signature, body string) {
		v := verifier(t, exampleTime, exampleSecret)
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {seconds}, HeaderSignature: {signature}}
		if v.Verify(h, []byte(body)) == nil && !strings.Contains(signature, secret(t, exampleSecret).sign(signed(id, seconds, []byte(body)))) {
			t.Errorf("it takes %q of %q, %q, %q", signature, id, seconds, body)
		}
	})
}

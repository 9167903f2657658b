package auth

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// telltale is how much of a token may not be found anywhere, in bytes: what is shorter is no help.
const telltale = 12

// leaks returns a part of a token or an API key that a text repeats, or "".
func leaks(text, credential string) string {
	for part := range strings.SplitSeq(credential, ".") {
		for at := 0; at+telltale <= len(part); at++ {
			if strings.Contains(text, part[at:at+telltale]) {
				return part[at : at+telltale]
			}
		}
	}
	return ""
}

func TestNothingThatIsToldHoldsATokenOrASecret(t *testing.T) {
	key, known := newAPIKey(t, "backend", nil)
	other, _ := newAPIKey(t, "other", nil)
	c := testConfig()
	c.APIKeys = []APIKey{known}
	c.Revoked = NewRevocations(nil, 0, nil)
	var log bytes.Buffer
	c.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a := newAuthenticator(t, c)

	good := forge(keys()[HS256], head(keys()[HS256]), payload())
	credentials := []string{good, key, other, key + "x", good + "\n", strings.ToUpper(good), "a" + good, "." + good, good[:len(good)/2]}
	for _, list := range [][]hostile{forms(), headers(), signatures(), statements()} {
		for _, h := range list {
			if h.name != "17 KiB" && h.name != "an alg that is long" { // they are one letter again and again
				credentials = append(credentials, h.token)
			}
		}
	}
	text, structured := slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))
	for _, credential := range credentials {
		shown := Credentials{Token: credential}
		id, err := a.Authenticate(patience(t), shown)
		found, foundErr := FromRequest(request("", "Authorization", "Bearer "+credential, "X-API-Key", credential), Sources{})
		for _, l := range []*slog.Logger{text, structured} {
			l.Info("seen", "error", err, "other", foundErr, "credentials", shown, "found", found, "who", id)
		}
		fmt.Fprintf(&log, "%v %+v %#v %v %+v %#v %v %v %+v\n", shown, shown, shown, found, found, found, err, foundErr, id)
	}
	if strings.Contains(log.String(), testSecret) {
		t.Error("the secret is told")
	}
	for _, credential := range credentials {
		credential = strings.TrimPrefix(credential, known.tokenID()) // which is not secret
		if part := leaks(log.String(), credential); part != "" {
			t.Errorf("%q is told", part)
			if at := strings.Index(log.String(), part); at >= 0 {
				t.Logf("… %s …", log.String()[max(0, at-200):min(log.Len(), at+100)])
			}
		}
	}
}

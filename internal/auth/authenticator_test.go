package auth

import (
	"testing"
	"time"
)

func TestATokenOfEachKindSaysWhoSomebodyIs(t *testing.T) {
	a := newAuthenticator(t, testConfig())
	for algorithm, key := range keys() {
		c := goodClaims()
		got, err := a.Authenticate(patience(t), Credentials{Token: must(key.Sign(c))})
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		if got.User != "ada" || got.Server || got.TokenID != "t1" || got.By != `key "`+key.ID()+`"` || got.Anonymous() {
			t.Errorf("%s: got %+v", algorithm, got)
		}
		if got.Issued.Unix() != c.Issued.Unix() || got.Expires.Unix() != c.Expires.Add(30*time.Second).Unix() {
			t.Errorf("%s: issued %s, expires %s", algorithm, got.Issued, got.Expires)
		}
		if !got.Grants.Allows(Publish, "chat/lobby") || got.Grants.Allows(Subscribe, "news") {
			t.Errorf("%s: the grants are %v", algorithm, got.Grants.Claim())
		}
	}
}

func TestWithoutCredentialsSomebodyIsAnonymous(t *testing.T) {
	got, err := newAuthenticator(t, testConfig()).Authenticate(patience(t), Credentials{})
	if err != nil || !got.Anonymous() || !got.Grants.None() {
		t.Errorf("got %+v, %v", got, err)
	}
}

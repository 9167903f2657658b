package auth

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestATokenThatWasGoodIsRememberedUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthenticator(t, testConfig())
		token := must(keys()[EdDSA].Sign(goodClaims()))
		for range 2 {
			got, err := a.Authenticate(t.Context(), Credentials{Token: token})
			if err != nil || got.User != "ada" || got.By != `key "d"` || !got.Grants.Allows(Publish, "chat/lobby") {
				t.Errorf("got %+v, %v", got, err)
			}
		}
		if len(a.cache.young) != 1 {
			t.Errorf("%d are remembered", len(a.cache.young))
		}
		expires := goodClaims().Expires.Add(30 * time.Second)
		time.Sleep(time.Until(expires))
		_, err := a.Authenticate(t.Context(), Credentials{Token: token})
		wantRefused(t, err, TokenExpired, CheckExpiry, "the token expired at "+expires.Add(-30*time.Second).UTC().Format(time.RFC3339)+"; get a new one")
	})
}

func TestATokenIsNotRememberedForLongerThanItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Minute}
		l.rotate("one")
		a := l.authenticator(t, nil)
		defer a.Close()
		token := l.token()
		l.wantIn(t, a, token)
		l.rotate("two")
		l.wantIn(t, a, token)
		time.Sleep(2 * time.Minute)
		_, err := a.Authenticate(t.Context(), Credentials{Token: token})
		wantRefused(t, err, Unauthorized, CheckKey, unknownKey)
	})
}

func TestATokenThatWasRefusedIsNotRemembered(t *testing.T) {
	a := newAuthenticator(t, testConfig())
	for _, h := range signatures() {
		if _, err := a.Authenticate(patience(t), Credentials{Token: h.token}); err == nil {
			t.Errorf("%s: let in", h.name)
		}
	}
	if len(a.cache.young) != 0 {
		t.Errorf("%d are remembered", len(a.cache.young))
	}
}

func TestWhatIsRememberedIsBoundedAndWhatIsInUseIsKept(t *testing.T) {
	c := newCache()
	used := sha256.Sum256([]byte("used"))
	c.put(used, accepted{id: &Identity{}})
	for i := range 10 * maxGeneration {
		c.put(sha256.Sum256(fmt.Append(nil, i)), accepted{id: &Identity{}})
		if i%1000 == 0 {
			if _, ok := c.get(used, time.Now()); !ok {
				t.Fatal("what is in use is forgotten")
			}
		}
	}
	if n := len(c.young) + len(c.old); n > 2*maxGeneration {
		t.Errorf("%d are remembered", n)
	}
	if _, ok := c.get(sha256.Sum256([]byte("0")), time.Now()); ok {
		t.Error("what was not seen again is remembered")
	}
}

package auth

import (
	"strconv"
	"strings"
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

func TestRevocationsAreKeptForAsLongAsTokensCount(t *testing.T) {
	for want, c := range map[time.Duration]Config{
		time.Hour + time.Minute: {MaxLifetime: time.Hour, Leeway: 30 * time.Second},
		0:                       {MaxLifetime: time.Hour, MayLast: true},
	} {
		if got := c.Keep(); got != want {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
	}
	if got := (&Config{Leeway: time.Second}).Keep(); got != 0 {
		t.Errorf("without a bound it is %s", got)
	}
}

func TestACertificateSaysWhoSomebodyIs(t *testing.T) {
	a := newAuthenticator(t, testConfig())
	got, err := a.Authenticate(patience(t), Credentials{Certificate: "sensor-7"})
	if err != nil || got.User != "sensor-7" || got.By != "certificate" || !got.Grants.None() || got.Anonymous() {
		t.Errorf("got %+v, %v", got, err)
	}
	token := must(keys()[HS256].Sign(goodClaims()))
	if got, err = a.Authenticate(patience(t), Credentials{Certificate: "sensor-7", Token: token}); err != nil || got.User != "ada" {
		t.Errorf("with a token: got %+v, %v", got, err)
	}
	_, err = a.Authenticate(patience(t), Credentials{Certificate: "sensor-7", Token: "x.y.z"})
	wantRefused(t, err, Unauthorized, CheckForm, badForm)
	_, err = a.Authenticate(patience(t), Credentials{Certificate: "sensor\n7"})
	wantRefused(t, err, Unauthorized, CheckUser, "the certificate's name has a control character, or is longer than 255 bytes; get another certificate")
}

func TestWhatServersDemandOfTokensCanBeLess(t *testing.T) {
	k := keys()[HS256]
	a := newAuthenticator(t, Config{Keys: []Key{k}, MayLast: true})
	got, err := a.Authenticate(patience(t), Credentials{Token: forge(k, head(k), `{"sub":"ada"}`)})
	if err != nil || !got.Expires.IsZero() || !got.Issued.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestATokenMayNotCountForLongerThanTheServerWants(t *testing.T) {
	c := testConfig()
	c.MaxLifetime = time.Hour
	k := keys()[HS256]
	a := newAuthenticator(t, c)
	now := time.Now()
	for name, test := range map[string]struct {
		iat, exp string
		message  string
	}{
		"an hour":           {unix(now), unix(now.Add(time.Hour)), ""},
		"more":              {unix(now), unix(now.Add(time.Hour + time.Second)), "the token counts for 1h0m1s (from iat to exp), and may count for 1h0m0s; get one for a shorter time"},
		"more, mostly over": {unix(now.Add(-time.Hour)), unix(now.Add(time.Minute)), "the token counts for 1h1m0s (from iat to exp), and may count for 1h0m0s; get one for a shorter time"},
		"nobody knows":      {"", unix(now.Add(time.Minute)), "the token does not say when it was issued (iat); get one that does"},
	} {
		_, err := a.Authenticate(patience(t), Credentials{Token: forge(k, head(k), payload("iat", test.iat, "exp", test.exp))})
		if test.message == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if test.message != "" {
			wantRefused(t, err, Unauthorized, CheckLifetime, test.message)
		}
	}
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func TestClocksMayDifferByTheLeeway(t *testing.T) {
	k := keys()[HS256]
	a := newAuthenticator(t, testConfig())
	now := time.Now()
	for name, claims := range map[string]string{
		"expired just now":       payload("exp", unix(now.Add(-20*time.Second))),
		"issued soon":            payload("iat", unix(now.Add(20*time.Second))),
		"counts soon":            payload("nbf", unix(now.Add(20*time.Second))),
		"with parts of a second": payload("nbf", unix(now)+".25", "exp", unix(now.Add(time.Hour))+".75"),
	} {
		got, err := a.Authenticate(patience(t), Credentials{Token: forge(k, head(k), claims)})
		if err != nil || !got.Expires.After(now) {
			t.Errorf("%s: expires %s, %v", name, got.Expires, err)
		}
	}
}

func TestAmongKeysWithoutIDsTheRightOneIsFoundUpToABound(t *testing.T) {
	var all []Key
	for i := range maxTries + 1 {
		all = append(all, must(NewSecret("", []byte(strings.Repeat(string(rune('a'+i)), minSecretBytes)))))
	}
	a := newAuthenticator(t, Config{Keys: all})
	for i := range all {
		_, err := a.Authenticate(patience(t), Credentials{Token: must(all[i].Sign(goodClaims()))})
		if i < maxTries && err != nil {
			t.Errorf("key %d: %v", i, err)
		} else if i == maxTries {
			wantRefused(t, err, Unauthorized, CheckSignature, badSignature)
		}
	}
}

func TestAKeyWithTheIDOfTheTokenGoesBeforeThoseWithout(t *testing.T) {
	named, nameless := keys()[HS256], must(NewSecret("", []byte(strings.Repeat("x", minSecretBytes))))
	a := newAuthenticator(t, Config{Keys: []Key{nameless, named}})
	for name, test := range map[string]struct {
		token string
		by    string
	}{
		"its own key":         {forge(named, `{"alg":"HS256","kid":"h"}`, payload()), `key "h"`},
		"an id that is none":  {forge(nameless, `{"alg":"HS256","kid":"x"}`, payload()), "key without an id"},
		"no id":               {forge(named, `{"alg":"HS256"}`, payload()), `key "h"`},
		"no id, the nameless": {forge(nameless, `{"alg":"HS256"}`, payload()), "key without an id"},
	} {
		if got, err := a.Authenticate(patience(t), Credentials{Token: test.token}); err != nil || got.By != test.by {
			t.Errorf("%s: by %s, %v", name, got.By, err)
		}
	}
	_, err := a.Authenticate(patience(t), Credentials{Token: forge(nameless, `{"alg":"HS256","kid":"h"}`, payload())})
	wantRefused(t, err, Unauthorized, CheckSignature, badSignature)
}

func TestInfoIsTextOrJSON(t *testing.T) {
	k := keys()[HS256]
	a := newAuthenticator(t, testConfig())
	for claim, want := range map[string]string{
		`"Ada \u00e9"`:                        "Ada é",
		`{"a": [1, 2]}`:                       `{"a":[1,2]}`,
		`null`:                                "",
		`17`:                                  "17",
		``:                                    "",
		`"` + strings.Repeat("a", 1024) + `"`: strings.Repeat("a", 1024),
	} {
		got, err := a.Authenticate(patience(t), Credentials{Token: forge(k, head(k), payload("info", claim))})
		if err != nil || got.Info != want {
			t.Errorf("%.40s is %.40q, %v", claim, got.Info, err)
		}
	}
}

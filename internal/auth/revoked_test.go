package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func revoke(t testing.TB, rs *Revocations, r Revocation) {
	t.Helper()
	if err := rs.Revoke(patience(t), r); err != nil {
		t.Fatal(err)
	}
}

func TestARevocationIsForWhomItNames(t *testing.T) {
	now := time.Now()
	rs := NewRevocations(nil, time.Hour, nil)
	revoke(t, rs, Revocation{User: "ada"})
	revoke(t, rs, Revocation{TokenID: "t7"})
	revoke(t, rs, Revocation{Session: "s8"})
	for name, test := range map[string]struct {
		id      Identity
		session string
		want    bool
	}{
		"the user":                         {Identity{User: "ada", TokenID: "t1", Issued: now.Add(-time.Minute)}, "s1", true},
		"the user with a newer token":      {Identity{User: "ada", TokenID: "t1", Issued: now.Add(time.Minute)}, "s1", false},
		"the user with an undated token":   {Identity{User: "ada", TokenID: "t1"}, "s1", true},
		"another user":                     {Identity{User: "bob", TokenID: "t1", Issued: now.Add(-time.Minute)}, "s1", false},
		"a user of the token's name":       {Identity{User: "t7", TokenID: "t1"}, "s1", false},
		"the token":                        {Identity{User: "bob", TokenID: "t7", Issued: now.Add(time.Minute)}, "s1", true},
		"the session":                      {Identity{User: "bob", TokenID: "t1"}, "s8", true},
		"the session of an anonymous user": {Identity{}, "s8", true},
		"an anonymous user":                {Identity{}, "", false},
	} {
		if got := rs.Revoked(&test.id, test.session); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

func TestWhatCannotBeMeantIsNotRevoked(t *testing.T) {
	rs := NewRevocations(nil, time.Hour, nil)
	for want, r := range map[string]Revocation{
		"a revocation is of one user, one token or one session; name exactly one":    {},
		"a time of issue is for the revocation of a user; leave it out":              {TokenID: "t", IssuedBefore: time.Now()},
		"the name in the revocation is longer than any that there is; correct it":    {Session: strings.Repeat("x", 65)},
		"a revocation is of one user, one token or one session; name exactly one\n2": {User: "a", TokenID: "b"},
	} {
		want, _, _ = strings.Cut(want, "\n")
		if err := rs.Revoke(patience(t), r); text(err) != want {
			t.Errorf("%+v says\n  %v\nwant\n  %s", r, err, want)
		}
	}
	if len(rs.all) != 0 {
		t.Errorf("%d are in force", len(rs.all))
	}
}

func TestARevocationIsForgottenWhenWhatItTookBackHasExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rs := NewRevocations(nil, time.Hour, nil)
		revoke(t, rs, Revocation{TokenID: "t1"})
		revoke(t, rs, Revocation{TokenID: "t2", Until: time.Now().Add(time.Minute)})
		for i := range 2*leastSweep - 2 {
			revoke(t, rs, Revocation{Session: fmt.Sprint(i), Until: time.Now().Add(time.Minute)})
		}
		time.Sleep(time.Hour - time.Nanosecond)
		if !rs.Revoked(&Identity{TokenID: "t1"}, "") || rs.Revoked(&Identity{TokenID: "t2"}, "") {
			t.Error("not what counts for an hour is in force")
		}
		revoke(t, rs, Revocation{TokenID: "t3"}) // sweeps
		if len(rs.all) != 2 {
			t.Errorf("%d are remembered", len(rs.all))
		}
		time.Sleep(time.Nanosecond)
		if rs.Revoked(&Identity{TokenID: "t1"}, "") {
			t.Error("it is in force for longer than the token")
		}
		revoke(t, rs, Revocation{TokenID: "hfk_aaaaaaaa"})
		time.Sleep(20 * 365 * 24 * time.Hour)
		if !rs.Revoked(&Identity{Server: true, TokenID: "hfk_aaaaaaaa"}, "") {
			t.Error("an API key counts again")
		}
		forever := NewRevocations(nil, 0, nil)
		revoke(t, forever, Revocation{TokenID: "t1"})
		time.Sleep(20 * 365 * 24 * time.Hour)
		if !forever.Revoked(&Identity{TokenID: "t1"}, "") {
			t.Error("a token that does not expire counts again")
		}
	})
}

func TestRevocationsAreBounded(t *testing.T) {
	rs := NewRevocations(nil, time.Hour, nil)
	for i := range maxRevocations {
		rs.take(Revocation{Session: fmt.Sprint(i), Until: time.Now().Add(time.Hour)})
	}
	want := "there are 100000 revocations, and no more are remembered; revoke by user, or replace the key that tokens are signed with"
	if err := rs.Revoke(patience(t), Revocation{TokenID: "t1"}); text(err) != want {
		t.Errorf("it says %v", err)
	}
	if rs.Revoked(&Identity{TokenID: "t1"}, "") {
		t.Error("what was refused is in force")
	}
	revoke(t, rs, Revocation{Session: "7", Until: time.Now().Add(2 * time.Hour)}) // is there already
}

func TestWhoWatchesIsToldOnceOfWhatIsNew(t *testing.T) {
	rs := NewRevocations(nil, time.Hour, nil)
	var told []string
	stop := rs.Watch(func(r Revocation) {
		if !rs.Revoked(&Identity{TokenID: r.TokenID, User: r.User}, r.Session) {
			t.Errorf("%s is told before it is in force", r.key())
		}
		told = append(told, r.key())
	})
	before := time.Now()
	until := before.Add(time.Hour)
	revoke(t, rs, Revocation{User: "ada", IssuedBefore: before, Until: until})
	revoke(t, rs, Revocation{User: "ada", IssuedBefore: before, Until: until})
	revoke(t, rs, Revocation{User: "ada", IssuedBefore: before.Add(-time.Hour), Until: until})
	revoke(t, rs, Revocation{User: "ada", IssuedBefore: before.Add(time.Second), Until: until})
	revoke(t, rs, Revocation{TokenID: "t1"})
	stop()
	revoke(t, rs, Revocation{TokenID: "t2"})
	if want := []string{"user ada", "user ada", "token t1"}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
}

func TestARevokedTokenIsRefused(t *testing.T) {
	c := testConfig()
	c.Revoked = NewRevocations(nil, time.Hour, nil)
	a := newAuthenticator(t, c)
	token := must(keys()[HS256].Sign(goodClaims()))
	if _, err := a.Authenticate(patience(t), Credentials{Token: token}); err != nil {
		t.Fatal(err)
	}
	revoke(t, c.Revoked, Revocation{TokenID: "t1"})
	_, err := a.Authenticate(patience(t), Credentials{Token: token})
	wantRefused(t, err, Unauthorized, CheckRevoked, "the token has been revoked; get another one")

	revoke(t, c.Revoked, Revocation{User: "bob"})
	_, err = a.Authenticate(patience(t), Credentials{Certificate: "bob"})
	wantRefused(t, err, Unauthorized, CheckRevoked, "the certificate has been revoked; get another one")
}

func BenchmarkRevoked(b *testing.B) {
	rs := NewRevocations(nil, time.Hour, nil)
	for i := range 10_000 {
		rs.take(Revocation{TokenID: fmt.Sprint(i), Until: time.Now().Add(time.Hour)})
	}
	id := &Identity{User: "ada", TokenID: "none"}
	b.ReportAllocs()
	for b.Loop() {
		rs.Revoked(id, "s1")
	}
}

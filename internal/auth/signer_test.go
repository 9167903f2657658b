package auth

import (
	"testing"
	"time"
)

func TestASignerMakesTokensThatTheServerTakes(t *testing.T) {
	secret, err := NewSecret("k", []byte("a secret of more than thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Keys: []Key{secret}, Issuers: []string{"https://a.example", "b"}, Audiences: []string{"holdfast"}}
	a, s := newAuthenticator(t, c), c.Signer()
	if !s.Signs() {
		t.Fatal("it signs nothing")
	}
	now := time.Now()
	claims := s.Complete(Claims{User: "ada", Issued: now, Expires: now.Add(time.Hour)})
	token, err := s.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	who, err := a.Authenticate(patience(t), Credentials{Token: token})
	if err != nil || who.User != "ada" || who.TokenID != claims.TokenID || who.TokenID == "" {
		t.Errorf("%+v, %v", who, err)
	}
	if own := s.Complete(Claims{Issuer: "b", Audience: "x", TokenID: "t"}); own.Issuer != "b" || own.Audience != "x" || own.TokenID != "t" {
		t.Errorf("what is said already is changed: %+v", own)
	}
	if none := new(Config).Signer(); none.Signs() {
		t.Error("without a key it signs")
	}
}

func TestGrantsCoverThoseThatAreNoWider(t *testing.T) {
	grants := func(claim map[string]string) Grants {
		g, err := NewGrants(claim, "ada")
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	mine := grants(map[string]string{"chat/#": "rwp", "log/+": "h"})
	for _, test := range []struct {
		claim   map[string]string
		without string
	}{
		{nil, ""},
		{map[string]string{"chat/#": "rwp"}, ""},
		{map[string]string{"chat/{user}": "h", "log/a": "h"}, ""},
		{map[string]string{"log/a": "r"}, "log/a=r"},
		{map[string]string{"#": "w"}, "#=w"},
		{map[string]string{"chat/a": "r", "news": "p"}, "news=p"},
	} {
		if without, ok := mine.Covers(grants(test.claim)); without != test.without || ok != (test.without == "") {
			t.Errorf("%v: without %q, %v", test.claim, without, ok)
		}
	}
}

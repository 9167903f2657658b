package auth

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newAPIKey returns a key and what a server knows of it.
func newAPIKey(t testing.TB, name string, grants map[string]string) (string, APIKey) {
	t.Helper()
	key, id, hash := NewAPIKey()
	known, err := ParseAPIKey(name, id, hash, grants, false)
	if err != nil {
		t.Fatal(err)
	}
	return key, known
}

func TestAServerComesInWithItsAPIKey(t *testing.T) {
	key, known := newAPIKey(t, "backend", map[string]string{"chat/#": "rw"})
	_, other := newAPIKey(t, "other", map[string]string{"#": "rwp"})
	a := newAuthenticator(t, Config{APIKeys: []APIKey{other, known}})
	for name, c := range map[string]Credentials{"as a key": {APIKey: key}, "as a token": {Token: key}} {
		got, err := a.Authenticate(patience(t), c)
		if err != nil {
			t.Fatal(name, err)
		}
		if !got.Server || got.User != "" || got.Anonymous() || got.By != `API key "backend"` || !got.Expires.IsZero() {
			t.Errorf("%s: got %+v", name, got)
		}
		if !got.Grants.Allows(Publish, "chat/lobby") || got.Grants.Allows(Publish, "news") {
			t.Errorf("%s: the grants are %v", name, got.Grants.Claim())
		}
		if got.TokenID == "" || !strings.HasPrefix(key, got.TokenID+"_") {
			t.Errorf("%s: the key is revoked by %q", name, got.TokenID)
		}
	}
}

func TestAPIKeysThatAreNotKnownAreRefused(t *testing.T) {
	key, known := newAPIKey(t, "backend", nil)
	other, _ := newAPIKey(t, "other", nil)
	a := newAuthenticator(t, Config{APIKeys: []APIKey{known}})
	const (
		unknown    = "the API key is not known to this server; use one that is in its configuration"
		incomplete = "the API key is incomplete, or none; send the whole key, which begins with hfk_"
	)
	last := "a"
	if strings.HasSuffix(key, "a") {
		last = "q"
	}
	for name, test := range map[string]struct{ key, message string }{
		"of another server":         {other, unknown},
		"with a changed secret":     {key[:len(key)-1] + last, unknown},
		"with the id of a good one": {known.tokenID() + other[len(known.tokenID()):], unknown},
		"in capitals":               {strings.ToUpper(key), unknown},
		"with zeros":                {apiKeyPrefix + strings.Repeat("a", 8) + "_" + strings.Repeat("a", 52), unknown},
		"without its secret":        {known.tokenID() + "_", incomplete},
		"with something behind it":  {key + "a", incomplete},
		"that is a prefix alone":    {apiKeyPrefix, incomplete},
		"of a megabyte":             {apiKeyPrefix + strings.Repeat("a", 1<<20), incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.Authenticate(patience(t), Credentials{APIKey: test.key})
			wantRefused(t, err, Unauthorized, CheckAPIKey, test.message)
		})
	}
}

func TestATokenAndAnAPIKeyAreOneTooMany(t *testing.T) {
	key, known := newAPIKey(t, "backend", nil)
	a := newAuthenticator(t, Config{APIKeys: []APIKey{known}})
	_, err := a.Authenticate(patience(t), Credentials{Token: key, APIKey: key})
	wantRefused(t, err, Unauthorized, CheckCredentials, "there is a token, and an API key as well; send one of them")
}

func TestTheSecretOfAnAPIKeyIsNotInWhatTheServerKnows(t *testing.T) {
	key, id, hash := NewAPIKey()
	if secret := key[len(apiKeyPrefix)+len(id)+1:]; len(secret) != 52 || strings.Contains(hash, secret) || len(hash) != 64 || len(id) != 8 {
		t.Errorf("the key %q has the id %q and the hash %q", key, id, hash)
	}
	again, _, _ := NewAPIKey()
	if again == key {
		t.Error("two keys are the same")
	}
}

func TestAnAPIKeyManagesOnlyIfItIsMadeTo(t *testing.T) {
	key, id, hash := NewAPIKey()
	for _, manage := range []bool{false, true} {
		known, err := ParseAPIKey("n", id, hash, nil, manage)
		if err != nil {
			t.Fatal(err)
		}
		who, err := newAuthenticator(t, Config{APIKeys: []APIKey{known}}).Authenticate(patience(t), Credentials{APIKey: key})
		if err != nil || who.Manage != manage {
			t.Errorf("made with %v: %+v, %v", manage, who, err)
		}
	}
}

func TestAnAPIKeyInAFileIsMadeOnceForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.key")
	key, known, err := OpenAPIKey(path, "dev", map[string]string{"#": "rw"})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again, _, err := OpenAPIKey(path, "dev", nil)
	if err != nil || again != key {
		t.Errorf("the second time it is another: %v", err)
	}
	who, err := newAuthenticator(t, Config{APIKeys: []APIKey{known}}).Authenticate(patience(t), Credentials{Token: key})
	if err != nil || !who.Server || !who.Manage || !who.Grants.Allows(Publish, "a") {
		t.Errorf("%+v, %v", who, err)
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenAPIKey(path, "dev", nil); err == nil || !strings.Contains(err.Error(), "remove it to get a new one") {
		t.Errorf("of a file with nonsense: %v", err)
	}
}

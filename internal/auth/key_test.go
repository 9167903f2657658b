package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestKeyFilesOfEveryKindAreRead(t *testing.T) {
	p := private()
	r, e := p[RS256].(*rsa.PrivateKey), p[ES256].(*ecdsa.PrivateKey)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	for name, test := range map[string]struct {
		text  string
		given Algorithm
		want  Algorithm
		signs bool
	}{
		"a secret":            {testSecret + "\n", HS256, HS256, true},
		"PKIX, RSA":           {inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(r.Public()))), "", RS256, false},
		"PKIX, ECDSA":         {inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(e.Public()))), ES256, ES256, false},
		"PKIX, Ed25519":       {inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(p[EdDSA].Public()))), "", EdDSA, false},
		"PKCS 1":              {inPEM("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&r.PublicKey)), "", RS256, false},
		"a certificate":       {inPEM("CERTIFICATE", must(x509.CreateCertificate(rand.Reader, cert, cert, e.Public(), e))), "", ES256, false},
		"PKCS 8":              {inPEM("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p[EdDSA]))), EdDSA, EdDSA, true},
		"PKCS 1, private":     {inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)), "", RS256, true},
		"SEC 1":               {inPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(e))), "", ES256, true},
		"with parameters":     {inPEM("EC PARAMETERS", []byte{6, 0}) + inPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(e))), "", ES256, true},
		"with words before":   {"\n-----BEGIN PUBLIC KEY-----" + strings.TrimPrefix(inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(e.Public()))), "-----BEGIN PUBLIC KEY-----"), "", ES256, false},
		"with Windows' lines": {strings.ReplaceAll(inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(e.Public()))), "\n", "\r\n"), "", ES256, false},
	} {
		k, err := ParseKey("id", test.given, []byte(test.text))
		if err != nil || k.Algorithm() != test.want || k.CanSign() != test.signs || k.ID() != "id" {
			t.Errorf("%s: got %v, signs %t, %v", name, k, k.CanSign(), err)
			continue
		}
		if test.signs {
			token := must(k.Sign(goodClaims()))
			if _, err := newAuthenticator(t, Config{Keys: []Key{k}}).Authenticate(patience(t), Credentials{Token: token}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if _, err := k.Sign(goodClaims()); text(err) != "the key is a public one, which can't sign; use the private key" {
			t.Errorf("%s: signing says %v", name, err)
		}
	}
}

func TestKeyFilesThatAreNoneAreRefusedWithWhatToDo(t *testing.T) {
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	e := private()[ES256]
	public := inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(e.Public())))
	for name, test := range map[string]struct {
		text    string
		given   Algorithm
		message string
	}{
		"a short secret":         {"swordfish", HS256, "the secret has 9 bytes, and HS256 needs at least 32; make one with: openssl rand -base64 48"},
		"a secret without HS256": {testSecret, "", `it is not PEM, which begins with "-----BEGIN"; if it is a secret, write the algorithm HS256`},
		"a public key as HS256":  {public, HS256, "it is PEM, and so no secret of HS256; remove the algorithm, or write RS256, ES256 or EdDSA"},
		"of another algorithm":   {public, RS256, "it is a key of ES256, and not of RS256; correct the algorithm, or leave it out"},
		"RSA of 1024 bits":       {inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(weak.Public()))), "", "the RSA key has 1024 bits; use one of 2048 to 8192"},
		"private, 1024 bits":     {inPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak)), "", "the RSA key has 1024 bits; use one of 2048 to 8192"},
		"another curve":          {inPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(p384.Public()))), "", "the key is on the curve P-384; use P-256 (ES256)"},
		"with a password":        {inPEM("ENCRYPTED PRIVATE KEY", []byte("x")), "", "the key is encrypted with a password; decrypt it with: openssl pkey -in FILE"},
		"something else":         {inPEM("CERTIFICATE REQUEST", []byte("x")), "", `it is PEM of a "CERTIFICATE REQUEST"; give a public key, a certificate or a private key`},
		"broken":                 {inPEM("PRIVATE KEY", []byte("swordfish")), "", "the PRIVATE KEY in it is broken; make the file again"},
		"cut off":                {public[:len(public)-30], "", "it has no whole block of PEM with a key; look at its first and last lines"},
		"parameters alone":       {inPEM("EC PARAMETERS", []byte{6, 0}), "", "it has no whole block of PEM with a key; look at its first and last lines"},
	} {
		k, err := ParseKey("", test.given, []byte(test.text))
		if text(err) != test.message {
			t.Errorf("%s says\n  %v\nwant\n  %s", name, err, test.message)
		}
		if k.CanSign() {
			t.Errorf("%s: there is a key all the same", name)
		}
	}
	if _, err := NewSecret(strings.Repeat("x", 257), []byte(testSecret)); text(err) != "the key's id has 257 bytes, and may have 256; use a shorter one" {
		t.Errorf("a long id says %v", err)
	}
}

func TestRSAKeysThatAreNoneAreRefused(t *testing.T) {
	n := private()[RS256].Public().(*rsa.PublicKey).N
	for name, public := range map[string]*rsa.PublicKey{
		"exponent 1":      {N: n, E: 1},
		"an even one":     {N: n, E: 4},
		"an even modulus": {N: new(big.Int).Add(n, big.NewInt(1)), E: 65537},
		"16,384 bits":     {N: new(big.Int).Lsh(n, 16384-2048), E: 65537},
	} {
		if _, err := NewPublicKey("", public); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// TestKeysThatAnybodyCanSignForAreRefused first shows that there are such keys: with the neutral element as
// the key, one signature is good for every message.
func TestKeysThatAnybodyCanSignForAreRefused(t *testing.T) {
	neutral := make(ed25519.PublicKey, ed25519.PublicKeySize)
	neutral[0] = 1
	forged := append(append([]byte{}, neutral...), make([]byte, 32)...)
	if !ed25519.Verify(neutral, []byte("anything"), forged) {
		t.Error("this version of Go does not take such signatures any more")
	}
	for i, y := range smallOrders {
		for _, sign := range []byte{0, 0x80} {
			public := append(ed25519.PublicKey{}, y[:]...)
			public[31] |= sign
			if _, err := NewPublicKey("", public); text(err) != "the Ed25519 key is one that anybody can sign for; make another" {
				t.Errorf("point %d, sign %x: %v", i, sign, err)
			}
		}
	}
	if _, err := NewPublicKey("", ed25519.PublicKey("short")); err == nil {
		t.Error("a key that is too short is taken")
	}
}

func TestAKeyIsNotPrinted(t *testing.T) {
	k := keys()[HS256]
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{k, []Key{k}, struct{ K Key }{k}} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, testSecret) || strings.Contains(got, fmt.Sprint([]byte(testSecret))[1:20]) {
				t.Errorf("%s prints %s", format, got)
			}
		}
	}
}

func TestASecretIsMadeOnceForAllWhoOpenIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token.key")
	made := make([]Key, 8)
	var wait sync.WaitGroup
	for i := range made {
		wait.Go(func() { made[i] = must(OpenSecret(path)) })
	}
	wait.Wait()
	token := must(made[0].Sign(goodClaims()))
	for _, k := range append(made, must(OpenSecret(path))) {
		if _, err := newAuthenticator(t, Config{Keys: []Key{k}}).Authenticate(patience(t), Credentials{Token: token}); err != nil {
			t.Fatal(err)
		}
	}
	if left := must(os.ReadDir(filepath.Dir(path))); len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
	if info := must(os.Stat(path)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("it may be read by others: %s", info.Mode())
	}
}

func TestASecretThatIsNoneIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token.key")
	if err := os.WriteFile(path, []byte("swordfish"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := path + ": the secret has 9 bytes, and HS256 needs at least 32; make one with: openssl rand -base64 48; or remove it to get a new one, with which no old token counts"
	if _, err := OpenSecret(path); text(err) != want {
		t.Errorf("it says %v", err)
	}
	if _, err := OpenSecret(filepath.Join(path, "x")); err == nil {
		t.Error("a file is taken for a directory")
	}
}

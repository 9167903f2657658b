package auth

import (
	"context"
	"testing"
)

func BenchmarkAuthenticate(b *testing.B) {
	a := newAuthenticator(b, testConfig())
	for _, algorithm := range []Algorithm{HS256, RS256, ES256, EdDSA} {
		c := Credentials{Token: must(keys()[algorithm].Sign(goodClaims()))}
		b.Run(string(algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				clear(a.cache.young)
				if _, err := a.Authenticate(context.Background(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	c := Credentials{Token: must(keys()[ES256].Sign(goodClaims()))}
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := a.Authenticate(context.Background(), c); err != nil {
				b.Fatal(err)
			}
		}
	})
	key, known := newAPIKey(b, "backend", map[string]string{"#": "rw"})
	a = newAuthenticator(b, Config{APIKeys: []APIKey{known}})
	b.Run("API key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := a.Authenticate(context.Background(), Credentials{Token: key}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

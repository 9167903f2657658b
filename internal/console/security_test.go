package console

import (
	"net/http"
	"strings"
	"testing"
)

func TestEveryAnswerBearsTheSecurityHeaders(t *testing.T) {
	for _, res := range []*http.Response{
		get(t, "GET", "/"), get(t, "GET", "/favicon.svg"), get(t, "GET", "/none"), get(t, "POST", "/"),
	} {
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
				"connect-src 'self' ws://localhost:8443 wss://localhost:8443; base-uri 'none'; form-action 'none'; " +
				"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s of a %d:\n got %q\nwant %q", name, res.StatusCode, got, want)
			}
		}
	}
}

func TestAHostThatIsNoPlainHostStaysOutOfThePolicy(t *testing.T) {
	for _, host := range []string{
		"", ":8443", "a:", "a:b", "a:80:80", "[::1]:8443", "a;script-src *", "a b", "a,b", "a'b'", "*", "*.a", "a/b",
		"a\r\nb", "ü", "a@b", strings.Repeat("a", 256),
	} {
		if got := policy(host); !strings.Contains(got, "connect-src 'self';") {
			t.Errorf("with the host %q the policy is %q", host, got)
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1:8080", "chat.Example-1.org:443"} {
		if got := policy(host); !strings.Contains(got, "connect-src 'self' ws://"+host+" wss://"+host+";") {
			t.Errorf("with the host %q the policy is %q", host, got)
		}
	}
}

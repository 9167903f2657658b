package hooks

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/client/webhook"
)

// notPublic are addresses that a hook must not reach unless it is meant to, in all forms.
var notPublic = []string{
	"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
	"169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "192.0.2.1", "198.18.0.1",
	"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1",
	"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1", "3fff::1", "100::1",
	"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:10.0.0.1",
	"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:0:7f00:1::",
}

func TestOnlyAddressesOfThePublicInternetArePublic(t *testing.T) {
	for _, a := range notPublic {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s counts as public", a)
		}
	}
	for _, a := range []string{"1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"} {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s does not count as public", a)
		}
	}
}

func TestAConnectionIsRefusedByTheAddressThatItGoesTo(t *testing.T) {
	for _, a := range notPublic {
		at := net.JoinHostPort(a, "443")
		var refused *AddressError
		if err := control(publicOnly)("tcp", at, nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), "allow_private") {
			t.Errorf("to %s: %v", at, err)
		}
		if err := control(anywhere)("tcp", at, nil); err != nil {
			t.Errorf("to %s, where all are allowed: %v", at, err)
		}
	}
	for at, allowed := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "10.0.0.7:80": true, "[fd12::1]:80": true, "[::ffff:10.0.0.7]:80": true,
		"8.8.8.8:80": false, "169.254.169.254:80": false, "[fe80::1%eth0]:80": false, "0.0.0.0:80": false} {
		if err := control(privateOnly)("tcp", at, nil); (err == nil) != allowed {
			t.Errorf("to %s by http: %v", at, err)
		}
	}
	if err := control(publicOnly)("tcp", "nowhere", nil); err == nil {
		t.Error("what is no address is connected to")
	}
}

// TestANameThatMeansAPrivateAddressIsNotReached shows it of the name localhost, which stands for every name of
// the domain name system that is made to mean another address.
func TestANameThatMeansAPrivateAddressIsNotReached(t *testing.T) {
	reached := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	h := with(t, Hook{Name: "app", URL: "https://localhost:" + port + "/", Kinds: []Kind{RPC}, Secrets: []webhook.Secret{secret(t)}})
	_, err = h.RPC(within(t), &RPCRequest{})
	wantUnavailable(t, err, "not a public address")
	if reached {
		t.Error("it was reached")
	}
}

func TestAHookThatCanNotBeIsRefusedWithTheReason(t *testing.T) {
	key := []webhook.Secret{secret(t)}
	public, err := webhook.ParseSecret("whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	if err != nil {
		t.Fatal(err)
	}
	for reason, hook := range map[string]Hook{
		"no URL":           {URL: "app.example/hook", Kinds: []Kind{RPC}, Secrets: key},
		"not https":        {URL: "http://user:hunter2@app.example/", Kinds: []Kind{RPC}, Secrets: key},
		"neither https":    {URL: "ftp://user:hunter2@app.example/", Kinds: []Kind{RPC}, Secrets: key, AllowPrivate: true},
		"fragment":         {URL: "https://app.example/#hunter2", Kinds: []Kind{RPC}, Secrets: key},
		"allow_private":    {URL: "https://169.254.169.254/", Kinds: []Kind{RPC}, Secrets: key},
		"no events":        {URL: "https://app.example/", Secrets: key},
		"no secret":        {URL: "https://app.example/", Kinds: []Kind{RPC}},
		"a public key":     {URL: "https://app.example/", Kinds: []Kind{RPC}, Secrets: []webhook.Secret{public}},
		`no event "reply"`: {URL: "https://app.example/", Kinds: []Kind{"reply"}, Secrets: key},
		"never end":        {URL: "https://app.example/", Kinds: []Kind{Message}, Secrets: key, DeadLetter: "ops/dead"},
	} {
		hook.Name = "app"
		_, err := New(Config{Hooks: []Hook{hook}})
		if err == nil || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("it says %v, want something with %q", err, reason)
		}
	}
	good := Hook{Name: "app", URL: "https://app.example/", Kinds: []Kind{RPC}, Secrets: key}
	if _, err := New(Config{Hooks: []Hook{good, good}}); err == nil {
		t.Error("two hooks have one name")
	}
}

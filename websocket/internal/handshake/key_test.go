package handshake

import "testing"

func TestTheKeyOfTheRFCIsAnsweredAsInTheRFC(t *testing.T) {
	if got := AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Errorf("got %s", got)
	}
}

func TestAKeyIsBase64OfSixteenBytes(t *testing.T) {
	for key, want := range map[string]bool{
		"dGhlIHNhbXBsZSBub25jZQ==":     true,
		"AQIDBAUGBwgJCgsMDQ4PEC==":     true, // the example of RFC 6455 section 4.1, which has a spare bit set
		"AAAAAAAAAAAAAAAAAAAAAA==":     true,
		"":                             false,
		"SGVsbG8sIHdvcmxkIQ==":         false, // 13 bytes
		"dGhlIHNhbXBsZSBub25jZQ":       false, // no padding
		"dGhlIHNhbXBsZSBub25jZSE=":     false, // 17 bytes
		"dGhlIHNhbXBsZSBub25jZSEh":     false, // 18 bytes
		"dGhlIHNhbXBsZSBub25j\nZQ=":    false,
		"dGhlIHNhbXBsZSBub25jZQ==\r\n": false,
		"dGhlIHNhbXBsZSBub2_jZQ==":     false, // the alphabet for URLs
		"========================":     false,
	} {
		if validKey(key) != want {
			t.Errorf("validKey(%q) = %v", key, !want)
		}
	}
}

func TestNewKeysAreValidAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		key := NewKey()
		if !validKey(key) || seen[key] {
			t.Fatalf("key %q", key)
		}
		seen[key] = true
	}
}

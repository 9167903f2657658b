package certs

import "crypto/tls"

// modern returns the configuration that every server of ours begins with: TLS 1.3, or 1.2 with forward
// secrecy and authenticated encryption only (RFC 9325 section 4.2). The curves are crypto/tls's own,
// the hybrids with ML-KEM before all others.
//
// Session tickets are left to crypto/tls, which makes a new key each day and forgets one after seven. It does
// so for the configuration that a listener was given: GetConfigForClient may return others, as long as
// nobody sets keys on them.
func modern() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{ // of TLS 1.2
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	ocspTimeout  = 10 * time.Second
	ocspMaxBytes = 64 << 10
	ocspRetry    = 5 * time.Minute // after a failure
	ocspFallback = 24 * time.Hour  // until the next answer, if the responder does not say when there will be one
)

// staple is what the authority's responder says of a certificate (OCSP, RFC 6960), to be sent along with it
// (RFC 6066 section 8). Its owner's lock guards it.
type staple struct {
	response []byte    // verified, says "good"; nil for none
	until    time.Time // when it may no longer be used
	due      time.Time // when to ask again
	failed   bool      // so that a failure is logged once in a row
}

// responder returns whom to ask about a certificate with its chain, and the certificate of the authority
// that issued it.
func responder(cert *tls.Certificate) (url string, issuer *x509.Certificate, err error) {
	if len(cert.Leaf.OCSPServer) == 0 {
		return "", nil, nil
	}
	if len(cert.Certificate) < 2 {
		return "", nil, errors.New("its file has no chain behind it, so the authority's answer could not be verified; add the intermediate certificates")
	}
	issuer, err = x509.ParseCertificate(cert.Certificate[1])
	return cert.Leaf.OCSPServer[0], issuer, err
}

// fetchStaple asks the responder. What is returned is verified, and says "good".
func fetchStaple(ctx context.Context, client *http.Client, url string, leaf, issuer *x509.Certificate, now time.Time) (staple, error) {
	ctx, cancel := context.WithTimeout(ctx, ocspTimeout)
	defer cancel()
	question, err := ocsp.CreateRequest(leaf, issuer, nil)
	if err != nil {
		return staple{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(question))
	if err != nil {
		return staple{}, err
	}
	r.Header.Set("Content-Type", "application/ocsp-request")
	resp, err := client.Do(r)
	if err != nil {
		return staple{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, ocspMaxBytes))
	if err != nil {
		return staple{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return staple{}, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return checkStaple(body, leaf, issuer, now)
}

// checkStaple verifies an answer of a responder.
func checkStaple(body []byte, leaf, issuer *x509.Certificate, now time.Time) (staple, error) {
	answer, err := ocsp.ParseResponseForCert(body, leaf, issuer)
	switch {
	case err != nil:
		return staple{}, err
	case answer.Status == ocsp.Revoked:
		return staple{}, fmt.Errorf("the certificate was revoked on %s; clients may refuse it; get another", day(answer.RevokedAt))
	case answer.Status != ocsp.Good:
		return staple{}, errors.New("the responder does not know the certificate")
	case now.Before(answer.ThisUpdate.Add(-backdate)):
		return staple{}, fmt.Errorf("the responder's answer is valid from %s only; check the clock", answer.ThisUpdate)
	}
	if answer.NextUpdate.IsZero() {
		answer.NextUpdate = answer.ThisUpdate.Add(ocspFallback)
	}
	if !now.Before(answer.NextUpdate) {
		return staple{}, fmt.Errorf("the responder's answer has been stale since %s", answer.NextUpdate)
	}
	half := answer.ThisUpdate.Add(answer.NextUpdate.Sub(answer.ThisUpdate) / 2)
	if half.Before(now.Add(ocspRetry)) {
		half = now.Add(ocspRetry)
	}
	return staple{response: body, until: answer.NextUpdate, due: half}, nil
}

var (
	tlsFeature    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24} // RFC 7633
	statusRequest = 5
)

// mustStaple tells whether clients refuse a certificate without a staple.
func mustStaple(cert *x509.Certificate) bool {
	for _, ext := range cert.Extensions {
		var features []int
		if !ext.Id.Equal(tlsFeature) {
			continue
		}
		if _, err := asn1.Unmarshal(ext.Value, &features); err == nil && slices.Contains(features, statusRequest) {
			return true
		}
	}
	return false
}

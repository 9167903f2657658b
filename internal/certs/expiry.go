package certs

import (
	"crypto/x509"
	"log/slog"
	"time"
)

// Info is a certificate that a server answers with.
type Info struct {
	Names    []string // DNS names and addresses
	NotAfter time.Time
	Source   string // its file, or the directory of the authority that it is from
}

// expirySteps are the days before its end at which a certificate is warned about.
var expirySteps = []int{30, 14, 7, 3, 1, 0}

// noStep is the step of a certificate that has long to go.
const noStep = 1 << 30

// expiryStep returns the smallest step that a certificate has reached, 0 when it has expired. A step that
// comes in the first two thirds of a certificate's life does not count: nobody renews as early.
func expiryStep(cert *x509.Certificate, now time.Time) int {
	left, third := cert.NotAfter.Sub(now), cert.NotAfter.Sub(cert.NotBefore)/3
	step := noStep
	for _, days := range expirySteps {
		if at := time.Duration(days) * 24 * time.Hour; left <= at && at < third {
			step = days
		}
	}
	return step
}

// expiry warns of certificates that end soon, once at each step. It belongs to one goroutine.
type expiry struct {
	log    *slog.Logger
	warned map[string]int // the step of the last warning, by the raw certificate
}

// check warns of cert if it has reached another step since the last check.
func (e *expiry) check(cert *x509.Certificate, source string, now time.Time) {
	step := expiryStep(cert, now)
	last, known := e.warned[string(cert.Raw)]
	if step == noStep || known && last <= step {
		return
	}
	if e.warned == nil {
		e.warned = map[string]int{}
	}
	e.warned[string(cert.Raw)] = step
	attrs := []any{"names", names(cert), "until", cert.NotAfter, "source", source}
	switch {
	case step == 0:
		e.log.Error("the certificate has expired: clients refuse it; renew it", attrs...)
	case step <= 3:
		e.log.Error("the certificate expires very soon; renew it", append(attrs, "days", step)...)
	default:
		e.log.Warn("the certificate expires soon; renew it", append(attrs, "days", step)...)
	}
}

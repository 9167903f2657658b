package certs

import (
	"crypto/x509"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

const oneDay = 24 * time.Hour

func TestACertificateIsWarnedOfInTheLastThirdOfItsLife(t *testing.T) {
	for _, test := range []struct {
		life, left time.Duration
		want       int
	}{
		{365 * oneDay, 100 * oneDay, noStep},
		{365 * oneDay, 30*oneDay + 1, noStep},
		{365 * oneDay, 30 * oneDay, 30},
		{365 * oneDay, 14*oneDay + 1, 30},
		{365 * oneDay, 14 * oneDay, 14},
		{365 * oneDay, 5 * oneDay, 7},
		{365 * oneDay, 3 * oneDay, 3},
		{365 * oneDay, time.Hour, 1},
		{365 * oneDay, 0, 0},
		{365 * oneDay, -oneDay, 0},
		{90 * oneDay, 30 * oneDay, noStep}, // it is renewed about now
		{90 * oneDay, 14 * oneDay, 14},
		{6 * oneDay, 5 * oneDay, noStep},
		{6 * oneDay, oneDay, 1},
	} {
		now := time.Now()
		cert := &x509.Certificate{NotBefore: now.Add(test.left - test.life), NotAfter: now.Add(test.left)}
		if got := expiryStep(cert, now); got != test.want {
			t.Errorf("%v before the end of a life of %v: step %d, want %d", test.left, test.life, got, test.want)
		}
	}
}

func TestEachStepTowardsTheEndIsLoggedOnce(t *testing.T) {
	ca, log, now := certstest.New(t), &journal{}, time.Now()
	cert := ca.Issue(func(c *x509.Certificate) { c.NotAfter = now.AddDate(1, 0, 0) })
	ends := expiry{log: log.logger()}
	for hour := range 366 * 24 {
		ends.check(cert.Leaf, "cert.pem", now.Add(time.Duration(hour)*time.Hour))
	}
	got := log.take()
	for _, want := range []string{"days=30", "days=14", "days=7", "days=3\n", "days=1\n", "has expired"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is logged %d times in\n%s", want, strings.Count(got, want), got)
		}
	}
	if strings.Count(got, "\n") != 6 || !strings.Contains(got, "cert.pem") {
		t.Errorf("logged\n%s", got)
	}
}

func TestACertificateNearItsEndIsWarnedOfAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, log := certstest.New(t), &journal{}
		cert := ca.Issue(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, 6)
		})
		s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), cert)}, Log: log.logger()})
		defer running(s)()
		if got := log.take(); !strings.Contains(got, "days=7") {
			t.Errorf("logged %s", got)
		}
	})
}

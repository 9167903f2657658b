package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxKeySetBytes = 256 << 10
	maxRedirects   = 3
)

// parseKeyURL checks a JWKS URL: https, or http on this machine.
func parseKeyURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Fragment != "" {
		return nil, errors.New("the JWKS URL is none; write https://HOST/PATH") // not repeated: it may hold a password
	}
	if err := checkKeyURL(u); err != nil {
		return nil, err
	}
	return u, nil
}

// checkKeyURL refuses to take keys from where anybody on the way could put others.
func checkKeyURL(u *url.URL) error {
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("the JWKS URL %s is not https; use https, or http for this machine alone", u.Redacted())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// fetcher returns how keys are fetched from a URL.
func fetcher(u *url.URL) func(context.Context) (keySet, error) {
	client := &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      true, // it is rare
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return checkKeyURL(r.URL)
		},
	}
	return func(ctx context.Context) (keySet, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return keySet{}, errors.New("the URL makes no request")
		}
		r.Header.Set("Accept", "application/jwk-set+json, application/json")
		answer, err := client.Do(r)
		if err != nil {
			// Without the URL, which may hold a password and is in the log already.
			if failed, ok := errors.AsType[*url.Error](err); ok {
				err = failed.Err
			}
			return keySet{}, err
		}
		defer answer.Body.Close()
		return readKeySet(answer)
	}
}

// readKeySet reads the answer to a request for keys.
func readKeySet(answer *http.Response) (keySet, error) {
	if answer.StatusCode != http.StatusOK {
		return keySet{}, fmt.Errorf("the answer is %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySetBytes+1))
	if err != nil {
		return keySet{}, err
	}
	if len(body) > maxKeySetBytes {
		return keySet{}, fmt.Errorf("the answer is longer than %d bytes", maxKeySetBytes)
	}
	set, err := parseKeySet(body)
	set.fresh = freshness(answer.Header)
	return set, err
}

// freshness returns for how long keys are used before they are fetched again.
func freshness(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return leastFresh
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				return min(max(time.Duration(seconds)*time.Second, leastFresh), mostFresh)
			}
		}
	}
	return usualFresh
}

package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/config"
)

// manageTimeout bounds a request, and the answers of the nodes that it is about.
const manageTimeout = 30 * time.Second

// manageFlags are the flags of every verb that looks after a running server, by its API. The key itself is none: whoever
// lists the processes of the machine sees flags.
type manageFlags struct {
	linkFlags
	server  string
	keyFile string
}

func (m *manageFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&m.server, "server", defaultServer, "ask the server at `URL`, any node of a cluster")
	flags.StringVar(&m.keyFile, "api-key-file", "", "read the API key from `FILE` (default $"+config.APIKeyVariable+")")
	addCADir(flags, &m.caDir)
	flags.StringVar(&m.ca, "ca", "", "trust the certificate authorities in `FILE` (PEM) too")
	flags.BoolVar(&m.insecure, "insecure", false, "do not check the server's certificate: anybody may be in between")
}

// client returns what asks the server.
func (m *manageFlags) client() (*admin.Client, error) {
	key := os.Getenv(config.APIKeyVariable)
	if m.keyFile != "" {
		text, err := os.ReadFile(m.keyFile)
		if err != nil {
			return nil, fail(exitFiles, "cannot read the API key: %w", err)
		}
		key = strings.TrimSpace(string(text))
	}
	if key == "" {
		return nil, fail(exitUsage, "no API key: give one that has manage: true in $%s or with --api-key-file FILE; make one with: holdfast token create --api-key NAME --manage", config.APIKeyVariable)
	}
	tls, err := m.tlsConfig()
	if err != nil {
		return nil, err
	}
	way := http.DefaultTransport.(*http.Transport).Clone()
	way.TLSClientConfig = tls
	c, err := admin.New(m.server, key, &admin.Options{HTTP: &http.Client{
		Timeout:       manageTimeout,
		Transport:     way,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}})
	if err != nil {
		return nil, fail(exitUsage, "--server: %w", err)
	}
	return c, nil
}

// explainManage says in one sentence why a request to the server has failed.
func explainManage(ctx context.Context, server string, err error) error {
	if problem, ok := errors.AsType[*admin.Problem](err); ok {
		return fail(exitFailed, "%s", problem.Detail)
	}
	if _, said := errors.AsType[*failure](err); said {
		return err // the answer was read, and does not please
	}
	u, bad := url.Parse(server)
	if sent, ok := errors.AsType[*url.Error](err); ok && bad == nil {
		return explainDial(ctx, u, sent.Err)
	}
	return fail(exitConnect, "%w", err)
}

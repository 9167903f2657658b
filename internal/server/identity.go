package server

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
)

// identities knows who clients are, and what has been revoked of them.
type identities struct {
	*auth.Authenticator
	revoked *auth.Revocations

	following sync.WaitGroup // of what other nodes revoke
	stop      context.CancelFunc
}

// openIdentities begins to vouch for clients. What is revoked is kept in a log if there are logs, so that it
// stays so after a restart. When it returns, all that was revoked before is in force.
func openIdentities(ctx context.Context, c auth.Config, byCertificate bool, logs *broker.Broker, log *slog.Logger) (_ *identities, err error) {
	keep := c.Keep()
	if byCertificate {
		keep = 0 // certificates do not say when they were issued to whom
	}
	ids := new(identities)
	var work context.Context
	work, ids.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			ids.close()
		}
	}()
	var store auth.Store
	if logs != nil {
		if store, err = openRevocationLog(ctx, logs, keep); err != nil {
			return nil, err
		}
	}
	ids.revoked = auth.NewRevocations(store, keep, log)
	if store != nil {
		if err = ids.follow(ctx, work); err != nil {
			return nil, fmt.Errorf("what has been revoked can't be read: %w", err)
		}
	}
	c.Revoked, c.Log = ids.revoked, log
	if ids.Authenticator, err = auth.New(ctx, c); err != nil {
		return nil, err
	}
	return ids, nil
}

// follow takes over what is stored, and goes on until work ends. It returns when all is in force that was
// there before.
func (ids *identities) follow(ctx, work context.Context) error {
	ready, failed := make(chan struct{}), make(chan error, 1)
	ids.following.Go(func() {
		failed <- ids.revoked.Follow(work, func() { close(ready) })
	})
	select {
	case <-ready:
		return nil
	case err := <-failed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (ids *identities) close() {
	ids.stop()
	ids.following.Wait()
	if ids.Authenticator != nil {
		ids.Authenticator.Close()
	}
}

package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// engine is the embedded NATS server with its data directory. It opens no port.
type engine struct {
	server *server.Server
	dir    string
	lock   *dirLock
	log    *serverLog
	up     chan struct{} // closed when starting has ended
}

// startEngine takes the directory and starts the server. When it fails, or the context ends first,
// nothing is left running.
func startEngine(ctx context.Context, c Config) (*engine, error) {
	lock, err := takeDir(c.Dir)
	if err != nil {
		return nil, err
	}
	e := &engine{dir: c.Dir, lock: lock, log: &serverLog{log: c.Log, starting: true}, up: make(chan struct{})}
	e.server, err = server.NewServer(&server.Options{
		ServerName:             "holdfast",
		DontListen:             true,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		JetStream:              true,
		StoreDir:               c.Dir,
		JetStreamMaxStore:      c.MaxStoreBytes,
		SyncInterval:           c.SyncInterval,
		MaxPayload:             int32(c.maxRecordBytes()),
		MaxPending:             max(server.MAX_PENDING_SIZE, int64(4*c.maxRecordBytes())),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the embedded engine refused its options: %w", err), lock.release())
	}
	e.server.SetLoggerV2(e.log, false, false, false)
	go func() {
		defer close(e.up)
		e.server.Start()
	}()
	if err := e.awaitStart(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

// awaitStart waits until the server is ready. When that fails it stops the server.
func (e *engine) awaitStart(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, e.stop())
		}
	}()
	select {
	case <-e.up:
	case <-ctx.Done():
		return fmt.Errorf("the log in %s was not ready in time: %w; it is being read, so allow more time", e.dir, context.Cause(ctx))
	}
	warnings := e.log.started()
	if !e.server.JetStreamEnabled() {
		return fmt.Errorf("the log in %s could not be opened: %s; check the directory's permissions and the disk", e.dir, strings.Join(warnings, "; "))
	}
	const ready = time.Second // it is, unless something is wrong
	if !e.server.ReadyForConnections(ready) {
		return fmt.Errorf("the embedded engine does not take connections: %s", strings.Join(warnings, "; "))
	}
	return nil
}

// stop ends the server, which writes what it has to the disk, and gives the directory free.
func (e *engine) stop() error {
	e.server.Shutdown()
	<-e.up
	e.server.WaitForShutdown()
	return e.lock.release()
}

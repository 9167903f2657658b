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
	health *health
	clean  bool          // the directory was closed, and on the disk, when it was opened
	up     chan struct{} // closed when starting has ended
}

// startEngine takes the directory and starts the server. When it fails, or the context ends first,
// nothing is left running.
func startEngine(ctx context.Context, c Config) (*engine, error) {
	lock, err := takeDir(c.Dir)
	if err != nil {
		return nil, err
	}
	clean, err := takeClean(c.Dir)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	health := &health{dir: c.Dir, free: c.freeSpace}
	e := &engine{dir: c.Dir, lock: lock, health: health, clean: clean, up: make(chan struct{}),
		log: &serverLog{log: c.Log, health: health, starting: true}}
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

// awaitStart waits until the server is ready. When that fails it stops the server; but while the
// server is still reading its directory it cannot be stopped, so if the context ends by then, that is
// left to happen when it has finished.
func (e *engine) awaitStart(ctx context.Context) error {
	select {
	case <-e.up:
	case <-ctx.Done():
		go func() {
			if err := e.stop(); err != nil {
				e.log.Errorf("stopping after a start that took too long: %v", err)
			}
		}()
		return fmt.Errorf("the log in %s was not ready in time: %w; it is large or the disk is slow, so allow more time", e.dir, context.Cause(ctx))
	}
	warnings := strings.Join(e.log.started(), "; ")
	const ready = time.Second // it is, unless something is wrong
	switch {
	case !e.server.JetStreamEnabled():
		return errors.Join(fmt.Errorf("the log in %s could not be opened: %s; check the directory's permissions and the disk", e.dir, warnings), e.stop())
	case !e.server.ReadyForConnections(ready):
		return errors.Join(fmt.Errorf("the embedded engine takes no connections: %s", warnings), e.stop())
	}
	return nil
}

// stop ends the server, once it has started, and gives the directory free. The server writes what it
// has to the disk.
func (e *engine) stop() error {
	<-e.up
	e.server.Shutdown()
	e.server.WaitForShutdown()
	return errors.Join(leaveClean(e.dir), e.lock.release())
}

// Package engine runs the embedded NATS server with its data directory.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Config says where the engine keeps what, and how much.
type Config struct {
	Dir            string        // made if it is not there; one process at a time may use it
	MaxRecordBytes int           // the largest message, with all that belongs to it
	MaxStoreBytes  int64         // of all streams together; 0 for three quarters of what is free on the disk at the start
	SyncInterval   time.Duration // how often what was written is forced onto the disk
	Cluster        *Cluster      // nil for an engine that is alone
	Log            *slog.Logger

	BootID    string                           // when the machine was started; "" asks the system. For tests
	FreeSpace func(dir string) (uint64, error) // bytes that may still be written; nil asks the system. For tests
}

// Engine is the embedded NATS server with its data directory. It opens no port; in a cluster it opens that for other
// nodes, and one on loopback that lets nobody in (see door). Its methods may be called from any goroutine.
type Engine struct {
	server    *server.Server
	dir       string
	lock      *dirLock
	log       *serverLog
	health    *health
	door      *door          // who may connect as a client; nil if the engine is alone, because it opens no port
	companion *server.Server // nil if the engine is alone
	peers     []string       // of the cluster; none if the engine is alone
	joins     bool           // the only address is not its own, so it begins no cluster
	listen    string         // where other nodes connect; "" if the engine is alone
	down      bool           // of a cluster: the machine went down while the directory was open, and Recovered was not called since
	clean     bool           // the directory was closed, and on the disk, when it was opened
	up        chan struct{}  // closed when starting has ended
}

// Start takes the directory and starts the server. When it fails, or the context ends first, nothing is left
// running. A directory that is damaged gives a *DamageError; that, and one that can't be used, stays as it is.
func Start(ctx context.Context, c Config) (*Engine, error) {
	lock, err := takeDir(c.Dir)
	if err != nil {
		return nil, err
	}
	clean, err := takeClean(c.Dir)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	free := c.FreeSpace
	if free == nil {
		free = freeSpace
	}
	options := &server.Options{
		ServerName:             "holdfast",
		DontListen:             true,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		JetStream:              true,
		StoreDir:               c.Dir,
		JetStreamMaxStore:      c.MaxStoreBytes,
		SyncInterval:           c.SyncInterval,
		MaxPayload:             int32(c.MaxRecordBytes),
		MaxPending:             max(server.MAX_PENDING_SIZE, int64(4*c.MaxRecordBytes)),
	}
	health := &health{dir: c.Dir, free: free}
	e := &Engine{dir: c.Dir, lock: lock, health: health, clean: clean, up: make(chan struct{}),
		log: &serverLog{log: c.Log, health: health, starting: true}}
	var companion string
	if c.Cluster != nil {
		if e.down, err = noteBoot(c.Dir, cmp.Or(c.BootID, BootID()), clean); err != nil {
			return nil, errors.Join(err, lock.release())
		}
		companion = welcome(options)
		if err := e.cluster(c.Cluster, options); err != nil {
			return nil, errors.Join(err, lock.release())
		}
	}
	e.server, err = server.NewServer(options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the embedded engine refused its options: %w", err), lock.release())
	}
	if e.door != nil {
		e.door.system = e.server.SystemAccount
	}
	e.server.SetLoggerV2(e.log, false, false, false)
	go func() {
		defer close(e.up)
		e.server.Start()
	}()
	if err := e.awaitStart(ctx); err != nil {
		return nil, err
	}
	if c.Cluster != nil {
		if e.companion, err = startCompanion(options, companion, e.log); err != nil {
			return nil, errors.Join(err, e.Stop())
		}
	}
	return e, nil
}

// awaitStart waits until the server is ready. When that fails it stops the server; but while the
// server is still reading its directory it cannot be stopped, so if the context ends by then, that is
// left to happen when it has finished.
func (e *Engine) awaitStart(ctx context.Context) error {
	select {
	case <-e.up:
	case <-ctx.Done():
		go func() {
			if err := e.Stop(); err != nil {
				e.log.Errorf("stopping after a start that took too long: %v", err)
			}
		}()
		return fmt.Errorf("the log in %s was not ready in time: %w; it is large or the disk is slow, so allow more time", e.dir, context.Cause(ctx))
	}
	warnings := strings.Join(e.log.started(), "; ")
	const ready = time.Second // it is, unless something is wrong
	switch {
	case !e.server.JetStreamEnabled():
		return errors.Join(fmt.Errorf("the log in %s could not be opened: %s; check the directory's permissions and the disk", e.dir, warnings), e.Stop())
	case !e.server.ReadyForConnections(ready):
		if why := e.log.fatal(); e.listen != "" && why != "" {
			return errors.Join(&ListenError{e.listen, why}, e.Stop())
		}
		return errors.Join(fmt.Errorf("the embedded engine takes no connections: %s", warnings), e.Stop())
	}
	return nil
}

// Stop ends the server, once it has started, and gives the directory free. The server writes what it
// has to the disk.
func (e *Engine) Stop() error {
	<-e.up
	if e.companion != nil {
		e.companion.Shutdown()
		e.companion.WaitForShutdown()
	}
	e.server.Shutdown()
	e.server.WaitForShutdown()
	return errors.Join(leaveClean(e.dir), e.lock.release())
}

// Connect opens a connection to the server, in the process.
func (e *Engine) Connect(options ...nats.Option) (*nats.Conn, error) {
	if e.door != nil {
		options = append(options, nats.UserInfo(logsUser, e.door.password))
	}
	return e.connect(options)
}

func (e *Engine) connect(options []nats.Option) (*nats.Conn, error) {
	conn, err := nats.Connect("", append(options, nats.InProcessServer(e.server))...)
	if err != nil {
		return nil, fmt.Errorf("no connection to the embedded engine: %w", err)
	}
	return conn, nil
}

// WentDown tells whether the machine went down while this node of a cluster had its directory open, so that what was not on
// the disk yet is gone here. It stays true, over further starts too, until one after Recovered.
func (e *Engine) WentDown() bool { return e.down }

// Recovered notes that the node has got from others what it lacked after WentDown.
func (e *Engine) Recovered() error { return recovered(e.dir) }

// Clean tells whether the directory was closed as it should be the last time, so that all that was stored is there.
func (e *Engine) Clean() bool { return e.clean }

package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

// Config says where the logs are kept. Either Dir or URL is needed.
type Config struct {
	// Dir is the directory of the embedded engine. It is made if it is not there, and one process at
	// a time may use it.
	Dir string

	// URL is where a NATS server of version 2.12 or newer with JetStream is, such as
	// "nats://user:password@host:4222", to be used in place of the embedded one.
	URL string

	// Cluster makes the embedded engine one of several that keep the logs together, in the directory ClusterDir. Dir is
	// not touched then: JetStream would delete what it has.
	Cluster    *engine.Cluster
	ClusterDir string

	// Replicas is on how many nodes of a cluster a log is kept, as soon as there are so many: 1, 3, 4 or 5. Default: 3.
	Replicas int

	// MaxMessageBytes is the largest payload, at most MostMessageBytes. Default: 1 MiB.
	MaxMessageBytes int

	// MaxStoreBytes bounds all logs in Dir together; beyond it, messages are refused with ErrFull.
	// Default: three quarters of what was free on the disk at the start.
	MaxStoreBytes int64

	// DuplicateWindow is for how long an ID of a message is remembered. It costs about 131 bytes of
	// memory for each. Default: 30 s. In a cluster it is at least 20 s.
	DuplicateWindow time.Duration

	// SyncInterval is how often what was written is forced onto the disk: what may be lost when the
	// machine, not only the process, goes down. Default: 200 ms.
	SyncInterval time.Duration

	Log *slog.Logger

	freeSpace func(dir string) (uint64, error) // set by tests that fill the disk
	bootID    string                           // set by tests that start the machine anew
}

const (
	defaultMaxMessageBytes = 1 << 20
	defaultDuplicateWindow = 30 * time.Second
	defaultSyncInterval    = 200 * time.Millisecond

	// minClusterWindow is longer than messages are sent again to a log whose leader does not answer, so that each is stored once.
	minClusterWindow = 2 * ackTimeout
)

func (c Config) withDefaults() Config {
	if c.MaxMessageBytes == 0 {
		c.MaxMessageBytes = defaultMaxMessageBytes
	}
	if c.DuplicateWindow == 0 {
		c.DuplicateWindow = defaultDuplicateWindow
	}
	if c.Cluster != nil {
		c.DuplicateWindow = max(c.DuplicateWindow, minClusterWindow)
	}
	if c.SyncInterval == 0 {
		c.SyncInterval = defaultSyncInterval
	}
	if c.bootID == "" {
		c.bootID = engine.BootID()
	}
	if c.Replicas == 0 {
		c.Replicas = metaReplicas
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// MostMessageBytes is the largest payload that JetStream can be made to keep: a record of its files, with what is stored
// beside the payload, has at most 32 MiB.
const MostMessageBytes = 31 << 20

// maxRecordBytes is the largest record with its header.
func (c Config) maxRecordBytes() int {
	const overhead = 8 << 10 // the labels and the channel's name, escaped, fit well
	return c.MaxMessageBytes + overhead
}

// engine returns what of it is the engine's.
func (c Config) engine() engine.Config {
	dir := c.Dir
	if c.Cluster != nil {
		dir = c.ClusterDir
	}
	return engine.Config{
		Dir:            dir,
		Cluster:        c.Cluster,
		MaxRecordBytes: c.maxRecordBytes(),
		MaxStoreBytes:  c.MaxStoreBytes,
		SyncInterval:   c.SyncInterval,
		Log:            c.Log,
		FreeSpace:      c.freeSpace,
		BootID:         c.bootID,
	}
}

// Broker is a connection to the logs, and to the engine that keeps them. Its methods may be called
// from any goroutine.
type Broker struct {
	config  Config
	engine  *engine.Engine // nil if NATS is external
	writer  *writer
	readers []*reader
	live    *nats.Conn
	raiser  *raiser // nil but in a cluster, as quorum
	quorum  *quorum
	opened  time.Time
	whole   atomic.Bool // the node has again what it had lost when its machine went down

	mu   sync.Mutex
	logs map[string]*Log // by name; guarded by mu

	closing sync.Once
	closed  error // how closing went
}

// Open starts the embedded engine, or connects to the external one. The context bounds the start.
//
// It fails, and changes nothing, when the directory is damaged, is not readable or writable, or is
// in use by another process; the error says which and what to do.
func Open(ctx context.Context, config Config) (_ *Broker, err error) {
	b := &Broker{config: config.withDefaults(), logs: make(map[string]*Log), opened: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.shut(ctx))
		}
	}()
	if (config.Dir == "") == (config.URL == "") {
		return nil, errors.New("the broker needs either a data directory or the URL of a NATS server")
	}
	if config.URL == "" {
		if b.engine, err = engine.Start(ctx, b.config.engine()); err != nil {
			return nil, err
		}
	}
	if b.config.Cluster != nil {
		b.quorum = watchQuorum(b.engine, b.config.Log)
	}
	if b.live, err = b.connect(ctx, "live", nil); err != nil {
		return nil, err
	}
	if err := b.checkServer(ctx); err != nil {
		return nil, err
	}
	if b.writer, err = newWriter(ctx, b); err != nil {
		return nil, err
	}
	for range readerConnections {
		r, err := newReader(ctx, b)
		if err != nil {
			return nil, err
		}
		b.readers = append(b.readers, r)
	}
	switch {
	case b.config.Cluster != nil:
		if err := b.engine.AwaitQuorum(ctx); err != nil {
			return nil, err
		}
		if err := errors.Join(b.answerWhole(), b.takeOver(ctx)); err != nil {
			return nil, err
		}
		b.raiser = startRaiser(b)
	case b.engine != nil:
		if err := b.checkRecovered(ctx); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// checkRecovered makes sure that the engine left out no stream that is in its directory.
func (b *Broker) checkRecovered(ctx context.Context) error {
	return b.engine.CheckRecovered(func(stream string) error {
		_, err := (&Log{broker: b, stream: stream}).info(ctx, "")
		return err
	})
}

// Close waits until the messages in flight are stored or the context ends, and then stops all. What
// is called afterwards fails with ErrUnavailable. All Follows must have been stopped. Further calls
// return what the first did.
func (b *Broker) Close(ctx context.Context) error {
	b.closing.Do(func() { b.closed = b.shut(ctx) })
	return b.closed
}

// shut closes what has been opened.
func (b *Broker) shut(ctx context.Context) error {
	var failed error
	if b.raiser != nil {
		b.raiser.close()
	}
	if b.writer != nil {
		failed = b.writer.close(ctx)
	}
	for _, r := range b.readers {
		r.close()
	}
	if b.quorum != nil {
		b.quorum.close()
	}
	if b.live != nil {
		b.live.Close()
	}
	if b.engine != nil {
		failed = errors.Join(failed, b.engine.Stop())
	}
	return failed
}

// Shared tells whether other nodes may use the same logs: those of a cluster, or of an external NATS server.
func (c *Config) Shared() bool { return c.URL != "" || c.Cluster != nil }

// Shared tells whether other nodes may use the same logs.
func (b *Broker) Shared() bool { return b.config.Shared() }

// Log returns the log of that name, which is created, or changed in place to the retention given.
// The name is any string of up to some eighty bytes, such as the pattern of the rule it serves.
func (b *Broker) Log(ctx context.Context, name string, r Retention) (*Log, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.logs[name]
	if l == nil {
		token, err := logToken(name)
		if err != nil {
			return nil, err
		}
		l = &Log{broker: b, name: name, stream: streamPrefix + token,
			subjects: logPrefix + token + ".", live: livePrefix + token + "."}
		b.writer.open(l)
	}
	if err := b.settle(ctx, l, r); err != nil {
		return nil, fmt.Errorf("the log of %.64q could not be opened: %w", name, err)
	}
	b.logs[name] = l
	return l, nil
}

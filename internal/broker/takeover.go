package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

// A node that was alone brings its logs into the cluster when it starts as one of it for the first time: as they are, with
// their offsets and epochs, so that clients resume. JetStream would delete them if it saw them; so they are read by an
// engine of their own, and restored. The directory stays as it is, but for a note, which keeps a node from going on with
// it alone, where offsets would mean other messages. Whatever stops this half-way, the next start does it again.

// takeOver brings what the node has kept alone into the cluster.
func (b *Broker) takeOver(ctx context.Context) error {
	there, err := engine.NeedsTakingOver(b.config.Dir)
	if err != nil || !there {
		return err
	}
	alone := b.config
	alone.Cluster = nil
	e, err := engine.Start(ctx, alone.engine())
	if err != nil {
		return fmt.Errorf("what this node has kept alone can't be taken into the cluster: %w", err)
	}
	defer func() {
		if failed := e.Stop(); failed != nil {
			b.config.Log.Warn("the directory of a node alone could not be closed as it should be", "dir", b.config.Dir, "error", failed)
		}
	}()
	from, err := e.Connect()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := b.engine.Connect()
	if err != nil {
		return err
	}
	defer to.Close()
	streams, err := e.Streams()
	if err != nil {
		return err
	}
	for _, s := range streams {
		if !strings.HasPrefix(s.Name, streamPrefix) {
			continue
		}
		t := &taking{broker: b, stream: s.Name, from: from, to: to, last: s.State.LastSeq, clean: e.Clean()}
		if err := t.run(ctx); err != nil {
			return fmt.Errorf("the log %s, which this node has kept alone in %s, can't be taken into the cluster: %w", s.Name, b.config.Dir, err)
		}
	}
	return engine.NoteTakenOver(b.config.Dir, b.config.ClusterDir)
}

// taking is one stream on its way.
type taking struct {
	broker   *Broker
	stream   string
	from, to *nats.Conn
	last     uint64 // offset of its newest message
	clean    bool   // it was closed as it should be
}

func (t *taking) run(ctx context.Context) error {
	var kept struct {
		Config map[string]json.RawMessage `json:"config"`
		State  json.RawMessage            `json:"state"`
	}
	deliver := t.from.NewInbox()
	chunks := make(chan *nats.Msg, snapshotWindow/snapshotChunk+2)
	sub, err := t.from.ChanSubscribe(deliver, chunks)
	if err != nil {
		return err
	}
	defer func() {
		if err := sub.Unsubscribe(); err != nil {
			t.broker.config.Log.Warn("a snapshot could not be ended", "error", err)
		}
	}()
	request := map[string]any{"deliver_subject": deliver, "no_consumers": true, "jsck": true, "chunk_size": snapshotChunk, "window_size": snapshotWindow}
	if err := t.ask(ctx, t.from, "$JS.API.STREAM.SNAPSHOT."+t.stream, request, &kept); err != nil {
		return fmt.Errorf("it can't be read: %w", err)
	}
	info := &streamInfo{Config: kept.Config}
	there, err := t.compare(ctx, info)
	if err != nil || there {
		return err
	}
	if err := t.prepare(info); err != nil {
		return err
	}
	var restore struct {
		Deliver string `json:"deliver_subject"`
	}
	if err := t.ask(ctx, t.to, "$JS.API.STREAM.RESTORE."+t.stream, map[string]any{"config": kept.Config, "state": kept.State}, &restore); err != nil {
		return err
	}
	if err := t.copy(ctx, chunks, restore.Deliver); err != nil {
		return err
	}
	t.broker.config.Log.Info("what this node has kept alone is in the cluster now", "stream", t.stream, "last", t.last)
	return nil
}

const (
	snapshotChunk  = 64 << 10
	snapshotWindow = 4 << 20
)

// compare tells whether the stream is in the cluster already, and refuses to mix it with another one.
func (t *taking) compare(ctx context.Context, mine *streamInfo) (there bool, err error) {
	body, err := (&Log{broker: t.broker, stream: t.stream}).askLeader(ctx, "STREAM.INFO", nil)
	if err != nil {
		return false, err
	}
	theirs := new(streamInfo)
	if err := unmarshalAPI(body, theirs); err != nil {
		if isCode(err, codeStreamNotFound) {
			return false, nil
		}
		return false, err
	}
	ourMeta, err := setting[map[string]string](mine, "metadata")
	if err != nil {
		return false, err
	}
	theirMeta, err := setting[map[string]string](theirs, "metadata")
	if err != nil {
		return false, err
	}
	if theirMeta[metaOrigin] == ourMeta[metaEpoch] && theirs.State.Last >= t.last {
		return true, nil // brought here before something stopped us
	}
	return false, errors.New("the cluster has one of that name already, from elsewhere; start the node whose log is to be kept first, with cluster.peers naming it alone, " +
		"and the others, which name it among their peers, when it serves; or move the directory away to do without what is in it")
}

// prepare makes the configuration one for the cluster.
func (t *taking) prepare(info *streamInfo) error {
	meta, err := setting[map[string]string](info, "metadata")
	if err != nil {
		return err
	}
	meta[metaOrigin] = meta[metaEpoch]
	if !t.clean && meta[metaBoot] != t.broker.config.bootID {
		meta[metaEpoch] = newEpoch() // the newest messages may have gone with the machine
	}
	delete(meta, metaBoot)
	replicas := replicasFor(t.broker.engine.Membership().Known, t.broker.config.Replicas)
	for key, value := range map[string]any{"metadata": meta, "num_replicas": replicas} {
		if info.Config[key], err = json.Marshal(value); err != nil {
			return err
		}
	}
	return nil
}

// copy passes the pieces on, each of which is acknowledged on both sides.
func (t *taking) copy(ctx context.Context, chunks <-chan *nats.Msg, to string) error {
	for {
		var chunk *nats.Msg
		select {
		case chunk = <-chunks:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if status := chunk.Header.Get("Status"); len(chunk.Data) == 0 && slices.Contains([]string{"408", "500"}, status) {
			return fmt.Errorf("it can't be read to its end: %s", chunk.Header.Get("Description"))
		}
		answer, err := t.to.RequestWithContext(ctx, to, chunk.Data)
		if err != nil {
			return err
		}
		if len(answer.Data) > 0 {
			if err := unmarshalAPI(answer.Data, &struct{}{}); err != nil {
				return err
			}
		}
		if len(chunk.Data) == 0 {
			return nil
		}
		if chunk.Reply != "" {
			if err := chunk.Respond(nil); err != nil {
				return err
			}
		}
	}
}

// ask makes a request to JetStream.
func (t *taking) ask(ctx context.Context, conn *nats.Conn, subject string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	said, err := conn.RequestWithContext(ctx, subject, body)
	if err != nil {
		return err
	}
	return unmarshalAPI(said.Data, answer)
}

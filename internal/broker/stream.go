package broker

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// What is noted in a stream's metadata.
const (
	metaLog     = "holdfast-log"     // the log's name
	metaEpoch   = "holdfast-epoch"   // made with the stream
	metaSettled = "holdfast-settled" // logState.settled, or unsettled
	metaBoot    = "holdfast-boot"    // of the embedded engine: when the machine was started that last opened the log

	metaOrigin = "holdfast-origin" // of one that a node has kept alone: the epoch that it had

	// unsettled stands while the count is being raised, so that a crash in between is not forgotten.
	unsettled = "unsettled"
)

const (
	codeStreamNotFound = 10059
	codeStreamExists   = 10058
	codeNoPeers        = 10005
	codeNotEnoughPeers = 10074
	epochBytes         = 8
)

// streamInfo is the part of JetStream's answer about a stream that we use. The configuration is kept
// whole, so that an update changes only what we mean to.
type streamInfo struct {
	Config map[string]json.RawMessage `json:"config"`
	State  struct {
		First    uint64            `json:"first_seq"`
		Last     uint64            `json:"last_seq"`
		Messages int64             `json:"messages"`
		Bytes    int64             `json:"bytes"`
		Subjects map[string]uint64 `json:"subjects"`
		Count    int               `json:"num_subjects"`
	} `json:"state"`
	Cluster streamCluster `json:"cluster"`

	near bool // this node said so by itself, and not the leader
}

// setting reads one setting of the stream.
func setting[T any](info *streamInfo, key string) (value T, err error) {
	if raw, ok := info.Config[key]; ok {
		err = json.Unmarshal(raw, &value)
	}
	return value, err
}

// info asks for the state of the stream. A filter that is not empty asks for its channels too.
func (l *Log) info(ctx context.Context, filter string) (*streamInfo, error) {
	if filter == "" && l.broker.without() != nil {
		return l.nearInfo()
	}
	var body []byte
	if filter != "" {
		body = appendJSONString([]byte(`{"subjects_filter":`), filter)
		body = append(body, '}')
	}
	return l.api(ctx, "STREAM.INFO", body)
}

// api makes a request about the stream.
func (l *Log) api(ctx context.Context, request string, body []byte) (*streamInfo, error) {
	answer, err := l.askLeader(ctx, request, body)
	if err != nil {
		return nil, err
	}
	info := new(streamInfo)
	if err := unmarshalAPI(answer, info); err != nil {
		return nil, err
	}
	return info, nil
}

// configure creates the stream, or changes it to the retention given. The caller holds Broker.mu.
func (l *Log) configure(ctx context.Context, r Retention) error {
	if r.Count < 0 || r.Age < 0 || r.Bytes < 0 {
		return errors.New("a retention cannot be negative")
	}
	info, err := l.info(ctx, "")
	if isCode(err, codeStreamNotFound) {
		info, err = l.create(ctx, r)
		if isCode(err, codeStreamExists) { // another node was faster
			info, err = l.info(ctx, "")
		}
	}
	if err != nil {
		return err
	}
	return l.adopt(ctx, info, r)
}

func isCode(err error, code int) bool {
	var refusal *apiError
	return errors.As(err, &refusal) && refusal.Code == code
}

func (l *Log) create(ctx context.Context, r Retention) (*streamInfo, error) {
	config := l.wanted(r)
	meta := map[string]string{metaLog: l.name, metaEpoch: newEpoch(), metaSettled: "0"}
	switch {
	case l.broker.config.Cluster != nil:
		config["num_replicas"] = replicasFor(l.broker.engine.Membership().Known, l.broker.config.Replicas)
	case l.broker.engine != nil:
		meta[metaBoot] = l.broker.config.bootID
	}
	config["metadata"] = meta
	info, err := l.createAs(ctx, config)
	if isCode(err, codeNoPeers) || isCode(err, codeNotEnoughPeers) { // not all of those known are there; the raiser sees to it
		config["num_replicas"] = 1
		info, err = l.createAs(ctx, config)
	}
	return info, err
}

func (l *Log) createAs(ctx context.Context, config map[string]any) (*streamInfo, error) {
	body, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	return l.api(ctx, "STREAM.CREATE", body)
}

// wanted is the configuration of the stream but for its metadata.
func (l *Log) wanted(r Retention) map[string]any {
	c := l.broker.config
	return map[string]any{
		"name":                 l.stream,
		"subjects":             []string{l.subjects + ">"},
		"retention":            "limits",
		"discard":              "old",
		"storage":              "file",
		"max_msgs_per_subject": orUnlimited(int64(r.Count)),
		"max_bytes":            orUnlimited(r.Bytes),
		"max_msgs":             -1,
		"max_consumers":        -1,
		"max_age":              r.Age,
		"max_msg_size":         c.maxRecordBytes(),
		// JetStream refuses a window that is longer than the age.
		"duplicate_window": shorter(c.DuplicateWindow, r.Age),
		"allow_direct":     true,
		"republish":        republish{From: l.subjects + ">", To: l.live + ">"},
		// Nothing may vanish from the middle of a channel: nobody could tell, and no gap is to be silent. A channel is
		// purged by a mark that takes the place of its messages (see lost.go).
		"deny_delete":       true,
		"deny_purge":        false,
		"allow_rollup_hdrs": true,
	}
}

// republish is that setting in the order in which JetStream writes it, so that update sees no change
// where there is none.
type republish struct {
	From string `json:"src"`
	To   string `json:"dest"`
}

func orUnlimited(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

func shorter(window, age time.Duration) time.Duration {
	if age == 0 {
		return window
	}
	return min(window, age)
}

// adopt brings the stream that is there to the retention, and takes on what is known of it.
func (l *Log) adopt(ctx context.Context, info *streamInfo, r Retention) error {
	meta, err := setting[map[string]string](info, "metadata")
	if err != nil || meta[metaEpoch] == "" {
		return fmt.Errorf("the stream %s was not made by Holdfast; rename or remove it", l.stream)
	}
	kept, err := setting[int](info, "max_msgs_per_subject")
	if err != nil {
		return fmt.Errorf("the configuration of the stream %s cannot be read: %w", l.stream, err)
	}
	kept = max(kept, 0)
	if boot := l.broker.config.bootID; !l.broker.Shared() && meta[metaBoot] != boot {
		if !l.broker.engine.Clean() {
			l.broker.config.Log.Warn("the machine went down with the log open, so the newest messages may be lost; positions from before are not valid any more", "log", l.name)
			meta[metaEpoch] = newEpoch()
		}
		meta[metaBoot] = boot
	}
	if err := l.outage(ctx, info, meta); err != nil {
		return err
	}
	state := logState{epoch: meta[metaEpoch], age: r.Age, count: lowerCount(kept, r.Count)}
	if state.settled, err = strconv.ParseUint(meta[metaSettled], 10, 64); err != nil {
		state.settled = ^uint64(0) // a raise was not finished: nothing is known
	}
	l.state.Store(&state)

	raised := kept != r.Count && lowerCount(kept, r.Count) == kept
	if raised {
		meta[metaSettled] = unsettled
	}
	wanted := l.wanted(r)
	if forGood, err := setting[bool](info, "deny_purge"); err != nil || forGood {
		// A log from before channels could be purged, which JetStream can't be made to allow.
		delete(wanted, "deny_purge")
		delete(wanted, "allow_rollup_hdrs")
	}
	if info, err = l.update(ctx, info, wanted, meta); err != nil {
		return err
	}
	settled := state // with the new count
	settled.count = r.Count
	if meta[metaSettled] == unsettled {
		settled.settled = info.State.Last
		meta[metaSettled] = strconv.FormatUint(settled.settled, 10)
		if _, err = l.update(ctx, info, nil, meta); err != nil {
			return err
		}
	}
	l.state.Store(&settled)
	return nil
}

// lowerCount returns the count that keeps less. Zero keeps all.
func lowerCount(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// update changes settings of the stream. It asks nothing of the server if nothing changes.
func (l *Log) update(ctx context.Context, info *streamInfo, changes map[string]any, meta map[string]string) (*streamInfo, error) {
	config := maps.Clone(info.Config)
	same := true
	set := func(key string, value any) error {
		raw, err := json.Marshal(value)
		if err == nil && string(config[key]) != string(raw) {
			config[key], same = raw, false
		}
		return err
	}
	for key, value := range changes {
		if err := set(key, value); err != nil {
			return nil, err
		}
	}
	if err := set("metadata", meta); err != nil {
		return nil, err
	}
	if same {
		return info, nil
	}
	body, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	return l.api(ctx, "STREAM.UPDATE", body)
}

func newEpoch() string {
	return strings.ToLower(rand.Text()[:epochBytes])
}

// appendJSONString appends a subject as JSON. Subjects of ours hold no control characters, but may
// hold quotes and backslashes.
func appendJSONString(dst []byte, subject string) []byte {
	quoted, err := json.Marshal(subject)
	if err != nil {
		panic(err) // strings cannot fail
	}
	return append(dst, quoted...)
}

// headerNumber reads a number from a header of NATS, 0 if there is none.
func headerNumber(m *nats.Msg, key string) uint64 {
	n, err := strconv.ParseUint(m.Header.Get(key), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

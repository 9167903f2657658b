package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// without returns what is known about a missing majority, nil if there is one. What this node has can be read without.
func (b *Broker) without() error {
	if b.quorum == nil {
		return nil
	}
	return b.quorum.loss()
}

const (
	leaderTimeout = time.Second // for one answer of a leader, who may have just gone
	leaderPause   = 50 * time.Millisecond
)

// askLeader makes a request about the log to its leader, or to the one of all nodes. In a cluster there may be none for a
// moment, so that nobody answers, or it is refused: then it is made again, for up to answerTimeout.
func (l *Log) askLeader(ctx context.Context, request string, body []byte) ([]byte, error) {
	subject := "$JS.API." + request + "." + l.stream
	if l.broker.quorum == nil {
		return l.reader().ask(ctx, subject, body)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		try, stop := context.WithTimeoutCause(ctx, leaderTimeout, errNoLeader)
		answer, err := l.reader().ask(try, subject, body)
		stop()
		if err == nil {
			err = unmarshalAPI(answer, &struct{}{})
			if !isCode(err, codeClusterUnavailable) && !isCode(err, codeClusterNotLeader) {
				return answer, nil
			}
		}
		if lost := l.broker.without(); lost != nil {
			return nil, unavailable(lost)
		}
		if !errors.Is(err, errNoLeader) && errors.Is(err, ErrUnavailable) {
			return nil, err
		}
		select {
		case <-time.After(leaderPause):
		case <-ctx.Done():
			return nil, unavailable(err)
		}
	}
}

// nearInfo is what this node knows of the log by itself.
func (l *Log) nearInfo() (*streamInfo, error) {
	all, err := l.broker.nearStreams()
	if err != nil {
		return nil, unavailable(err)
	}
	for _, info := range all {
		if name, err := setting[string](info, "name"); err == nil && name == l.stream {
			info.near = true
			return info, nil
		}
	}
	return nil, unavailable(errors.New("this node has no replica of it"))
}

// nearStreams is what this node knows of all streams that it has.
func (b *Broker) nearStreams() ([]*streamInfo, error) {
	details, err := b.engine.Streams()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(details)
	if err != nil {
		return nil, err
	}
	var all []*streamInfo
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, fmt.Errorf("what this node knows of the logs cannot be read: %w", err)
	}
	return all, nil
}

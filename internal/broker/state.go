package broker

import "context"

// State is how much a log keeps.
type State struct {
	Messages int64  // with the marks of purges
	Bytes    int64  // as stored
	Last     uint64 // offset of the newest message, kept or not
}

// State asks the log how much it keeps.
func (l *Log) State(ctx context.Context) (State, error) {
	info, err := l.info(ctx, "")
	if err != nil {
		return State{}, unavailable(err)
	}
	return State{Messages: info.State.Messages, Bytes: info.State.Bytes, Last: info.State.Last}, nil
}

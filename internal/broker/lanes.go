package broker

import (
	"errors"
	"slices"
	"time"
)

var errStopping = errors.New("the server is stopping")

// open gives a log of a cluster its lane.
func (w *writer) open(l *Log) {
	if w.quorum == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l.lane = &lane{log: l, writer: w, newest: map[publisher]*letter{}}
	w.lanes = append(w.lanes, l.lane)
}

// refusal says why a log can't store anything now; nil if it can. In a cluster another node may store what this one can't,
// unless no majority agrees; but a disk that is full is left alone.
func (w *writer) refusal(l *Log) error {
	if w.quorum != nil {
		if lost := w.quorum.loss(); lost != nil {
			return unavailable(lost)
		}
		if err := w.engine.Refusal(""); err != nil {
			return engineError(err)
		}
		return nil
	}
	if w.engine != nil {
		if err := w.engine.Refusal(l.stream); err != nil {
			return engineError(err)
		}
	}
	return nil
}

// sweepLanes looks after the lanes until no message is in flight.
func (w *writer) sweepLanes() {
	tick := time.NewTicker(laneInterval)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			lost := w.quorum.loss()
			for _, n := range w.allLanes() {
				n.look(now, lost)
			}
		case <-w.drained:
			for _, n := range w.allLanes() {
				n.look(time.Now(), errStopping)
			}
			return
		}
	}
}

func (w *writer) allLanes() []*lane {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lanes)
}

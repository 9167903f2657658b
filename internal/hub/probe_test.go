package hub

import (
	"testing"
	"time"
)

func TestAProbeReachesWhoSentItAndNobodyElse(t *testing.T) {
	h := New()
	defer h.Close()
	var mine, all, same inbox
	h.SubscribeAll("#", &all)
	h.Subscribe("probe", &same)
	before := h.Counts()
	h.Probe(text("probe", "hello"), &mine)
	mine.want(t, "hello")
	all.want(t)
	same.want(t)
	if after := h.Counts(); after != before {
		t.Errorf("counted: %+v, before %+v", after, before)
	}
}

func TestAProbeOfAStuckHubDoesNotReturn(t *testing.T) {
	h := New()
	defer h.Close()
	var mine inbox
	returned := make(chan struct{})
	h.mu.Lock()
	go func() {
		h.Probe(text("probe", "hello"), &mine)
		close(returned)
	}()
	select {
	case <-returned:
		t.Error("it returned")
	case <-time.After(20 * time.Millisecond):
	}
	h.mu.Unlock()
	<-returned
	mine.want(t, "hello")
}

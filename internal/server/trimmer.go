package server

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// trimmer gives memory back to the system when the server has become quiet. Go collects garbage when
// the heap has doubled, so what a wave of handshakes or a burst has left stays for as long as nothing
// happens: several times what idle connections need.
type trimmer struct {
	samples []metrics.Sample
	before  uint64 // bytes ever allocated, a period ago
}

const (
	trimPeriod = time.Second
	quietBytes = 1 << 20 // allocated in a period: less is quiet
	trimBytes  = 2 << 20 // to be won, at least: a collection costs CPU time
	trimShare  = 8       // and at least this part of what is in use
)

func newTrimmer() *trimmer {
	return &trimmer{samples: []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}}
}

// run trims until ctx ends. Cost: one reading of metrics a second, and a collection after each
// period of activity.
func (t *trimmer) run(ctx context.Context) {
	tick := time.NewTicker(trimPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			metrics.Read(t.samples)
			if t.due(t.samples[0].Value.Uint64(), t.samples[1].Value.Uint64(), t.samples[2].Value.Uint64(), t.samples[3].Value.Uint64()) {
				debug.FreeOSMemory()
			}
		}
	}
}

// due tells whether to collect, from the bytes that were ever allocated, that were in use at the last
// collection, that objects take now, garbage included, and that are free but not given back.
func (t *trimmer) due(allocated, live, objects, free uint64) bool {
	quiet := allocated-t.before < quietBytes
	t.before = allocated
	garbage := objects - min(live, objects)
	return quiet && garbage+free > max(trimBytes, live/trimShare)
}

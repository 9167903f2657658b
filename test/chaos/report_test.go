package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// report is how it went for a crowd, or for several.
type report struct {
	Clients, Cuts int
	Published     int // messages
	Overtaken     int // of those, by later ones of speakers that are not patient
	Expected      int // deliveries, in channels with history
	Delivered     int
	Repeated      int
	Misordered    int
	Foreign       int // that were not published, or not there
	Plain         int // deliveries in channels without history
	Missed        int // there, and told
	Samples       samples
	Faults        faults

	expected map[*follower][]stored
}

func (r *report) add(more *report) {
	r.Clients += more.Clients
	r.Cuts += more.Cuts
	r.Published += more.Published
	r.Overtaken += more.Overtaken
	r.Expected += more.Expected
	r.Delivered += more.Delivered
	r.Repeated += more.Repeated
	r.Misordered += more.Misordered
	r.Foreign += more.Foreign
	r.Plain += more.Plain
	r.Missed += more.Missed
	r.Samples.add(&more.Samples)
	r.Faults.addAll(&more.Faults)
}

// flawless tells whether everything came once and in order, and nothing else is wrong.
func (r *report) flawless() bool {
	return r.Faults.Count == 0 && r.Expected > 0 && r.Delivered == r.Expected && r.Repeated == 0 && r.Misordered == 0 && r.Foreign == 0
}

func (r *report) String() string {
	var b strings.Builder
	row := func(name, format string, values ...any) {
		fmt.Fprintf(&b, "%-34s %s\n", name, fmt.Sprintf(format, values...))
	}
	row("clients, connections cut", "%d, %d", r.Clients, r.Cuts)
	row("published, overtaken after refusal", "%d, %d", r.Published, r.Overtaken)
	row("deliveries due", "%d", r.Expected)
	row("delivered", "%.4f %%", 100*float64(r.Delivered)/float64(max(r.Expected, 1)))
	row("twice, out of order, foreign", "%d, %d, %d", r.Repeated, r.Misordered, r.Foreign)
	row("without history: came, missed", "%d, %d and told so", r.Plain, r.Missed)
	row("connect answered → all live", "%s", quantiles(r.Samples.Replay))
	row("connection opened → all live", "%s", quantiles(r.Samples.Opened))
	row("end of outage → all live", "%s", quantiles(r.Samples.Outage))
	row("cut before all was live", "%d, %v at most since connect was answered", r.Samples.CutOff, r.Samples.CutLate.Round(time.Millisecond))
	if r.Faults.Count > 0 {
		row("faults", "%d\n  %s", r.Faults.Count, strings.Join(r.Faults.First, "\n  "))
	}
	return b.String()
}

func quantiles(all []time.Duration) string {
	if len(all) == 0 {
		return "never"
	}
	slices.Sort(all)
	at := func(q float64) time.Duration {
		return all[min(int(q*float64(len(all))), len(all)-1)].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v, max %v (%d)", at(0.5), at(0.99), all[len(all)-1].Round(100*time.Microsecond), len(all))
}

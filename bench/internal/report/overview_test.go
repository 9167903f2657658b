package report

import (
	"strings"
	"testing"
)

func TestAnOverviewComparesUsWithEachRivalUnderEachLoad(t *testing.T) {
	r := New("Servers")
	r.Overview = true
	fast := rates()
	fast.Goals = []Goal{{Peer: "fast", Value: 1.5}, {Peer: "slow", Value: 3.1}, {Peer: "broken", Value: 1}}
	lean := &Table{Title: "idle", Memory: true, Goals: []Goal{{Value: 5120}}, Rows: []Row{
		{Peer: "ours", Role: Own, Value: values(4_000, 4_000, 4_000)},
		{Peer: "slow", Role: Rival, Value: values(2_000, 2_000, 2_000)},
	}}
	r.Tables = []*Table{fast, lean, {Title: "ours failed", Rows: []Row{{Peer: "ours", Role: Own, Err: "so"}}}}
	want := `
| | ours | × slow | × broken | × fast | goal |
|---|---:|---:|---:|---:|---|
| echo <64 B> & more | 300k | 3.00× | – | 1.50× | ≥ 1.50× fast: reached, ≥ 3.10× slow: **missed** |
| idle | 4.00k | 2.00× | – | – | ≤ 5.12k: reached |
`
	if got := r.Markdown(false); !strings.Contains(got, want+"\n###") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWithoutAnOverviewThereIsNone(t *testing.T) {
	r := New("Engines")
	r.Tables = []*Table{rates()}
	if got := r.Markdown(false); strings.Contains(got, "goal") {
		t.Error(got)
	}
}

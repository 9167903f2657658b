package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/plan"
)

// runPlan runs the verb, and returns what it prints.
func runPlan(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	cmd := newPlan(streams{out: &out})
	cmd.SetArgs(args)
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTheDocumentationShowsWhatPlanPrints(t *testing.T) {
	page, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "$ holdfast plan ")
	command, rest, _ := strings.Cut(rest, "\n")
	shown, _, _ := strings.Cut(rest, "```")
	if got := runPlan(t, strings.Fields(command)...); shown != got {
		t.Errorf("docs/scaling.md shows\n%s\nand it prints\n%s", shown, got)
	}
}

func TestPlanInJSONIsThePlan(t *testing.T) {
	var p plan.Plan
	if err := json.Unmarshal([]byte(runPlan(t, "--connections", "1e6", "--fanout", "200", "--memory", "64GiB", "--keep", "7d", "--json")), &p); err != nil {
		t.Fatal(err)
	}
	if p.Load.Connections != 1e6 || p.Load.Keep.Hours() != 7*24 || p.Machine.Memory != 64<<30 || p.Nodes < plan.FewestNodes || len(p.Uses) == 0 || p.Node.Cores == 0 {
		t.Errorf("%+v", p)
	}
}

func TestPlanSaysWhenNoNumberOfNodesIsEnoughAndWhatHelps(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--messages 1e6", "First to give: the logs"},
		{"--messages 1e6 --history 0", "more nodes do not help, but several clusters do"},
		{"--connections 1e9 --fanout 1 --memory 1GiB", "First to give: memory"},
		{"--connections 1e6 --fanout 1e4 --size 1MiB --network 1 --history 0", "First to give: the network"},
		{"--connections 1e8 --back 1s --memory 1TiB", "by clients of a lost node"},
	} {
		got := runPlan(t, strings.Fields(c.args)...)
		if !strings.HasPrefix(got, "Even 32 nodes do not carry it") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q is not in\n%s", c.args, c.want, got)
		}
	}
}

func TestPlanRefusesNonsense(t *testing.T) {
	for _, args := range []string{"--connections 5 --fanout 10", "--history 2", "--cores 0", "--keep never", "--memory much", "--back 0s"} {
		cmd := newPlan(streams{out: new(strings.Builder)})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(strings.Fields(args))
		if err := cmd.Execute(); err == nil {
			t.Errorf("%s makes sense", args)
		}
	}
}

package test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// none is the list of packages that a room with nothing of ours below it may import.
var none = []string{}

// room is a package with the packages below it, which may import each other freely.
type room struct {
	// packages is a path inside the module; a last element "*" makes every package in that
	// folder a room of its own.
	packages string
	floor    int
	// only, if not nil, lists the packages of ours (and those below them) that this one may
	// import, whatever their floor. Otherwise a room may import from every lower floor.
	only []string
	// stdOnly forbids modules of others, save in tests.
	stdOnly bool
}

// floorplan is the rooms of the house. Where several match a package, the longest path wins.
type floorplan []room

// pkg is a package, given by its path inside the module, and what its files import.
type pkg struct {
	path        string
	imports     []string
	testImports []string // by its _test.go files, those of the external test package included
}

// check returns one sentence for every package without a floor and every import that the plan
// does not allow.
func (p floorplan) check(tree []pkg) []string {
	var faults []string
	fault := func(sentence string) {
		if sentence != "" && !slices.Contains(faults, sentence) {
			faults = append(faults, sentence)
		}
	}
	for _, by := range tree {
		from, found := p.find(by.path)
		if !found {
			fault(by.path + hasNoFloor)
			continue
		}
		for _, path := range by.imports {
			if from.stdOnly && isOfAnotherModule(path) {
				fault(fmt.Sprintf("%s imports %s, but uses the standard library alone; do without it, or move what needs it to a higher floor", by.path, path))
			}
		}
		for _, path := range slices.Concat(by.imports, by.testImports) {
			if target, ours := strings.CutPrefix(path, module+"/"); ours {
				fault(p.checkImport(by.path, from, target))
			}
		}
	}
	return faults
}

const hasNoFloor = " has no floor; give it one in test/floors_test.go"

// checkImport returns what is wrong with one package of ours importing another, or "".
func (p floorplan) checkImport(by string, from room, target string) string {
	to, found := p.find(target)
	if !found {
		return target + hasNoFloor
	}
	var rule string
	switch {
	case from.packages == to.packages:
		return ""
	case from.only != nil:
		if slices.ContainsFunc(from.only, func(allowed string) bool { return within(target, allowed) }) {
			return ""
		}
		rule = "of ours it may import only: " + cmp.Or(strings.Join(from.only, ", "), "nothing")
	case from.floor <= to.floor:
		rule = "a package imports only from floors below its own"
	default:
		return ""
	}
	return fmt.Sprintf("%s (floor %d) imports %s (floor %d), but %s; move what both need further down, or declare an interface where it is used",
		by, from.floor, target, to.floor, rule)
}

// find returns the room of a package, with its "*" filled in.
func (p floorplan) find(pkg string) (best room, found bool) {
	for _, r := range p {
		if folder, each := strings.CutSuffix(r.packages, "/*"); each {
			child, below := strings.CutPrefix(pkg, folder+"/")
			if !below {
				continue
			}
			child, _, _ = strings.Cut(child, "/")
			r.packages = folder + "/" + child
		}
		// A room named in full comes before one that "*" makes of the same package, by its
		// place in the plan.
		if within(pkg, r.packages) && (!found || len(r.packages) > len(best.packages)) {
			best, found = r, true
		}
	}
	return best, found
}

// within says whether pkg is folder or below it.
func within(pkg, folder string) bool {
	return pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// isOfAnotherModule says whether an import path is neither ours nor of the standard library,
// whose paths are the ones that do not begin with a domain name.
func isOfAnotherModule(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return strings.Contains(first, ".") && !within(importPath, module)
}

func TestTheFloorCheckFindsEachKindOfFault(t *testing.T) {
	const (
		our       = module + "/"
		remedy    = "; move what both need further down, or declare an interface where it is used"
		belowOnly = ", but a package imports only from floors below its own" + remedy
	)
	for _, test := range []struct {
		name   string
		by     string
		path   string
		inTest bool
		fault  string // "" if the import is fine
	}{
		{"down is fine", "internal/server", our + "internal/hub", false, ""},
		{"the standard library is fine anywhere", "websocket/internal/wire", "encoding/binary", false, ""},
		{"up is not", "internal/hub", our + "internal/session", false,
			"internal/hub (floor 2) imports internal/session (floor 3)" + belowOnly},
		{"up is not in a test either", "internal/hub", our + "internal/session", true,
			"internal/hub (floor 2) imports internal/session (floor 3)" + belowOnly},
		{"a room on the same floor is not", "internal/certs", our + "internal/config", false,
			"internal/certs (floor 1) imports internal/config (floor 1)" + belowOnly},
		{"edges do not know each other", "internal/edge/mqtt", our + "internal/edge/signalr", false,
			"internal/edge/mqtt (floor 5) imports internal/edge/signalr (floor 5)" + belowOnly},
		{"nor the console", "internal/edge/admin", our + "internal/console", false,
			"internal/edge/admin (floor 5) imports internal/console (floor 5)" + belowOnly},
		{"an edge may be several packages", "internal/edge/signalr", our + "internal/edge/signalr/msgpack", false, ""},
		{"a package below a room has its floor", "internal/hub/match", our + "internal/server", false,
			"internal/hub/match (floor 2) imports internal/server (floor 6)" + belowOnly},
		{"a like-named neighbour is not below it", "internal/hubbub", "fmt", false,
			"internal/hubbub has no floor; give it one in test/floors_test.go"},
		{"a package without a floor may not be imported", "internal/server", our + "internal/misc", false,
			"internal/misc has no floor; give it one in test/floors_test.go"},
		{"the module's root has no floor", ".", "fmt", false,
			". has no floor; give it one in test/floors_test.go"},
		{"nobody imports the tests of the whole", "internal/server", our + "test/browser", true,
			"internal/server (floor 6) imports test/browser (floor 8)" + belowOnly},
		{"the tests of the whole import anything", "test/browser", our + "cmd/holdfast", true, ""},
		{"and each other", "test/browser", our + "test/harness", true, ""},

		{"the engine uses its inner packages", "websocket", our + "websocket/internal/outbox", false, ""},
		{"the engine imports nothing else of ours", "websocket", our + "internal/channel", false,
			"websocket (floor 0) imports internal/channel (floor 0), but of ours it may import only: websocket/internal" + remedy},
		{"its inner packages may use the frame codec", "websocket/internal/outbox", our + "websocket/internal/wire", false, ""},
		{"but not each other", "websocket/internal/outbox", our + "websocket/internal/handshake", false,
			"websocket/internal/outbox (floor 0) imports websocket/internal/handshake (floor 0), but of ours it may import only: websocket/internal/wire" + remedy},
		{"nor the engine", "websocket/internal/handshake", our + "websocket", true,
			"websocket/internal/handshake (floor 0) imports websocket (floor 0), but of ours it may import only: websocket/internal/wire" + remedy},
		{"the frame codec imports nothing of ours", "websocket/internal/wire", our + "websocket/internal/outbox", false,
			"websocket/internal/wire (floor 0) imports websocket/internal/outbox (floor 0), but of ours it may import only: nothing" + remedy},
		{"the client SDK uses the engine and the protocol", "client", our + "protocol", false, ""},
		{"but nothing internal", "client", our + "internal/channel", false,
			"client (floor 1) imports internal/channel (floor 0), but of ours it may import only: protocol, websocket" + remedy},

		{"the engine uses no module of others", "websocket", "golang.org/x/sys/unix", false,
			"websocket imports golang.org/x/sys/unix, but uses the standard library alone; do without it, or move what needs it to a higher floor"},
		{"nor do its inner packages", "websocket/internal/outbox", "golang.org/x/sys/unix", false,
			"websocket/internal/outbox imports golang.org/x/sys/unix, but uses the standard library alone; do without it, or move what needs it to a higher floor"},
		{"save in tests", "websocket", "go.uber.org/goleak", true, ""},
		{"higher floors may", "internal/certs", "github.com/smallstep/truststore", false, ""},
		{"a longer module path is not ours", "internal/certs", module + "-extras/internal/hub", false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			importer := pkg{path: test.by, imports: []string{test.path}}
			if test.inTest {
				importer = pkg{path: test.by, testImports: []string{test.path}}
			}
			got := strings.Join(house.check([]pkg{importer}), "\n")
			if got != test.fault {
				t.Errorf("%s importing %s: the check says\n  %q\nwant\n  %q", test.by, test.path, got, test.fault)
			}
		})
	}
}

func TestTheFloorCheckFindsAPackageThatImportsNothing(t *testing.T) {
	got := house.check([]pkg{{path: "internal/misc"}, {path: "internal/hub"}})
	if want := []string{"internal/misc" + hasNoFloor}; !slices.Equal(got, want) {
		t.Errorf("the check says %q; want %q", got, want)
	}
}

func TestTheFloorCheckSaysAFaultOnce(t *testing.T) {
	server := module + "/internal/server"
	got := house.check([]pkg{{path: "internal/hub", imports: []string{server, server}, testImports: []string{server}}})
	if len(got) != 1 {
		t.Errorf("the check says %q; want one sentence", got)
	}
}

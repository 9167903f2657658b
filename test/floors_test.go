// Package test holds the tests that span packages. This file and floorplan_test.go keep the house
// of docs/architecture.md true: a package imports only from floors below its own.
package test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/holdfast-dev/holdfast"

// house gives each package its floor. A new package gets its floor here.
var house = floorplan{
	{packages: "internal/channel", floor: 0, only: none, stdOnly: true},
	{packages: "internal/engine", floor: 0, only: none},
	{packages: "internal/plan", floor: 0, only: none, stdOnly: true},
	{packages: "internal/schema", floor: 0, only: none},
	{packages: "internal/edge/mqtt/packet", floor: 0, only: none, stdOnly: true},
	{packages: "protocol", floor: 0, only: none},
	{packages: "websocket", floor: 0, only: []string{"websocket/internal"}, stdOnly: true},
	{packages: "websocket/enableh2", floor: 0, only: []string{"websocket"}, stdOnly: true},
	{packages: "websocket/examples/*", floor: 0, only: []string{"websocket"}},
	{packages: "websocket/h2", floor: 0, only: []string{"websocket", "websocket/internal"}},
	{packages: "websocket/h3", floor: 0, only: []string{"websocket", "websocket/internal"}},
	{packages: "websocket/internal/carriertest", floor: 0, only: []string{"websocket"}, stdOnly: true},
	{packages: "websocket/internal/wire", floor: 0, only: none, stdOnly: true},
	{packages: "websocket/internal/*", floor: 0, only: []string{"websocket/internal/wire"}, stdOnly: true},

	{packages: "internal/auth", floor: 1},
	{packages: "internal/broker", floor: 1},
	{packages: "internal/broker/together", floor: 2},
	{packages: "internal/certs", floor: 1},
	{packages: "internal/cluster", floor: 1},
	{packages: "internal/config", floor: 1},
	{packages: "internal/health", floor: 1, only: none, stdOnly: true},
	{packages: "internal/policy", floor: 1},
	{packages: "internal/site", floor: 1},
	{packages: "internal/telemetry", floor: 1},
	{packages: "client", floor: 1, only: []string{"protocol", "websocket"}},
	{packages: "client/webhook", floor: 1, only: none, stdOnly: true},

	{packages: "docs/snippets/go/*", floor: 2, only: []string{"client"}},
	{packages: "examples", floor: 2, only: []string{"client", "examples"}},
	{packages: "internal/hooks", floor: 2},
	{packages: "internal/hub", floor: 2},
	{packages: "internal/session", floor: 3},
	{packages: "internal/edge/door", floor: 4},
	{packages: "internal/edge/relay", floor: 4},
	{packages: "internal/edge/*", floor: 5},
	{packages: "internal/console", floor: 5},
	{packages: "internal/server", floor: 6},
	{packages: "cmd/holdfast", floor: 7},
	{packages: "test", floor: 8}, // free: tests of the whole may use every part of it
}

func TestEveryPackageImportsOnlyFromFloorsBelow(t *testing.T) {
	tree, err := readPackages("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, there := range []string{"cmd/holdfast", "internal/channel", "websocket", "test"} {
		if !slices.ContainsFunc(tree, func(p pkg) bool { return p.path == there }) {
			t.Errorf("package %s was not seen: the tree is not read as it should be", there)
		}
	}
	for _, fault := range house.check(tree) {
		t.Error(fault)
	}
}

// readPackages returns every package of the module at root with what its Go files import.
//
// It reads the files itself instead of asking "go list" so that the files of every operating
// system and build tag count, a package that does not compile yet is checked all the same, and
// the test cache notices a changed file (it sees what this process opens, not what a child does).
func readPackages(root string) ([]pkg, error) {
	byPath := map[string]pkg{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if file != root && isOutsideTheModule(file, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		p := byPath[folder]
		p.path = filepath.ToSlash(folder)
		for _, spec := range syntax.Imports {
			importPath, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if strings.HasSuffix(name, "_test.go") {
				p.testImports = append(p.testImports, importPath)
			} else {
				p.imports = append(p.imports, importPath)
			}
		}
		byPath[folder] = p
		return nil
	})
	return slices.SortedFunc(maps.Values(byPath), func(a, b pkg) int { return strings.Compare(a.path, b.path) }), err
}

// isOutsideTheModule says whether the go command, too, leaves a folder out: hidden ones, test
// data and modules of their own; and what npm installed, which is not ours though it may hold Go.
func isOutsideTheModule(folder, name string) bool {
	if name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

//go:build linux

package main

import (
	"runtime/debug"

	"github.com/holdfast-dev/holdfast/bench/internal/peer"
)

// versions returns the peers' names with the versions that this binary was built with. Our own has
// none: it is the one in the same tree.
func versions(peers []peer.Peer) []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	var list []string
	for _, p := range peers {
		if p.IsFloor() || p.Name == peer.Own {
			continue
		}
		version := "of unknown version"
		for _, module := range info.Deps {
			if module.Path == p.Module {
				version = module.Version
			}
		}
		list = append(list, p.Module+" "+version)
	}
	return list
}

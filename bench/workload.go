//go:build linux

package main

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/bench/internal/load"
	"github.com/holdfast-dev/holdfast/bench/internal/peer"
)

// workload is one of the loads that servers are put under.
type workload struct {
	name   string
	title  string
	kind   peer.Kind
	target load.Target // without the address
	memory bool        // measure memory instead of CPU
	used   int         // of memory: how many messages each connection has echoed before
}

// workloads returns every load. quick makes those that take long by their size smaller.
func workloads(quick bool) []workload {
	echo, broadcast := peer.Echo, peer.Broadcast
	idle, idleTLS := 10_000, 5_000
	if quick {
		idle, idleTLS = 1_000, 500
	}
	return []workload{
		{name: "echo-64-1", title: "echo 64 B, one at a time, 100 connections", kind: echo,
			target: load.Target{Conns: 100, Size: 64, Depth: 1}},
		{name: "echo-64-16", title: "echo 64 B, 16 in flight, 100 connections", kind: echo,
			target: load.Target{Conns: 100, Size: 64, Depth: 16}},
		{name: "echo-16k-1", title: "echo 16 KiB, one at a time, 100 connections", kind: echo,
			target: load.Target{Conns: 100, Size: 16 << 10, Depth: 1}},
		{name: "wss-64-1", title: "wss echo 64 B, one at a time, 100 connections", kind: echo,
			target: load.Target{TLS: true, Conns: 100, Size: 64, Depth: 1}},
		{name: "wss-64-16", title: "wss echo 64 B, 16 in flight, 100 connections", kind: echo,
			target: load.Target{TLS: true, Conns: 100, Size: 64, Depth: 16}},
		{name: "broadcast-1", title: "broadcast 128 B to 1,000 connections, one at a time", kind: broadcast,
			target: load.Target{Conns: 1_000, Size: 128, Depth: 1}},
		{name: "broadcast-16", title: "broadcast 128 B to 1,000 connections, in bursts of 16", kind: broadcast,
			target: load.Target{Conns: 1_000, Size: 128, Depth: 16}},
		{name: "idle-ws", title: fmt.Sprintf("memory of %d ws connections, idle from the beginning", idle), kind: echo,
			target: load.Target{Conns: idle, Size: 64, Depth: 1}, memory: true},
		{name: "used-ws", title: fmt.Sprintf("memory of %d ws connections, idle after a message", idle), kind: echo,
			target: load.Target{Conns: idle, Size: 64, Depth: 1}, memory: true, used: 1},
		{name: "idle-wss", title: fmt.Sprintf("memory of %d wss connections, idle from the beginning", idleTLS), kind: echo,
			target: load.Target{TLS: true, Conns: idleTLS, Size: 64, Depth: 1}, memory: true},
		{name: "used-wss", title: fmt.Sprintf("memory of %d wss connections, idle after a message", idleTLS), kind: echo,
			target: load.Target{TLS: true, Conns: idleTLS, Size: 64, Depth: 1}, memory: true, used: 1},
	}
}

// concerns tells whether a peer is measured under the load: the floor is a floor of CPU time on
// plain sockets only.
func (w *workload) concerns(p peer.Peer) bool {
	return !p.IsFloor() || !w.memory && !w.target.TLS
}

// unit says what the figures of the load are.
func (w *workload) unit() string {
	switch {
	case w.memory:
		return "bytes of server memory per connection"
	case w.kind == peer.Broadcast:
		return "deliveries per server CPU second"
	}
	return "echoes per server CPU second"
}

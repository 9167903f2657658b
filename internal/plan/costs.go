package plan

import "time"

// What things cost, as measured. Processor time was measured on a machine with 2 cores of an AMD EPYC, Linux 6.18, Go 1.26,
// on 21 November 2026, with the kernel's clock of the server's process, user and system, over loopback, while other programs
// kept both cores busy; with a machine of its own it is a fifth less. In bench/:
//
//	go run . servers -peer holdfast -load one-1000,one-1000-4k,one-1000-tls,one-1000-4k-tls,publish-256,open,open-tls,idle,idle-tls
//
// A second of processor time is a core for a second.
const (
	// To send a message to a client, in a system call of its own: loads one-1000 and one-1000-tls. What comes in bursts is sent
	// together, and costs down to a tenth of it.
	deliverSeconds    = 7.1e-6
	deliverSecondsTLS = 9.1e-6

	// And for each byte of it: what one-1000-4k and one-1000-4k-tls take longer.
	deliverByteSeconds    = 0.7e-9
	deliverByteSecondsTLS = 1.6e-9

	// To take in a message by POST, each in a request of its own: load publish-256, without history. By WebSocket it is a third.
	takeSeconds = 19e-6

	// To store it with three copies, for the node that leads its log; for each other one that has a copy; and to hear of it, for
	// every node, whether or not it has somebody for it. Five nodes in a cluster, 300 bytes to each of 1000 channels in turn: the
	// leader of the log used 102 µs for a message, the two with copies 49 µs, and the one without 27 µs.
	storeSeconds = 75e-6
	copySeconds  = 22e-6
	hearSeconds  = 27e-6

	// To hear of one that is not kept, likewise; docs/decisions/0024 has more on it.
	hearLiveSeconds = 4e-6

	// To let a client in, with TLS, WebSocket and subscription: loads open and open-tls.
	openSeconds    = 85e-6
	openSecondsTLS = 565e-6

	// To ping a quiet client and to hear its answer: reckoned as two messages, which is what the kernel has to do.
	pingSeconds  = 2 * deliverSeconds
	pingInterval = 15 * time.Second // limits.ping
)

// Memory.
const (
	// Of the process: load idle, before the clients, with the newest messages of logs that it keeps for who comes back soon (32 MiB
	// each) and the engine's own.
	processBytes = 256 << 20

	// Of a client: loads idle and idle-tls.
	clientBytes    = 5.6e3
	clientBytesTLS = 16.1e3

	// Of the kernel for its socket: what its slabs grew by with 16,000 sockets of TCP.
	socketBytes = 4e3

	// What waits for clients that read slowly: so many of them at a time, with full queues.
	slowShare  = 0.01
	queueBytes = 1 << 20 // limits.send_queue
)

// Bytes on the wire, besides the payload.
const (
	envelopeBytes = 90 // of a message on /socket in JSON: its channel's number, offset and time
	frameBytes    = 4  // RFC 6455, section 5.2, up to 64 KiB
	recordBytes   = 22 // TLS 1.3: header, type and tag; for each 16 KiB
	packetBytes   = 90 // TCP with timestamps, IPv4, Ethernet with preamble and gap; for each 1448 bytes
	packetPayload = 1448
	recordPayload = 16 << 10
	busBytes      = 250 // between nodes, on top of the payload: subject, headers, acknowledgement and their packets
	storedBytes   = 120 // on disk, on top of the payload: subject, headers, index
)

// What one log, which is one thing after another, stores in a second with three copies, at most. Five nodes, a publisher and other
// programs on those two cores stored 3700. A leader with a core of its own has time for twice as many as this.
const logMessages = 5_000

// What of a machine may be used in the worst moment. What is left is for bursts, collection of garbage, and the system.
const (
	usableCores   = 0.7
	usableMemory  = 0.8
	usableNetwork = 0.7
)

// What there may be.
const (
	FewestNodes = 3  // so that two, a majority, are left when one is lost
	MostNodes   = 32 // each is connected to every other and hears every message; more is for several clusters
	MostLogs    = 16 // each is a group that elects its leader; more make failover slow
	Copies      = 3  // cluster.replicas
)

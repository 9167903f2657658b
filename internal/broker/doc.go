// Package broker is the durable log of channels with history, and the bus that carries what is stored
// to every node, on NATS JetStream.
package broker

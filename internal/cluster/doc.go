// Package cluster is the nodes that serve the same channels: who they are, and what they tell and ask each other, over
// core NATS. A node that has no others is a cluster of one, with the same methods, which cost it nothing.
//
// There are three ways to talk. [Cluster.Tell] says something to all other nodes and does not know whether they hear it.
// [Cluster.Ask] gets an answer, or an error within a bounded time. A [Table] has rows that each node puts and all others
// know, however nodes come, go and fall behind: what must become known in the end belongs there.
//
// Who registers a topic does so before [Cluster.Start]. What is heard, and what is told of nodes and tables, is told one
// at a time, in the order in which it came; so who is told must not block, nor call Ask or Close, but may call everything
// else. Bodies are small: see [MaxBodyBytes]. They must be readable by every node of the same minor version: JSON unless
// it is hot, and fields that are not known are ignored.
//
// Strangers do not reach the bus. All the same a body that can't be read is to be logged and dropped.
package cluster

// Package together holds the tests of logs that several nodes keep together. It has a process of its own, because they
// take their time, and because some of the nodes are processes that are killed.
package together

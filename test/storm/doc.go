// Package storm breaks several nodes again and again while a crowd of clients of all kinds publishes and listens through
// them: real processes of the command, each behind proxies, and faults drawn from a seed. All that happens to anybody is
// written down (package record), and judged in the end (package check).
//
// make test runs a small form, make storm the long one: see docs/chaos.md.
package storm

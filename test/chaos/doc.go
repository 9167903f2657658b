// Package chaos shows that clients miss nothing while their connections break: many of them, through a proxy that
// cuts each connection again and again, beside a server in a process of its own; and while that server is killed
// and started again. What every client got is compared with what the server stored.
//
// make test runs small forms, make chaos-client the long one: see docs/chaos.md.
package chaos

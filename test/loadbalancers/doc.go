// Package loadbalancers tests the command behind nginx and HAProxy, as they are in Debian and configured as a user would:
// WebSockets, channels over HTTP, and clients without a WebSocket.
package loadbalancers

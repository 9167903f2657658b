// Package proxies has a proxy with the bad habits of those that people sit behind, for tests of whatever has to get
// through: it lets no WebSocket pass, holds answers back until they end, cuts what is idle, or fails now and then.
package proxies

package session

import "log/slog"

// Addresses returns how many addresses are remembered.
func Addresses(cs *Clients) int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.addresses.all)
}

// HearUser has another node say how many connections a user has there, "" for none.
func HearUser(cs *Clients, node, user, connections string) {
	var value []byte
	if connections != "" {
		value = []byte(connections)
	}
	cs.hearUser(slog.New(slog.DiscardHandler))(node, user, value)
}

package session

// Addresses returns how many addresses are remembered.
func Addresses(cs *Clients) int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.addresses.all)
}

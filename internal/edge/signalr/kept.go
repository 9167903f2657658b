package signalr

// kept is what a client that may reconnect has been sent and may not have got. The lock of out is held.
type kept struct {
	most int // bytes, or one parcel

	parcels []numbered
	next    uint64 // the number of the next tracked message; they begin at 1
	bytes   int
	room    chan struct{} // closed when half of most is free; nil if nobody waits for that
}

// numbered is a parcel whose first tracked message has a number.
type numbered struct {
	*parcel
	number uint64
}

func newKept(most int) *kept { return &kept{most: most, next: 1} }

// hasRoom tells whether a parcel may be added. What must not be dropped is added anyway.
func (k *kept) hasRoom(p *parcel) bool {
	return len(k.parcels) == 0 || k.bytes+p.batch.Bytes() <= k.most
}

func (k *kept) add(p *parcel) {
	k.parcels = append(k.parcels, numbered{p, k.next})
	k.next += uint64(p.tracked)
	k.bytes += p.batch.Bytes()
}

// first returns the number of the first message that would be sent again.
func (k *kept) first() uint64 {
	if len(k.parcels) == 0 {
		return k.next
	}
	return k.parcels[0].number
}

// drop lets go of the parcels that the client has as a whole. Of one that it has in part it drops by itself what it has.
func (k *kept) drop(upTo uint64) {
	n := 0
	for n < len(k.parcels) && k.parcels[n].number+uint64(k.parcels[n].tracked) <= upTo+1 {
		k.bytes -= k.parcels[n].batch.Bytes()
		n++
	}
	k.parcels = k.parcels[n:]
	if len(k.parcels) == 0 {
		k.parcels = nil
	}
	if k.room != nil && k.bytes <= k.most/2 {
		close(k.room)
		k.room = nil
	}
}

// awaitRoom returns a channel that is closed when there is room, or nil if there is.
func (k *kept) awaitRoom() <-chan struct{} {
	if k.bytes <= k.most/2 {
		return nil
	}
	if k.room == nil {
		k.room = make(chan struct{})
	}
	return k.room
}

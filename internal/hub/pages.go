package hub

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Page is a part of a history. It is shared: whoever reads the same gets the same publication.
type Page struct {
	*Publication        // nil if there are no messages
	Lost         bool   // messages before them are not kept any more, or may not be
	whole        bool   // nothing is lost even if the page was read from the beginning: every offset is accounted for
	End          uint64 // the position behind the page
	More         bool   // there is more behind End
}

// begin returns the offset of the first message, or the end if there is none.
func (p *Page) begin() uint64 {
	if p.Publication == nil {
		return p.End
	}
	return p.Messages[0].Offset
}

// Before returns the place right before the first message, or End if there is none.
func (p *Page) Before() uint64 {
	if p.Publication == nil {
		return p.End
	}
	return p.Messages[0].Offset - 1
}

const (
	maxPageMessages = 1000
	readTimeout     = 10 * time.Second
	// maxReads bounds the reads of a log at the same time. More would not be quicker, but each slower
	// than its time allows.
	maxReads = 16
	// maxCachedBytes bounds the pages that are kept for others who may want them, for each log.
	maxCachedBytes = 4 << 20
	// messageBytes is what a message costs besides its payload.
	messageBytes = 256
)

// pages reads from the log of a feed: the same page once for all who ask at the same time or soon
// after.
type pages struct {
	feed  *Feed
	turns chan struct{} // a token for each read under way
	crowd crowd

	mu     sync.Mutex // guards what follows
	all    map[pageKey]*read
	used   list.List // of *read that are done, the last used in front
	bytes  int       // of them
	purges uint64    // so far
}

// pageKey says what to read: behind an offset, or the newest few.
type pageKey struct {
	pattern channel.Pattern
	after   uint64
	newest  int
}

// read is one read from the log, under way or done.
type read struct {
	key  pageKey
	head uint64        // the history's head before: a page with nothing more behind it has all up to there
	old  uint64        // purges before
	done chan struct{} // closed when what follows is known
	page *Page
	err  error
	size int
	in   *list.Element // of pages.used; guarded by pages.mu
}

// read returns the page for key. If it says that there is no more, then it holds everything up to
// head.
func (ps *pages) read(ctx context.Context, key pageKey, head uint64) (*Page, error) {
	for {
		r := ps.get(key, head)
		select {
		case <-r.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		switch {
		case r.err != nil:
			return nil, r.err
		case r.page.More || r.head >= head:
			return r.page, nil
		case r.page.End > key.after && key.newest == 0:
			older := *r.page
			older.More = true // it may have come since
			return &older, nil
		}
		ps.forget(key)
	}
}

// get returns the read for key, and begins it if there is none: with the tail, or else with the log.
func (ps *pages) get(key pageKey, head uint64) *read {
	if r := ps.known(key); r != nil {
		return r
	}
	page, end := ps.feed.tail.page(key, head)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if r := ps.all[key]; r != nil { // since
		return r
	}
	r := &read{key: key, head: head, old: ps.purges, done: make(chan struct{})}
	if ps.all == nil {
		ps.all = make(map[pageKey]*read)
	}
	ps.all[key] = r
	if page != nil {
		r.page, r.head = page, end
		ps.keepLocked(r)
		close(r.done)
		return r
	}
	hub := ps.feed.hub
	hub.running.Go(func() {
		r.page, r.err = ps.fetch(hub.work, key)
		ps.keep(r)
		close(r.done)
	})
	return r
}

// known returns a read that is under way or done, or nil.
func (ps *pages) known(key pageKey) *read {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	r := ps.all[key]
	if r != nil && r.in != nil {
		ps.used.MoveToFront(r.in)
	}
	return r
}

// fetch reads from the log, when it is its turn, or gets what somebody else has found who read for a
// crowd.
func (ps *pages) fetch(ctx context.Context, key pageKey) (*Page, error) {
	a := ps.crowd.enter(key)
	select {
	case <-a.served:
	case ps.turns <- struct{}{}:
		page, err := ps.takeTurn(ctx, a)
		<-ps.turns
		if page != nil || err != nil {
			return page, err
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case <-a.served:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if a.page != nil {
		return a.page, nil
	}
	select {
	case ps.turns <- struct{}{}:
		defer func() { <-ps.turns }()
		return ps.ask(ctx, key)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// takeTurn reads for a, and before that for all others if a crowd waits. It returns nothing if
// somebody else reads for a.
func (ps *pages) takeTurn(ctx context.Context, a *asker) (*Page, error) {
	others, mine := ps.crowd.leave(a)
	if !mine {
		return nil, nil
	}
	if others != nil {
		all := append(others, a)
		err := ps.sweep(ctx, all)
		ps.crowd.looked()
		for _, one := range all {
			close(one.served)
		}
		if err != nil {
			return nil, err
		}
	}
	if a.page != nil {
		return a.page, nil
	}
	return ps.ask(ctx, a.key)
}

// ask reads one page from the log.
func (ps *pages) ask(ctx context.Context, key pageKey) (_ *Page, err error) {
	var from *broker.Page
	if key.newest > 0 {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		from, err = ps.feed.log.Last(ctx, key.pattern, key.newest)
	} else {
		from, err = ps.readLog(ctx, key.pattern, key.after)
	}
	if err != nil {
		return nil, err
	}
	page := &Page{Lost: from.Lost, End: from.End.Offset, More: from.More}
	if len(from.Messages) > 0 {
		page.Publication = Bundle(from.Messages...)
	}
	return page, nil
}

// readLog reads a page from the log in bounded time.
func (ps *pages) readLog(ctx context.Context, p channel.Pattern, after uint64) (*broker.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return ps.feed.log.Read(ctx, p, after, maxPageMessages)
}

// keep leaves a read to others, and makes room for it.
func (ps *pages) keep(r *read) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.all[r.key] != r {
		return
	}
	if r.err != nil || r.old != ps.purges { // it may have what has been purged since
		delete(ps.all, r.key)
		return
	}
	ps.keepLocked(r)
}

func (ps *pages) keepLocked(r *read) {
	r.size = messageBytes
	if r.page.Publication != nil {
		for _, m := range r.page.Messages {
			r.size += messageBytes + 2*len(m.Payload) // stored, and encoded
		}
	}
	r.in = ps.used.PushFront(r)
	ps.bytes += r.size
	for ps.bytes > maxCachedBytes {
		ps.forgetLocked(ps.used.Back().Value.(*read))
	}
}

// forget has the next one who asks for key read it from the log, unless that is under way.
func (ps *pages) forget(key pageKey) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if r := ps.all[key]; r != nil && r.in != nil {
		ps.forgetLocked(r)
	}
}

// purge has nobody get any more what a channel kept until now.
func (ps *pages) purge(name channel.Name) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.purges++
	for key, r := range ps.all {
		if r.in != nil && key.pattern.Matches(name) {
			ps.forgetLocked(r)
		}
	}
}

// forgetLocked takes a read that is done out.
func (ps *pages) forgetLocked(r *read) {
	delete(ps.all, r.key)
	ps.used.Remove(r.in)
	ps.bytes -= r.size
}

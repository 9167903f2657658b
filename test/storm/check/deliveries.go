package check

import "github.com/holdfast-dev/holdfast/test/storm/record"

// checkSubscription compares what came to a subscriber of what is stored with what is owed to it.
func (m *model) checkSubscription(v *Verdict, s *subscription) {
	if !s.joined {
		v.add(ThrownOut, s.who, s.channel, "it was never live")
		return
	}
	came := map[*message]bool{}
	newest := map[string]place{} // by channel
	for _, e := range s.events {
		switch e.what {
		case record.Lost, record.Gap:
			v.add(FalseLoss, s.who, s.channel, "it was told: %s", e.text)
		case record.Ended:
			v.add(ThrownOut, s.who, s.channel, "%s", e.text)
		case record.Got:
			m.checkDelivery(v, s, e, came, newest)
		}
	}
	m.checkOwed(v, s, came)
}

func (m *model) checkDelivery(v *Verdict, s *subscription, e event, came map[*message]bool, newest map[string]place) {
	p := e.message
	switch {
	case !p.sent || p.channel != s.channel && !matches(s.channel, p.channel):
		v.add(Foreign, s.who, s.channel, "%q came, and was not sent there", p.id)
		return
	case e.sum != p.sum:
		v.add(Altered, s.who, s.channel, "%s came as something else", p.id)
	}
	if came[p] {
		if s.kind == record.MQTT {
			v.Repeats++
		} else {
			v.add(Duplicated, s.who, s.channel, "%s, of offset %d, came again", p.id, p.storedAt.offset)
		}
		return
	}
	came[p] = true
	if !p.stored {
		v.add(Foreign, s.who, s.channel, "%s came and is not in the history", p.id)
		return
	}
	if e.offset != 0 && e.place != p.storedAt {
		v.add(StoredElsewhere, s.who, s.channel, "%s came as of %v and is at %v", p.id, e.place, p.storedAt)
	}
	before := newest[p.channel]
	if before.epoch == p.storedAt.epoch && before.offset > p.storedAt.offset {
		v.add(Misordered, s.who, s.channel, "%s, of offset %d, came behind that of offset %d", p.id, p.storedAt.offset, before.offset)
		return
	}
	newest[p.channel] = p.storedAt
}

// checkOwed looks for what has not come.
func (m *model) checkOwed(v *Verdict, s *subscription, came map[*message]bool) {
	for _, channel := range sortedKeys(m.stored) {
		if channel != s.channel && !matches(s.channel, channel) {
			continue
		}
		for _, e := range m.stored[channel] {
			switch owed := s.owed(e.place); {
			case !owed && came[e.message] && s.kind != record.MQTT && e.offset <= s.begins[e.epoch]:
				v.add(Foreign, s.who, s.channel, "%s, of offset %d, came and is of before it joined", e.message.id, e.offset)
			case !owed || e.place != e.message.storedAt:
			case came[e.message]:
				v.Owed++
				v.Delivered++
			case e.message.acked:
				v.Owed++
				v.add(Lost, s.who, s.channel, "%s, of offset %d, was acknowledged and has not come", e.message.id, e.offset)
			default:
				v.Owed++
				v.add(SilentGap, s.who, s.channel, "%s, of offset %d, is stored and has not come", e.message.id, e.offset)
			}
		}
	}
}

// owed tells whether a message is within what the subscription was live for.
func (s *subscription) owed(at place) bool {
	if at.offset <= s.begins[at.epoch] {
		return false
	}
	return s.ends == nil || at.offset <= s.ends[at.epoch]
}

// checkEphemeral looks at what came to a subscriber of a channel without history.
func checkEphemeral(v *Verdict, m *model, s *subscription) {
	came := map[*message]bool{}
	newest := map[string]int{} // number of the newest message of each publisher
	told := map[string]bool{}  // whether a gap was told since then
	for _, e := range s.events {
		switch e.what {
		case record.Gap:
			for publisher := range newest {
				told[publisher] = true
			}
		case record.Lost:
			v.add(FalseLoss, s.who, s.channel, "it was told: %s", e.text)
		case record.Ended:
			v.add(ThrownOut, s.who, s.channel, "%s", e.text)
		case record.Got:
			p := e.message
			before, any := newest[p.publisher]
			switch {
			case !p.sent || p.channel != s.channel:
				v.add(Foreign, s.who, s.channel, "%q came, and was not sent there", p.id)
				continue
			case came[p]:
				v.Repeats++ // a client that moves may get it on both connections (docs/protocol.md)
				continue
			case e.sum != p.sum:
				v.add(Altered, s.who, s.channel, "%s came as something else", p.id)
			case any && p.number < before && !p.failed:
				v.add(Misordered, s.who, s.channel, "%s came behind number %d", p.id, before)
			}
			v.Ephemeral++
			came[p] = true
			if p.failed {
				continue
			}
			if any {
				m.checkHole(v, s, p, before, told[p.publisher])
			}
			newest[p.publisher], told[p.publisher] = max(before, p.number), false
		}
	}
}

// checkHole looks for acknowledged messages between two of a publisher.
func (m *model) checkHole(v *Verdict, s *subscription, p *message, before int, told bool) {
	missing := 0
	all := m.sent[[2]string{p.publisher, p.channel}]
	for number := before + 1; number < p.number; number++ {
		if all[number].acked {
			missing++
		}
	}
	switch {
	case missing == 0:
	case told:
		v.Missed += missing
	default:
		v.addMany(missing, SilentGap, s.who, s.channel, "%d messages are missing before %s, and no gap was told", missing, p.id)
	}
}

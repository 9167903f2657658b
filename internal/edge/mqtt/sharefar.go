package mqtt

import (
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// Topics of groups whose members are on several nodes.
const (
	topicGive = "mqtt.share.give" // messages for members
	topicDone = "mqtt.share.done" // what became of them
)

const (
	// farMessages and farBytes are what a node's members may have been given and not acknowledged, for each of them.
	farMessages = 256
	farBytes    = 1 << 20
	// mostFarBytes is the largest payload that goes to another node; what is larger is read there from the log.
	mostFarBytes = cluster.MaxBodyBytes / 4
)

// farRow is what a node tells of its members of a group.
type farRow struct {
	Share   string          `json:"share"`
	Pattern channel.Pattern `json:"pattern"`
	Members int             `json:"members"` // with a connection
	All     int             `json:"all"`     // with those that are away
	QoS     byte            `json:"qos"`     // the highest of them
}

// farMember is another node's members of a group, for the node that leads it.
type farMember struct {
	farRow
	given   int            // and not acknowledged
	bytes   int            // of these
	parcels []sharedParcel // to be sent
}

// slots returns how many members there are that can be given something, if it must be with those that are away.
func (f *farMember) slots(must bool) int {
	if must {
		return f.All
	}
	return f.Members
}

// sharedParcel is a message on its way to another node's member.
type sharedParcel struct {
	Tag     uint64       `json:"tag"`
	Channel channel.Name `json:"channel"`
	Message []byte       `json:"message,omitzero"` // none if it is to be read from the log
	Offset  uint64       `json:"offset,omitzero"`
	Epoch   string       `json:"epoch,omitzero"`
	Time    time.Time    `json:"time"`
	Must    bool         `json:"must,omitzero"`
}

// sharedParcels are several.
type sharedParcels struct {
	Share   string          `json:"share"`
	Pattern channel.Pattern `json:"pattern"`
	Parcels []sharedParcel  `json:"parcels"`
}

// sharedDone says what became of them.
type sharedDone struct {
	Share    string          `json:"share"`
	Pattern  channel.Pattern `json:"pattern"`
	Done     []uint64        `json:"done,omitzero"`
	Returned []uint64        `json:"returned,omitzero"`
}

// setFar notes the members of another node. The group's lock is held, or the group is not led yet.
func (lead *leading) setFar(node string, row farRow) {
	f := lead.far[node]
	if f == nil {
		f = &farMember{}
		lead.far[node] = f
		lead.order = append(lead.order, node)
	}
	f.farRow = row
}

// giveFar gives a message to another node, the one that has the member of a number. It returns "" if that has no room.
func (lead *leading) giveFar(number int, m *broker.Message, must bool) string {
	for _, node := range lead.order {
		f := lead.far[node]
		if slots := f.slots(must); number >= slots {
			number -= slots
			continue
		}
		most := f.All
		if must {
			most *= 2
		}
		if f.given >= most*farMessages || f.given > 0 && f.bytes+weight(m) > most*farBytes || len(m.Payload) > mostFarBytes && m.Offset == 0 {
			return ""
		}
		f.given++
		f.bytes += weight(m)
		p := sharedParcel{Tag: lead.tag, Channel: m.Channel, Offset: m.Offset, Time: m.Time, Must: must}
		if len(m.Payload) <= mostFarBytes {
			b, err := m.MarshalBinary()
			if err != nil {
				return ""
			}
			p.Message = b
		}
		f.parcels = append(f.parcels, p)
		return node
	}
	return ""
}

// freed notes that a message is not another node's any more.
func (lead *leading) freed(one *given) {
	if f := lead.far[one.node]; f != nil {
		f.given--
		f.bytes -= weight(one.message)
	}
}

// sendFarLocked sends what other nodes have been given.
func (g *group) sendFarLocked() {
	for node, f := range g.lead.far {
		for len(f.parcels) > 0 {
			n, size := 0, 0
			for n < len(f.parcels) && (n == 0 || size < mostFarBytes/2) {
				p := &f.parcels[n]
				if p.Offset > 0 {
					p.Epoch = g.handler.channels.Epoch(p.Channel)
				}
				size += len(p.Message) + deliveryBytes
				n++
			}
			g.handler.shares.tellNode(node, topicGive, sharedParcels{g.key.name, g.key.pattern, f.parcels[:n]})
			f.parcels = f.parcels[n:]
		}
		f.parcels = nil
	}
}

func (ss *shares) tellNode(node, topic string, what any) {
	body, err := json.Marshal(what)
	if err != nil {
		ss.handler.config.Log.Warn("another node can't be told of a share", "edge", "mqtt", "error", err)
		return
	}
	ss.handler.config.Cluster.TellNode(node, topic, body)
}

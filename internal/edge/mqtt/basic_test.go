package mqtt

import (
	"testing"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// everyWay runs a test for each version, by TCP and by WebSocket.
func everyWay(t *testing.T, run func(t *testing.T, e *edge, dial func(v packet.Version) *client, v packet.Version)) {
	for _, v := range []packet.Version{packet.V31, packet.V311, packet.V5} {
		t.Run("TCP/"+name(v), func(t *testing.T) {
			t.Parallel()
			e := start(t)
			run(t, e, e.dial, v)
		})
	}
	t.Run("WebSocket/"+name(packet.V5), func(t *testing.T) {
		t.Parallel()
		e := start(t)
		run(t, e, e.dialSocket, packet.V5)
	})
}

func name(v packet.Version) string {
	return map[packet.Version]string{packet.V31: "3.1", packet.V311: "3.1.1", packet.V5: "5"}[v]
}

func TestMessagesArriveWithTheirQoS(t *testing.T) {
	everyWay(t, func(t *testing.T, _ *edge, dial func(packet.Version) *client, v packet.Version) {
		c := dial(v).connect("basic").subscribe("TopicA", 2)
		for qos, payload := range []string{"qos 0", "qos 1", "qos 2"} {
			c.publish("TopicA", payload, byte(qos))
		}
		for qos, payload := range []string{"qos 0", "qos 1", "qos 2"} {
			if p := c.want("TopicA", payload); p.QoS != byte(qos) || p.Retain || p.Dup {
				t.Errorf("%q came with QoS %d, retain %t, dup %t", payload, p.QoS, p.Retain, p.Dup)
			}
		}
		c.disconnect()
	})
}

func TestASecondConnectEndsTheConnection(t *testing.T) {
	everyWay(t, func(t *testing.T, _ *edge, dial func(packet.Version) *client, v packet.Version) {
		c := dial(v).connect("twice")
		c.send((&packet.Connect{Version: v, ClientID: "twice", CleanStart: true}).Append(nil))
		c.wantEnd(packet.ProtocolError)
	})
}

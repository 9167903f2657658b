package socket

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/protocol"
)

func TestHistoryIsReadInPages(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		var at *protocol.PublishOK
		for i := range 8 {
			at = c.publish("few/a", fmt.Sprint(i+1)) // 4 to 8 are kept
		}
		since := func(offset uint64, epoch string) protocol.Positions {
			return protocol.Positions{{Offset: offset, Epoch: epoch}}
		}
		for _, test := range []struct {
			ask  protocol.History
			want string
		}{
			{protocol.History{}, "4 5 6 7 8 at 8"},
			{protocol.History{Limit: 2}, "4 5 at 5 more"},
			{protocol.History{Last: 2}, "7 8 at 8"},
			{protocol.History{Last: 4, Limit: 3}, "6 7 8 at 8"},
			{protocol.History{Since: since(6, at.Epoch)}, "7 8 at 8"},
			{protocol.History{Since: since(6, at.Epoch), Limit: 1}, "7 at 7 more"},
			{protocol.History{Since: since(8, at.Epoch)}, "at 8"},
			{protocol.History{Since: since(0, "")}, "4 5 6 7 8 at 8"},
			{protocol.History{Since: since(1, at.Epoch)}, "4 5 6 7 8 at 8 lost: expired"},
			{protocol.History{Since: since(1, "other")}, "4 5 6 7 8 at 8 lost: reset"},
		} {
			test.ask.Channel = "few/a"
			ok := new(protocol.HistoryOK)
			c.reply(c.send(&test.ask), ok)
			got := ""
			for _, m := range ok.Messages {
				got += string(m.Data) + " "
				if m.Time.IsZero() || m.Sub != 0 || fmt.Sprint(m.Offset) != string(m.Data) {
					t.Errorf("message %+v", m)
				}
			}
			got += fmt.Sprint("at ", ok.Position[0].Offset)
			if ok.More {
				got += " more"
			}
			if ok.Lost {
				got += " lost: " + ok.Why
			}
			if got != test.want || ok.Position[0].Epoch != at.Epoch {
				t.Errorf("%+v: got %s, want %s", test.ask, got, test.want)
			}
		}
	})
}

func TestAPageOfHistoryIsNoLargerThanEveryClientReads(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		const n = 40
		c := dial()
		text := strings.Repeat("\"\x01", 4<<10) // in JSON four times as long
		for range n {
			c.publish("kept/a", text)
		}
		page := func(ask protocol.History) *protocol.HistoryOK {
			ask.Channel = "kept/a"
			c.send(&ask)
			_, message, err := c.ws.Read(patience(t))
			if err != nil {
				t.Fatal(err)
			}
			all, err := c.encoding.DecodeServer(message)
			if err != nil {
				t.Fatal(err)
			}
			ok := new(protocol.HistoryOK)
			if err := all[0].Reply.Result(ok); err != nil {
				t.Fatal(err)
			}
			if len(message) > 256<<10 || len(ok.Messages) == 0 {
				t.Errorf("%d messages in %d bytes", len(ok.Messages), len(message))
			}
			return ok
		}
		for _, first := range []protocol.History{{}, {Last: n}} {
			got := 0
			for ask := first; ; {
				ok := page(ask)
				got += len(ok.Messages)
				if !ok.More {
					break
				}
				ask = protocol.History{Since: ok.Position}
			}
			if got != n {
				t.Errorf("%d messages in all pages", got)
			}
		}
	})
}

package figures

import (
	"errors"
	"testing"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

const s = record.Time(1_000_000)

func measured(t *testing.T, all ...record.Record) *Figures {
	t.Helper()
	f, err := Measure(func(yield func(record.Record, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func send(at record.Time, channel, id string) record.Record {
	return record.Record{At: at, What: record.Send, Who: "p", Channel: channel, ID: id}
}

func ack(at record.Time, channel, id string) record.Record {
	return record.Record{At: at, What: record.Ack, Who: "p", Channel: channel, ID: id, Offset: 1}
}

func TestAChannelIsUnavailableWhilePublicationsWaitAndNoneIsAcknowledged(t *testing.T) {
	f := measured(t,
		send(1*s, "a", "1"), ack(2*s, "a", "1"),
		send(10*s, "a", "2"), send(11*s, "a", "3"), ack(14*s, "a", "3"), ack(15*s, "a", "2"),
		send(1*s, "b", "4"), ack(3*s, "b", "4"))
	if len(f.Unavailable) != 2 || f.Unavailable[0] != (Unavailable{"a", 10_000, 4000}) || f.Unavailable[1] != (Unavailable{"b", 1000, 2000}) {
		t.Errorf("%v", f.Unavailable)
	}
	if f.Seconds[13].UnavailableMS != 4000 || f.Seconds[10].UnavailableMS != 1000 || f.Seconds[9].UnavailableMS != 0 || f.Seconds[11].Sent != 1 {
		t.Errorf("%v", f.Seconds)
	}
	if f.AckMS != (Quantiles{4, 3000, 5000, 5000}) {
		t.Errorf("%v", f.AckMS)
	}
}

func TestAPublicationThatFailedWasUnavailableUntilThen(t *testing.T) {
	f := measured(t, send(1*s, "a", "1"), record.Record{At: 9 * s, What: record.Failed, Who: "p", Channel: "a", ID: "1"}, send(20*s, "a", "2"), ack(21*s, "a", "2"))
	if f.Unavailable[0].MS != 8000 {
		t.Errorf("%v", f.Unavailable)
	}
}

func TestFailoverIsBetweenTheAcknowledgementsAroundAKill(t *testing.T) {
	of := func(kind string) *Figures {
		probe := func(r record.Record, who string) record.Record { r.Who = who; return r }
		return measured(t,
			record.Record{At: 1, What: record.State, Who: "one", Node: "n1"}, record.Record{At: 1, What: record.State, Who: "two", Node: "n2"},
			probe(send(1*s, "storm/probe/n1", "1"), "one"), ack(1*s+1000, "storm/probe/n1", "1"),
			probe(send(1*s, "storm/probe/n2", "2"), "two"), ack(2*s, "storm/probe/n2", "2"),
			record.Record{At: 3 * s, What: record.Fault, Kind: kind, Node: "n1", Until: 5 * s},
			probe(send(3*s, "storm/probe/n2", "3"), "two"), ack(4*s, "storm/probe/n2", "3"), probe(send(5*s, "storm/probe/n1", "4"), "one"), ack(9*s, "storm/probe/n1", "4"))
	}
	if f := of("kill leader"); f.FailoverMS != (Quantiles{1, 2000, 2000, 2000}) || f.KilledMS != f.FailoverMS {
		t.Errorf("%v, %v", f.FailoverMS, f.KilledMS)
	}
	if f := of("pause"); f.FailoverMS.Count != 0 || f.KilledMS.Count != 0 {
		t.Errorf("%v, %v", f.FailoverMS, f.KilledMS)
	}
}

func TestAClientIsBackWhenAllItsSubscriptionsAreLive(t *testing.T) {
	client := func(who, kind, node string, back record.Time) []record.Record {
		return []record.Record{
			{At: 1, What: record.State, Who: who, Kind: kind, Node: node},
			{At: 2, What: record.Join, Who: who, Kind: kind, Channel: "a"},
			{At: 2, What: record.Join, Who: who, Kind: kind, Channel: "b"},
			{At: 10*s + 1, What: record.State, Who: who, Kind: kind, Text: "reconnecting"},
			{At: 11 * s, What: record.Live, Who: who, Channel: "a"},
			{At: back, What: record.Live, Who: who, Channel: "b"},
			{At: 30 * s, What: record.Live, Who: who, Channel: "a"},
		}
	}
	all := append(client("x", record.Go, "n1", 13*s), client("y", record.Go, "n2", 14*s)...)
	all = append(all, client("z", record.TypeScript, "", 12*s)...)
	all = append(all, record.Record{At: 10 * s, What: record.Fault, Kind: "kill", Node: "n1", Until: 15 * s})
	if f := measured(t, all...); f.BackMS != (Quantiles{2, 3000, 3000, 3000}) || f.Clients.Subscriptions[record.Go] != 4 {
		t.Errorf("%v, %v", f.BackMS, f.Clients)
	}
}

func TestRecordsThatCanNotBeReadGiveNoFigures(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Measure(func(yield func(record.Record, error) bool) { yield(record.Record{}, broken) }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

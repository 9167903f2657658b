package browser

import (
	"fmt"
	"slices"
	"testing"
)

// listen opens an EventSource in a tab, which keeps what comes in window.came, and what it is told in window.told.
const listen = `(() => {
	window.came = []; window.told = [];
	window.events = new EventSource(%s);
	events.onmessage = e => came.push(e.data);
	events.onopen = () => told.push("open");
	for (const name of ["live", "lost", "gap", "close", "binary"]) events.addEventListener(name, e => told.push(name + " " + e.data));
	return true;
})()`

// post publishes texts from a tab, one after the other.
const post = `(async () => {
	for (const text of %[2]s) {
		const answer = await fetch(%[1]s, {method: "POST", body: text});
		if (!answer.ok) throw new Error(await answer.text());
	}
	return true;
})()`

// numbered returns texts with the numbers from one on, up to another.
func numbered(from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint("message ", i))
	}
	return all
}

func TestAnEventSourceLosesNothingAndRepeatsNothingThoughTheServerIsKilled(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	eval[bool](p, listen, "/channels/chat/events")
	p.until(`told.some(t => t.startsWith("live"))`)
	eval[bool](p, post, "/channels/chat/events", numbered(0, 10))
	p.until(`came.length >= 5`)
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	p.until(`events.readyState === EventSource.CONNECTING`)
	if err := s.restart(); err != nil {
		t.Fatal(err)
	}
	eval[bool](p, post, "/channels/chat/events", numbered(10, 20))
	p.until(`came.length >= 20`)
	eval[bool](p, post, "/channels/chat/events", []string{"end"})
	p.until(`came.includes("end")`)
	if got, want := eval[[]string](p, `came`), append(numbered(0, 20), "end"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if told := eval[[]string](p, `told.filter(t => t.startsWith("lost") || t.startsWith("gap"))`); len(told) > 0 {
		t.Errorf("told %q", told)
	}
}

func TestAnEventSourceOfSeveralChannelsComesBackInEach(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	eval[bool](p, listen, "/events?channel=chat/a&channel=test&pattern=chat/sub/%23")
	p.until(`told.filter(t => t.startsWith("live")).length === 2`)
	for _, name := range []string{"chat/a", "test", "chat/sub/x"} {
		eval[bool](p, post, "/channels/"+name, []string{"first in " + name})
	}
	p.until(`came.length === 3`)
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	p.until(`events.readyState === EventSource.CONNECTING`)
	if err := s.restart(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"chat/a", "chat/sub/x"} {
		eval[bool](p, post, "/channels/"+name, []string{"second in " + name})
	}
	p.until(`came.length >= 5`)
	got := eval[[]string](p, `came.map(m => JSON.parse(m)).map(m => m.channel + ": " + m.data)`)
	want := []string{"chat/a: first in chat/a", "test: first in test", "chat/sub/x: first in chat/sub/x", "chat/a: second in chat/a", "chat/sub/x: second in chat/sub/x"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnEventSourceThatIsRefusedStops(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	eval[bool](p, listen, "/events?channel=bad//name")
	p.until(`events.readyState === EventSource.CLOSED`)
}

func TestAPageThatPollsMissesNothing(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	eval[bool](p, `(() => {
		window.came = [];
		window.polling = (async () => {
			for (let next = %s; !came.includes("end");) {
				const answer = await fetch(next);
				if (!answer.ok) throw new Error(await answer.text());
				for (const message of await answer.json()) came.push(message.data);
				next = new URL(answer.headers.get("Link").match(/<(.*)>/)[1], location);
				window.positioned = true;
			}
			return came;
		})();
		return true;
	})()`, "/channels/chat/polls?wait=30s")
	p.until(`window.positioned`)
	want := append(numbered(0, 30), "end")
	eval[bool](p, post, "/channels/chat/polls", want)
	if got := eval[[]string](p, `polling`); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// wait lets time pass.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func expect(t *testing.T, o *node, want ...string) {
	t.Helper()
	if got := o.heard(); !slices.Equal(got, want) {
		t.Errorf("%s is told %q, want %q", o.id, got, want)
	}
}

func TestNodesKnowEachOtherFromTheirStartToTheirGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a := net.newNode("a").begin(t)
		defer a.Close()
		if len(a.Nodes()) != 1 {
			t.Errorf("alone it knows %v", a.Nodes())
		}
		b := net.newNode("b").begin(t)
		expect(t, b, "a is ready")
		expect(t, a, "b is ready")
		c := net.newNode("c")
		c.Measure(func(n *Node) { n.Connections = 3 })
		c.begin(t)
		defer c.Close()
		if told := c.heard(); len(told) != 2 || !slices.Contains(told, "a is ready") || !slices.Contains(told, "b is ready") {
			t.Errorf("c is told %q", told)
		}

		c.Update(func(n *Node) { n.State = Draining })
		synctest.Wait()
		expect(t, a, "c is ready", "c is draining")
		if n, alive := a.Node("c"); !alive || n.State != Draining || n.Connections != 3 {
			t.Errorf("a knows of c %+v", n)
		}
		b.Close()
		synctest.Wait()
		expect(t, a, "b has gone")
		if _, alive := a.Node("b"); alive || len(a.Nodes()) != 2 {
			t.Errorf("b is still there: %v", a.Nodes())
		}
	})
}

func TestANodeThatIsSilentIsGoneAndComesAnew(t *testing.T) {
	for name, silence := range map[string]func(*network, bool){
		"paused": func(net *network, silent bool) { net.pause("b", silent) },
		"cut off": func(net *network, silent bool) {
			net.lose(func(from, to, _ string) bool { return silent && (from == "b" || to == "b") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var net network
				a, b := net.newNode("a").begin(t), net.newNode("b").begin(t)
				defer a.Close()
				defer b.Close()
				b.rows.Put("r", []byte("1"))
				wait(time.Second)
				if got := a.row("b", "r"); got != "1" {
					t.Errorf("the row is %q", got)
				}
				expect(t, a, "b is ready")
				silence(&net, true)
				wait(4 * time.Second)
				expect(t, a)
				wait(3 * time.Second)
				expect(t, a, "b has gone")
				if got := a.row("b", "r"); got != "" {
					t.Errorf("the row of a node that has gone is %q", got)
				}
				silence(&net, false)
				wait(3 * time.Second)
				expect(t, a, "b is ready")
				if got := a.row("b", "r"); got != "1" {
					t.Errorf("the row of the node that has come back is %q", got)
				}
			})
		})
	}
}

func TestANodeThatWasStoppedBlamesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a").begin(t), net.newNode("b").begin(t)
		defer a.Close()
		defer b.Close()
		net.pause("b", true)
		wait(20 * time.Second)
		b.heard()
		net.pause("b", false)
		wait(3 * time.Second)
		expect(t, b)
	})
}

func TestWhatANodeTellsIsHeardInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		var all []*node
		for _, id := range []string{"a", "b", "c"} {
			o := net.newNode(id)
			o.Hear("news", func(from string, body []byte) { o.note(from + string(body)) })
			all = append(all, o.begin(t))
		}
		for _, o := range all {
			o.heard()
			defer o.Close()
		}
		var want []string
		for i := range 100 {
			all[0].Tell("news", fmt.Append(nil, i))
			want = append(want, fmt.Sprint("a", i))
		}
		all[0].TellNode("c", "other", nil)
		synctest.Wait()
		expect(t, all[0])
		expect(t, all[1], want...)
		all[0].TellNode("c", "news", []byte(" to one"))
		synctest.Wait()
		expect(t, all[1])
		expect(t, all[2], append(want, "a to one")...)
	})
}

func TestQuestionsHaveAnAnswerOrAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a"), net.newNode("b")
		for _, o := range []*node{a, b} {
			o.Answer("name", func(_ context.Context, from string, body []byte) ([]byte, error) {
				return fmt.Append(nil, string(body), " ", from, ", I am ", o.id), nil
			})
			o.Answer("refuse", func(context.Context, string, []byte) ([]byte, error) { return nil, errors.New("not today") })
			o.Answer("wait", func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			})
			o.Answer("much", func(context.Context, string, []byte) ([]byte, error) { return make([]byte, 2<<20), nil })
			o.begin(t)
		}
		defer a.Close()
		ask := func(topic string, patience time.Duration) (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			body, err := a.Ask(ctx, "b", topic, []byte("hello"))
			return string(body), err
		}
		if got, err := ask("name", time.Second); err != nil || got != "hello a, I am b" {
			t.Errorf("the answer is %q, %v", got, err)
		}
		if all := a.AskAll(t.Context(), "name", []byte("all")); len(all) != 1 || string(all[0].Body) != "all a, I am b" || all[0].Node.ID != "b" {
			t.Errorf("the others answer %+v", all)
		}
		if _, err := ask("refuse", time.Second); err == nil || err.Error() != "not today" {
			t.Errorf("refused with %v", err)
		}
		if _, err := ask("nothing", time.Second); !errors.Is(err, ErrUnknown) {
			t.Errorf("a topic that is not known: %v", err)
		}
		if _, err := ask("much", time.Second); err == nil {
			t.Error("an answer of 2 MiB comes through")
		}
		for patience, want := range map[time.Duration]time.Duration{time.Second: time.Second, time.Hour: askTimeout} {
			began := time.Now()
			if _, err := ask("wait", patience); err == nil || time.Since(began) != want {
				t.Errorf("asked for %v: %v after %v", patience, err, time.Since(began))
			}
		}

		asked := make(chan error)
		for range maxAnswering + 1 {
			go func() {
				_, err := ask("wait", 5*time.Second)
				asked <- err
			}()
		}
		if err := <-asked; !errors.Is(err, ErrBusy) {
			t.Errorf("one question too many: %v", err)
		}
		b.Close() // which its answers do not hold up
		for range maxAnswering {
			if err := <-asked; err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("asked a node that goes: %v", err)
			}
		}
		synctest.Wait()
		if _, err := ask("name", time.Second); !errors.Is(err, ErrGone) {
			t.Errorf("asked a node that has gone: %v", err)
		}
	})
}

func TestWhatCannotBeReadIsCountedAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a").begin(t), net.newNode("b").begin(t)
		defer a.Close()
		defer b.Close()
		stranger := net.bus("x")
		bad := [][]byte{nil, {frameVersion}, {9, 'h', 1, 'x', 0, 0}, {frameVersion, 'h', 200, 'x'}}
		for _, f := range []frame{
			{kind: kindHere, from: "x", body: []byte(`{"id":"y"}`)},
			{kind: kindHere, from: "x", body: []byte(`{`)},
			{kind: '?', from: "x"},
			{kind: kindAsk, from: "x"},
			{kind: kindDelta, from: "b", topic: "rows", number: 1, body: []byte{200}},
		} {
			bad = append(bad, f.append(nil))
		}
		for _, f := range bad {
			if err := stranger.publish(subjectAll, f); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := a.Counts().Unreadable; got != int64(len(bad)) {
			t.Errorf("%d frames of %d were found to be unreadable", got, len(bad))
		}
		b.rows.Put("r", []byte("1"))
		wait(settled)
		if got := a.row("b", "r"); got != "1" {
			t.Errorf("the row is %q", got)
		}
	})
}

package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTheSameRequestIsRunOnceAndAnsweredTheSame(t *testing.T) {
	e := start(t)
	l := e.connect("ada", "", "room/a")
	const body = `{"channel":"room/a","data":"once"}`
	first := e.ask("POST", "/v1/publish", body, "Idempotency-Key: k1")
	again := e.ask("POST", "/v1/publish", body, `Idempotency-Key: "k1"`)
	e.want(again, 200, first.body)
	if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replayed: %q, then %q", first.Header, again.Header)
	}
	e.want(e.ask("POST", "/v1/publish", `{"channel":"room/a","data":"other"}`, "Idempotency-Key: k1"), 422, "urn:holdfast:problem:idempotency_reused")
	e.want(e.ask("POST", "/v1/disconnect", `{"user":"nobody"}`, "Idempotency-Key: k1"), 422, "urn:holdfast:problem:idempotency_reused")
	e.want(e.ask("POST", "/v1/publish", body, "Idempotency-Key: k2"), 200)
	e.want(e.ask("POST", "/v1/publish", `{"channel":"kept/a","data":"x"}`, "Authorization: Bearer "+e.backend, "Idempotency-Key: k1"), 200)
	l.wantHeard("room/a text once", "room/a text once")
	if len(l.heard) != 0 {
		t.Errorf("it was published again: %s", <-l.heard)
	}
}

func TestARefusedRequestMayComeAgainWithItsKey(t *testing.T) {
	e := start(t)
	e.want(e.ask("POST", "/v1/publish", `{"channel":"small/a","data":"longer than ten"}`, "Idempotency-Key: k"), 413)
	e.want(e.ask("POST", "/v1/publish", `{"channel":"small/a","data":"short"}`, "Idempotency-Key: k"), 200)
}

func TestWhatIsStoredIsKnownByItsKeyWhereTheAnswerIsForgotten(t *testing.T) {
	e := start(t)
	forget := func() { e.replays = newReplays() } // as after a restart, or on another node
	for _, test := range []struct{ path, body, first, again string }{
		{"/v1/publish", `{"channel":"kept/a","data":"x"}`, `"offset":1,`, `"offset":1,`},
		{"/v1/publish", `{"channels":["kept/b","kept/c"],"data":"x"}`, `"offset":3,`, `"offset":3,`},
		{"/v1/batch", `{"messages":[{"channel":"kept/a","data":"1"},{"channel":"kept/a","data":"2"}]}`, `"offset":5,`, `"offset":5,`},
	} {
		forget()
		e.want(e.ask("POST", test.path, test.body, "Idempotency-Key: key"+test.path), 200, test.first)
		forget()
		e.want(e.ask("POST", test.path, test.body, "Idempotency-Key: key"+test.path), 200, test.again, `"duplicate":true`)
	}
	e.want(e.ask("GET", "/v1/history?channel=kept/a", ""), 200, `"id":"key/v1/batch-1"`)
}

func TestAKeyThatIsNoneIsRefused(t *testing.T) {
	e := start(t)
	for _, key := range []string{strings.Repeat("k", maxKeyBytes+1), "two words", "schlüssel"} {
		e.want(e.ask("POST", "/v1/publish", `{"channel":"room/a","data":"x"}`, "Idempotency-Key: "+key), 400, "Idempotency-Key is one text")
	}
}

func TestTheSameRequestIsNotRunTwiceAtATime(t *testing.T) {
	rs, now := newReplays(), time.Now()
	run, _, err := rs.begin("k", [32]byte{1}, "", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := rs.begin("k", [32]byte{1}, "", now); err != errRunning {
		t.Errorf("the same: %v", err)
	}
	if _, _, err := rs.begin("k", [32]byte{2}, "", now); err == nil || err == errRunning {
		t.Errorf("another: %v", err)
	}
	rs.end(run, nil, now)
	if run, _, err = rs.begin("k", [32]byte{2}, "", now); err != nil || run == nil {
		t.Errorf("after it has ended without an answer: %v", err)
	}
}

// What is remembered is bounded, and forgotten after a while, the oldest first.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rs, now := newReplays(), time.Now()
		answered := map[string]time.Time{}
		for i := range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
			key := fmt.Sprint(rapid.IntRange(0, 50).Draw(t, "key"))
			run, before, err := rs.begin(key, [32]byte{}, "", now)
			if err != nil {
				t.Fatal(err)
			}
			if at, known := answered[key]; before != nil && (!known || now.Sub(at) >= replayPeriod) {
				t.Fatalf("request %d is answered as one of %s ago", i, now.Sub(at))
			}
			if run != nil {
				rs.end(run, &answer{body: make([]byte, rapid.IntRange(0, maxReplayBytes/8).Draw(t, "bytes"))}, now)
				answered[key] = now
			}
			bytes := 0
			for _, e := range rs.all {
				bytes += replayBytes + len(e.Value.(*replay).answer.body)
			}
			if bytes != rs.bytes || bytes > maxReplayBytes || len(rs.all) != rs.order.Len() || len(rs.runs) != 0 {
				t.Fatalf("%d bytes, counted as %d; %d answers, %d in order; %d running", bytes, rs.bytes, len(rs.all), rs.order.Len(), len(rs.runs))
			}
		}
	})
}

func TestAnAnswerIsForgottenAfterAWhile(t *testing.T) {
	rs, now := newReplays(), time.Now()
	run, _, err := rs.begin("k", [32]byte{}, "", now)
	if err != nil {
		t.Fatal(err)
	}
	rs.end(run, &answer{}, now)
	if _, before, _ := rs.begin("k", [32]byte{}, "", now.Add(replayPeriod-1)); before == nil {
		t.Error("it is forgotten too soon")
	}
	if run, before, err := rs.begin("k", [32]byte{1}, "", now.Add(replayPeriod)); run == nil || before != nil || err != nil {
		t.Errorf("after %s it is still known: %v", replayPeriod, err)
	}
}

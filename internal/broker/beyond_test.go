package broker

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// A node without a majority may be behind what its readers have got from others.
func TestANodeWithoutAMajorityDoesNotTakeAPositionBeyondItsEndForALoss(t *testing.T) {
	b := open(t, Config{})
	l := openLog(t, b, "#", Retention{})
	put(t, l, "a", "1")
	put(t, l, "b", "2")
	b.quorum = &quorum{}
	b.quorum.lost.Store(&NoQuorum{Since: time.Now()})
	t.Cleanup(func() { b.quorum = nil }) // before it is closed

	for _, p := range []channel.Pattern{"a", "nobody", "#"} {
		if page, err := l.Read(t.Context(), p, 3, 10); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s behind a position that this node does not have yet: %+v, %v", p, page, err)
		}
	}
	wantRead(t, l, "a", 2, false) // what it has can be read
	wantRead(t, l, "#", 1, false, "2")
	wantRead(t, l, "#", 2, false)
	wantRead(t, l, "a", 0, false, "1")
}

func TestOnlyALeaderThatHearsAMajoritySaysThatAPositionIsOfAnotherWorld(t *testing.T) {
	const (
		heard  = `{"name":"b","current":true,"active":150000000}`
		silent = `{"name":"c","current":true,"active":900000000}`
		never  = `{"name":"c","offline":true}`
	)
	for _, test := range []struct {
		about, replicas string
		count           int
		near, sure      bool
	}{
		{"a server alone", `[]`, 1, false, true},
		{"a leader with two followers", `[` + heard + `,` + heard + `]`, 3, false, true},
		{"a leader with one of two", `[` + heard + `,` + silent + `]`, 3, false, true},
		{"a leader that was cut off", `[` + silent + `,` + silent + `]`, 3, false, false},
		{"one that never heard anybody", `[` + never + `,` + never + `]`, 3, false, false},
		{"one that names no others", `[]`, 3, false, false},
		{"a leader with two of five", `[` + heard + `,` + silent + `,` + silent + `,` + never + `]`, 5, false, false},
		{"a node without a majority", `[` + heard + `,` + heard + `]`, 3, true, false},
	} {
		count, err := json.Marshal(test.count)
		if err != nil {
			t.Fatal(err)
		}
		info := &streamInfo{near: test.near, Config: map[string]json.RawMessage{"num_replicas": count}}
		if err := json.Unmarshal([]byte(`{"replicas":`+test.replicas+`}`), &info.Cluster); err != nil {
			t.Fatal(err)
		}
		info.State.Last = 5
		if beyond, err := info.beyond(5); beyond || err != nil {
			t.Errorf("%s: its end is beyond it (%v)", test.about, err)
		}
		beyond, err := info.beyond(6)
		if beyond != test.sure || errors.Is(err, ErrUnavailable) == test.sure {
			t.Errorf("%s: beyond %v, %v", test.about, beyond, err)
		}
	}
}

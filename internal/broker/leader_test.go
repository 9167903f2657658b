package broker

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestWhatTheNearReplicaDoesNotHaveYetComesFromTheLeader(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for i := range 10 {
		m := text("a", fmt.Sprint(i))
		m.Key = "k"
		if i%2 == 0 {
			m.ID = fmt.Sprint("an id = ", i)
		}
		if _, err := store(l, m); err != nil {
			t.Fatal(err)
		}
		put(t, l, "b", "other")
	}
	filter := l.filter(channel.Pattern("a"))
	ctx := context.Background()
	for _, most := range []int{20, 10, 4} {
		want, err := l.fetchNear(ctx, filter, 1, most)
		if err != nil {
			t.Fatal(err)
		}
		for has := range want.stored { // messages that the replica has
			behind := fetched{}
			if has > 0 {
				if behind, err = l.fetchNear(ctx, filter, 1, has); err != nil {
					t.Fatal(err)
				}
				behind.pending = 0
			}
			got, err := l.complete(ctx, behind, filter, 1, most)
			if err != nil {
				t.Fatal(err)
			}
			if (got.pending > 0) != (want.pending > 0) || got.stored != want.stored || got.first != want.first || got.last != want.last || !reflect.DeepEqual(got.messages, want.messages) {
				t.Errorf("a replica with %d messages, of %d: got %+v, want %+v", has, most, got, want)
			}
		}
	}
}

func TestAReplicaThatIsFarBehindGivesSmallPagesWithMoreBehindThem(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for i := range maxFromLeader + 1 {
		put(t, l, "a", fmt.Sprint(i))
	}
	f, err := l.complete(context.Background(), fetched{}, l.filter(channel.Pattern("a")), 1, 1000)
	if err != nil || f.stored != maxFromLeader || f.pending == 0 {
		t.Errorf("%d messages, %d pending, %v", f.stored, f.pending, err)
	}
}

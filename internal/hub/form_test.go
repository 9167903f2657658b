package hub

import (
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAFormOfAnEdgeIsMadeOnceForEachKey(t *testing.T) {
	p := NewPublication("a", websocket.Message{Type: websocket.Text, Payload: []byte("x")})
	made := 0
	encode := func() any { made++; return made }
	type key struct{ quality byte }
	first, again, other := p.Form(key{0}, encode), p.Form(key{0}, encode), p.Form(key{1}, encode)
	if first != 1 || again != 1 || other != 2 {
		t.Errorf("the forms are %v, %v and %v; want 1, 1 and 2", first, again, other)
	}
}

package engine

import (
	"errors"
	"testing"
)

func TestAFailedWriteConcernsItsStreamOnly(t *testing.T) {
	h := &health{dir: "/data"}
	h.hear("Filestore [holdfast-a] Critical write error: write 1.blk: no space left on device")
	h.hear("Filestore [holdfast-b] Critical write error: write 1.blk: input/output error")
	h.hear("Filestore [holdfast-c] Stream state outdated")
	h.hear("something else")
	for stream, want := range map[string]error{"holdfast-a": ErrFull, "holdfast-b": ErrBroken, "holdfast-c": nil} {
		if err := h.refusal(stream); !errors.Is(err, want) {
			t.Errorf("%s is answered %v, want %v", stream, err, want)
		}
	}
}

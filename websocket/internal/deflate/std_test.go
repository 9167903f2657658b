package deflate

import (
	"bytes"
	"compress/flate"
)

// stdWriter compresses messages with compress/flate, as other libraries do.
type stdWriter struct {
	out      bytes.Buffer
	w        *flate.Writer
	takeover bool
}

func newStdWriter(level int, takeover bool) *stdWriter {
	s := &stdWriter{takeover: takeover}
	w, err := flate.NewWriter(&s.out, level)
	if err != nil {
		panic(err)
	}
	s.w = w
	return s
}

// size returns what the next message takes.
func (s *stdWriter) size(message []byte) int {
	s.out.Reset()
	if !s.takeover {
		s.w.Reset(&s.out)
	}
	s.w.Write(message)
	s.w.Flush()
	return s.out.Len() - len(tail)
}

package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"testing"
)

func TestMessagesSurviveCompression(t *testing.T) {
	msgs := chatMessages(3000)
	msgs = append(msgs, []byte{}, bytes.Repeat([]byte("abc"), 100000), bytes.Join(msgs, nil))
	for _, c := range []Context{{12, true}, {12, false}, {8, true}, {13, true}, {15, true}, {9, false}} {
		var e Encoder
		e.Init(c)
		var d Decoder
		d.Init(c, Limits{})
		var all, want bytes.Buffer
		for _, m := range msgs {
			out := e.Append(nil, m)
			e.Note(m)
			all.Write(out)
			all.WriteString("\x00\x00\xff\xff")
			want.Write(m)
			g, err := d.Append(nil, out)
			if err != nil || !bytes.Equal(g, m) {
				t.Fatal(c, err)
			}
		}
		got, err := io.ReadAll(flate.NewReader(&all))
		if !bytes.Equal(got, want.Bytes()) {
			t.Fatal(c, err, len(got), want.Len())
		}
	}
}

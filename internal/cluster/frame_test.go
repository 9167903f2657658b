package cluster

import (
	"bytes"
	"reflect"
	"testing"
)

func FuzzAFrameThatIsReadIsWrittenAlike(f *testing.F) {
	for _, one := range []frame{
		{kind: kindHere, from: "a", body: []byte(`{"id":"a"}`)},
		{kind: kindTell, from: "abcdefgh", topic: "socket.claim", body: []byte("x")},
		{kind: kindAsk, from: "a", topic: "t", number: 1 << 40},
	} {
		f.Add(one.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		one, err := parseFrame(b)
		if err != nil {
			return
		}
		again, err := parseFrame(one.append(nil))
		if err != nil || !reflect.DeepEqual(one, again) {
			t.Errorf("%+v becomes %+v, %v", one, again, err)
		}
	})
}

func FuzzRowsThatAreReadAreWrittenAlike(f *testing.F) {
	f.Add(appendRow(appendRow(appendRow(nil, row{"a", []byte("1")}), row{"b", nil}), row{"c", []byte{}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := parseRows(b)
		if err != nil {
			return
		}
		var out []byte
		for _, r := range rows {
			out = appendRow(out, r)
		}
		again, err := parseRows(out)
		if err != nil || !reflect.DeepEqual(rows, again) || len(out) > len(b) {
			t.Errorf("%v becomes %v, %v", rows, again, err)
		}
		if p, err := parsePage(appendPage(7, true, out)); len(rows) > 0 && (err != nil || p.number != 7 || p.last || p.end != rows[len(rows)-1].key) {
			t.Errorf("a page of %v becomes %+v, %v", rows, p, err)
		}
		if !bytes.Equal(out, b) && len(out) == len(b) {
			t.Error("two forms of one length")
		}
	})
}

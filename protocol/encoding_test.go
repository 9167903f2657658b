package protocol

import (
	"strings"
	"testing"
)

func TestTheSubprotocolChoosesTheEncoding(t *testing.T) {
	for _, test := range []struct {
		subprotocol string
		want        Encoding
		ok          bool
	}{{"", JSON, true}, {"holdfast.v1.json", JSON, true}, {"holdfast.v1.msgpack", MessagePack, true}, {"holdfast.v2.json", JSON, false}} {
		if got, ok := EncodingOf(test.subprotocol); got != test.want || ok != test.ok {
			t.Errorf("%q is %v, %t", test.subprotocol, got, ok)
		}
	}
	for _, subprotocol := range Subprotocols() {
		if e, ok := EncodingOf(subprotocol); !ok || e.Binary() != strings.HasSuffix(subprotocol, "msgpack") {
			t.Errorf("%s is %v, %t", subprotocol, e, ok)
		}
	}
}

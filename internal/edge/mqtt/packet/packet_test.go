package packet

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// anyText draws strings that MQTT allows.
var anyText = rapid.StringMatching(`[a-zA-Z0-9/äöü日 ~$.-]{0,20}`)

// anyTopic draws topics.
var anyTopic = rapid.StringMatching(`[a-z/]{1,20}`)

// anyProperties draws properties that a packet of a type may have, or none.
func anyProperties(t *rapid.T, of Type) *Properties {
	p := new(Properties)
	for id, r := range rules {
		if r.in&(1<<of) == 0 || rapid.IntRange(0, 3).Draw(t, "is there") > 0 {
			continue
		}
		id := Property(id)
		switch r.kind {
		case oneByte:
			p.SetNumber(id, rapid.Uint32Range(0, 1).Draw(t, "number"))
		case twoBytes:
			p.SetNumber(id, rapid.Uint32Range(1, 1<<16-1).Draw(t, "number"))
		case fourBytes:
			p.SetNumber(id, rapid.Uint32Range(1, 1<<32-1).Draw(t, "number"))
		case text, data:
			p.SetText(id, anyText.Draw(t, "text"))
		case varint:
			p.AddSubscriptionID(rapid.Uint32Range(1, MaxRemaining).Draw(t, "id"))
		case pair:
			for range rapid.IntRange(1, 3).Draw(t, "pairs") {
				p.AddUser(anyText.Draw(t, "name"), anyText.Draw(t, "value"))
			}
		}
	}
	if p.has == 0 {
		return nil
	}
	return p
}

func anyVersion(t *rapid.T) Version {
	return rapid.SampledFrom([]Version{V31, V311, V5}).Draw(t, "version")
}

// propertiesOf draws properties if the version has them.
func propertiesOf(t *rapid.T, v Version, of Type) *Properties {
	if v < V5 {
		return nil
	}
	return anyProperties(t, of)
}

// whole returns the one packet that b is.
func whole(t *rapid.T, b []byte) Raw {
	raw, n, err := Next(b, len(b))
	if err != nil || n != len(b) {
		t.Fatalf("%x: %d bytes are the packet, %v", b, n, err)
	}
	if Need(b) != len(b) {
		t.Fatalf("%x needs %d bytes", b, Need(b))
	}
	return raw
}

// same wants what was read back to be what was written.
func same(t *rapid.T, got, want any, err error) {
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("read back %+v, %v; want %+v", got, err, want)
	}
}

func TestConnectIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyVersion(t)
		p := &Connect{
			Version:    v,
			CleanStart: rapid.Bool().Draw(t, "clean"),
			KeepAlive:  rapid.Uint16().Draw(t, "keep alive"),
			ClientID:   anyText.Draw(t, "client id"),
			Properties: propertiesOf(t, v, TypeConnect),
		}
		if rapid.Bool().Draw(t, "has a will") {
			p.Will = &Will{
				Topic:      anyTopic.Draw(t, "topic"),
				Payload:    rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(t, "payload"),
				QoS:        rapid.ByteRange(0, 2).Draw(t, "QoS"),
				Retain:     rapid.Bool().Draw(t, "retain"),
				Properties: propertiesOf(t, v, will),
			}
		}
		if p.HasUser = rapid.Bool().Draw(t, "has a user name"); p.HasUser {
			p.User = anyText.Draw(t, "user")
			if p.HasPassword = rapid.Bool().Draw(t, "has a password"); p.HasPassword {
				p.Password = rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(t, "password")
			}
		}
		got, err := ParseConnect(whole(t, p.Append(nil)).Body)
		same(t, got, p, err)
	})
}

func TestPublishIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyVersion(t)
		p := &Publish{
			QoS:        rapid.ByteRange(0, 2).Draw(t, "QoS"),
			Retain:     rapid.Bool().Draw(t, "retain"),
			Topic:      anyTopic.Draw(t, "topic"),
			Payload:    rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload"),
			Properties: propertiesOf(t, v, TypePublish),
		}
		if p.QoS > 0 {
			p.ID = rapid.Uint16Range(1, 1<<16-1).Draw(t, "id")
			p.Dup = rapid.Bool().Draw(t, "dup")
		}
		b := p.Append(nil, v)
		if p.Size(v) != len(b) {
			t.Fatalf("it has %d bytes and says %d", len(b), p.Size(v))
		}
		got, err := ParsePublish(whole(t, b), v)
		same(t, got, p, err)
	})
}

func TestAnswersAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyVersion(t)
		a := &Ack{Type: rapid.SampledFrom([]Type{TypePuback, TypePubrec, TypePubrel, TypePubcomp}).Draw(t, "type"), ID: rapid.Uint16Range(1, 1<<16-1).Draw(t, "id")}
		if v == V5 {
			a.Code, a.Properties = Reason(rapid.Byte().Draw(t, "code")), anyProperties(t, a.Type)
		}
		gotAck, err := ParseAck(whole(t, a.Append(nil, v)), v)
		same(t, gotAck, a, err)

		d := &Disconnect{Code: Reason(rapid.Byte().Draw(t, "code")), Properties: anyProperties(t, TypeDisconnect)}
		gotEnd, err := ParseDisconnect(whole(t, d.Append(nil)).Body, V5)
		same(t, gotEnd, d, err)

		ok := &Connack{SessionPresent: rapid.Bool().Draw(t, "present"), Code: Success, Properties: propertiesOf(t, v, TypeConnack)}
		if v == V31 {
			ok.SessionPresent = false
		}
		gotOK, err := ParseConnack(whole(t, ok.Append(nil, v)).Body, v)
		same(t, gotOK, ok, err)

		codes := []Reason{Success, 1, 2, UnspecifiedError}
		s := &Suback{Type: TypeSuback, ID: a.ID, Codes: codes, Properties: propertiesOf(t, v, TypeSuback)}
		gotSub, err := ParseSuback(whole(t, s.Append(nil, v)), v)
		same(t, gotSub, s, err)
	})
}

func TestSubscriptionsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyVersion(t)
		s := &Subscribe{ID: rapid.Uint16Range(1, 1<<16-1).Draw(t, "id"), Properties: propertiesOf(t, v, TypeSubscribe)}
		u := &Unsubscribe{ID: s.ID, Properties: propertiesOf(t, v, TypeUnsubscribe)}
		for range rapid.IntRange(1, 4).Draw(t, "filters") {
			one := Subscription{Filter: anyText.Draw(t, "filter"), QoS: rapid.ByteRange(0, 2).Draw(t, "QoS")}
			if v == V5 {
				one.NoLocal, one.RetainAsPublished = rapid.Bool().Draw(t, "no local"), rapid.Bool().Draw(t, "as published")
				one.RetainHandling = rapid.ByteRange(0, 2).Draw(t, "handling")
			}
			s.Subscriptions = append(s.Subscriptions, one)
			u.Filters = append(u.Filters, one.Filter)
		}
		gotSub, err := ParseSubscribe(whole(t, s.Append(nil, v)).Body, v)
		same(t, gotSub, s, err)
		gotUn, err := ParseUnsubscribe(whole(t, u.Append(nil, v)).Body, v)
		same(t, gotUn, u, err)
	})
}

func TestWhatTheStandardForbidsIsRefusedWithItsReason(t *testing.T) {
	for name, test := range map[string]struct {
		b    string
		want Reason
	}{
		"type 0":                         {"\x00\x00", MalformedPacket},
		"flags of SUBSCRIBE":             {"\x80\x00", MalformedPacket},
		"a length of five bytes":         {"\x30\xff\xff\xff\xff\x01", MalformedPacket},
		"QoS 3":                          {"\x36\x05\x00\x01a\x00\x01", MalformedPacket},
		"DUP with QoS 0":                 {"\x38\x04\x00\x01a\x00", MalformedPacket},
		"identifier 0":                   {"\x32\x06\x00\x01a\x00\x00\x00", ProtocolError},
		"a wildcard in a topic":          {"\x30\x04\x00\x01#\x00", TopicNameInvalid},
		"no topic":                       {"\x30\x03\x00\x00\x00", ProtocolError},
		"U+0000":                         {"\x30\x04\x00\x01\x00\x00", MalformedPacket},
		"not UTF-8":                      {"\x30\x04\x00\x01\xff\x00", MalformedPacket},
		"a topic that ends too soon":     {"\x30\x03\x00\x05a", MalformedPacket},
		"a property that is not allowed": {"\x30\x09\x00\x01a\x05\x11\x00\x00\x00\x01", MalformedPacket},
		"a property twice":               {"\x30\x08\x00\x01a\x04\x01\x01\x01\x01", ProtocolError},
		"a format of 2":                  {"\x30\x06\x00\x01a\x02\x01\x02", ProtocolError},
		"topic alias 0":                  {"\x30\x07\x00\x01a\x03\x23\x00\x00", TopicAliasInvalid},
		"a longer length than needed":    {"\x30\x06\x00\x01a\x80\x00x", MalformedPacket},
		"no filters":                     {"\x82\x03\x00\x01\x00", ProtocolError},
		"reserved options":               {"\x82\x07\x00\x01\x00\x00\x01a\xc0", MalformedPacket},
		"retain handling 3":              {"\x82\x07\x00\x01\x00\x00\x01a\x30", ProtocolError},
		"too large":                      {"\x30\xff\x7f", PacketTooLarge},
	} {
		if err := parseAll([]byte(test.b), V5, 1000); err == nil {
			t.Errorf("%s: it is taken", name)
		} else if refused, ok := errors.AsType[*Error](err); !ok || refused.Code != test.want {
			t.Errorf("%s: %v; want %02X", name, err, byte(test.want))
		}
	}
}

// parseAll reads the packets in b as a server does.
func parseAll(b []byte, v Version, most int) error {
	for len(b) > 0 {
		raw, n, err := Next(b, most)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		b = b[n:]
		switch raw.Type {
		case TypeConnect:
			_, err = ParseConnect(raw.Body)
		case TypePublish:
			_, err = ParsePublish(raw, v)
		case TypePuback, TypePubrec, TypePubrel, TypePubcomp:
			_, err = ParseAck(raw, v)
		case TypeSubscribe:
			_, err = ParseSubscribe(raw.Body, v)
		case TypeUnsubscribe:
			_, err = ParseUnsubscribe(raw.Body, v)
		case TypeDisconnect:
			_, err = ParseDisconnect(raw.Body, v)
		case TypeConnack:
			_, err = ParseConnack(raw.Body, v)
		case TypeSuback, TypeUnsuback:
			_, err = ParseSuback(raw, v)
		default:
			err = ParseEmpty(raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestAConnectOfAnotherVersionTellsWhichItIs(t *testing.T) {
	body := []byte("\x00\x04MQTT\x09\x02\x00\x00\x00\x02id")
	p, err := ParseConnect(body)
	if refused, ok := errors.AsType[*Error](err); p == nil || p.Version != 9 || !ok || refused.Code != UnsupportedProtocolVersion {
		t.Errorf("got %+v, %v", p, err)
	}
	if p, err := ParseConnect([]byte("\x00\x02hj\x04\x02\x00\x00\x00\x02id")); p != nil || err == nil {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestOnePacketHoldsABoundedNumberOfThings(t *testing.T) {
	many := &Subscribe{ID: 1, Subscriptions: make([]Subscription, maxFilters+1)}
	raw, _, err := Next(many.Append(nil, V311), MaxRemaining)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseSubscribe(raw.Body, V311); err == nil {
		t.Error("there may be any number of filters")
	}
	p := &Publish{Topic: "a", Properties: new(Properties)}
	for range maxUserProperties + 1 {
		p.Properties.AddUser("", "")
	}
	if raw, _, err = Next(p.Append(nil, V5), MaxRemaining); err != nil {
		t.Fatal(err)
	}
	if _, err := ParsePublish(raw, V5); err == nil {
		t.Error("there may be any number of user properties")
	}
}

func TestAnIncompletePacketIsWaitedFor(t *testing.T) {
	b := (&Publish{Topic: "a/b", Payload: []byte(strings.Repeat("x", 200)), QoS: 1, ID: 7}).Append(nil, V311)
	for n := range b {
		if _, length, err := Next(b[:n], len(b)); length != 0 || err != nil {
			t.Fatalf("of %d bytes, %d are a packet, %v", n, length, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02id"), byte(4))
	f.Add((&Connect{Version: V5, ClientID: "c", Will: &Will{Topic: "w", Payload: []byte("x")}, HasUser: true, User: "u"}).Append(nil), byte(5))
	f.Add((&Publish{Topic: "a/b", QoS: 1, ID: 1, Payload: []byte("x")}).Append(nil, V5), byte(5))
	f.Add((&Subscribe{ID: 1, Subscriptions: []Subscription{{Filter: "a/#", QoS: 2}}}).Append(nil, V5), byte(5))
	f.Add((&Unsubscribe{ID: 1, Filters: []string{"a/#"}}).Append(nil, V311), byte(4))
	f.Add([]byte("\x40\x04\x00\x01\x87\x00\xe0\x00\xc0\x00"), byte(5))
	f.Fuzz(func(t *testing.T, b []byte, version byte) {
		v := []Version{V31, V311, V5}[version%3]
		if err := parseAll(bytes.Clone(b), v, 1<<16); err != nil {
			if refused, ok := errors.AsType[*Error](err); !ok || !refused.Code.Refusal() || refused.Reason == "" {
				t.Fatalf("%x is refused without a reason: %v", b, err)
			}
		}
	})
}

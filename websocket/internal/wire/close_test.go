package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestOnlyCodesThatMayTravelTravel(t *testing.T) {
	may := func(code int) bool {
		switch code {
		case 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014:
			return true
		}
		return code/1000 == 3 || code/1000 == 4
	}
	for code := range 1 << 16 {
		if got := CanSend(uint16(code)); got != may(code) {
			t.Errorf("CanSend(%d) = %v", code, got)
		}
		_, _, err := ParseClose([]byte{byte(code >> 8), byte(code)})
		if (err == nil) != may(code) {
			t.Errorf("ParseClose of %d: %v", code, err)
		}
		if payload := AppendClose(nil, uint16(code), "why"); (len(payload) == 5) != may(code) || !may(code) && payload != nil {
			t.Errorf("AppendClose of %d: %q", code, payload)
		}
	}
}

func TestAClosePayloadIsReadByTheRFC(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		code          uint16
		reason        string
		violation     string
	}{
		{"no code", "", 1005, "", ""},
		{"a code", "\x03\xe8", 1000, "", ""},
		{"a code and a reason", "\x0f\xa0see you, Zoë", 4000, "see you, Zoë", ""},
		{"the longest reason", "\x03\xe9" + strings.Repeat("r", 123), 1001, strings.Repeat("r", 123), ""},
		{"half a code", "\x03", 0, "", "close 1002: close frame has a payload of one byte; a code takes two (RFC 6455 section 5.5.1)"},
		{"1005 sent", "\x03\xed", 0, "", "close 1002: close code 1005 may not be sent (RFC 6455 section 7.4)"},
		{"1006 sent", "\x03\xee", 0, "", "close 1002: close code 1006 may not be sent (RFC 6455 section 7.4)"},
		{"1015 sent", "\x03\xf7bye", 0, "", "close 1002: close code 1015 may not be sent (RFC 6455 section 7.4)"},
		{"code 0", "\x00\x00", 0, "", "close 1002: close code 0 may not be sent (RFC 6455 section 7.4)"},
		{"code 65535", "\xff\xff", 0, "", "close 1002: close code 65535 may not be sent (RFC 6455 section 7.4)"},
		{"reason not UTF-8", "\x03\xe8caf\xe9", 0, "", "close 1007: close reason is not valid UTF-8 (RFC 6455 section 5.5.1)"},
		{"reason ending inside a character", "\x03\xe8\xe2\x82", 0, "", "close 1007: close reason is not valid UTF-8 (RFC 6455 section 5.5.1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, reason, err := ParseClose([]byte(c.payload))
			violation := ""
			if err != nil {
				violation = err.Error()
			}
			if code != c.code || reason != c.reason || violation != c.violation {
				t.Errorf("got %d, %q, %q; want %d, %q, %q", code, reason, violation, c.code, c.reason, c.violation)
			}
		})
	}
}

func TestACloseReasonIsCutBetweenCharacters(t *testing.T) {
	for _, c := range []struct{ reason, want string }{
		{strings.Repeat("r", 123), strings.Repeat("r", 123)},
		{strings.Repeat("r", 124), strings.Repeat("r", 123)},
		{strings.Repeat("r", 122) + "é", strings.Repeat("r", 122)},
		{strings.Repeat("r", 121) + "é!", strings.Repeat("r", 121) + "é"},
		{strings.Repeat("r", 121) + "日xx", strings.Repeat("r", 121)},
		{"caf\xe9", "caf\uFFFD"},
	} {
		if got := string(AppendClose(nil, 1000, c.reason)); got != "\x03\xe8"+c.want {
			t.Errorf("%q became %q", c.reason, got)
		}
	}
}

func TestACloseIsReadAsItWasWritten(t *testing.T) {
	anyReason := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		code := uint16(rapid.OneOf(rapid.IntRange(990, 1020), rapid.IntRange(0, 65535)).Draw(t, "code"))
		sent := anyReason.Draw(t, "reason")
		payload := AppendClose([]byte("before"), code, sent)
		if len(payload) > len("before")+MaxControlPayload || string(payload[:6]) != "before" {
			t.Fatalf("payload %q", payload)
		}
		got, reason, err := ParseClose(payload[6:])
		if err != nil {
			t.Fatal(err)
		}
		if !CanSend(code) {
			code, sent = codeNoStatus, ""
		}
		want := string([]rune(sent)) // U+FFFD in place of each invalid byte
		if got != code || !strings.HasPrefix(want, reason) || reason != want && len(reason) < maxCloseReason-3 {
			t.Fatalf("%d %q was read as %d %q", code, sent, got, reason)
		}
	})
}

func FuzzClosePayload(f *testing.F) {
	for _, s := range []string{"", "\x03", "\x03\xe8", "\x03\xe8bye", "\x03\xed", "\x0b\xb8\xff", "\x13\x87é"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		code, reason, err := ParseClose(payload)
		if err != nil {
			if code != 0 || reason != "" || err.Code != codeProtocolError && err.Code != codeInvalidPayload || len(err.Reason) > maxCloseReason {
				t.Fatalf("%q: %d, %q along with %v", payload, code, reason, err)
			}
			return
		}
		if len(payload) > MaxControlPayload {
			return // cannot have come in a frame
		}
		if again := AppendClose(nil, code, reason); string(again) != string(payload) {
			t.Fatalf("%q was read and written again as %q", payload, again)
		}
	})
}

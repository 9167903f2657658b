package deflate

import (
	"strings"
	"testing"
)

// params reads parameters written as in a header: "a; b=1".
func params(s string) (list []Param) {
	if s == "" {
		return nil
	}
	for part := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		list = append(list, Param{name, value})
	}
	return list
}

func TestOffersAndResponsesAreReadByTheRulesOfTheRFC(t *testing.T) {
	for list, want := range map[string]parameters{
		"":                           {},
		"server_no_context_takeover": {serverNoTakeover: true},
		"client_no_context_takeover": {clientNoTakeover: true},
		"server_max_window_bits=8":   {serverBits: 8},
		"server_max_window_bits=10":  {serverBits: 10},
		"client_max_window_bits=9":   {clientBits: 9, clientBitsGiven: true},
		"client_max_window_bits=15; server_no_context_takeover; server_max_window_bits=15; client_no_context_takeover": {
			serverNoTakeover: true, clientNoTakeover: true, serverBits: 15, clientBits: 15, clientBitsGiven: true},
	} {
		for _, offer := range []bool{true, false} {
			if got, err := parseParameters(params(list), offer); err != nil || got != want {
				t.Errorf("%q: got %+v, %v; want %+v", list, got, err, want)
			}
		}
	}
	if got, err := parseParameters(params("client_max_window_bits"), true); err != nil || got != (parameters{clientBitsGiven: true}) {
		t.Errorf("client_max_window_bits without a value: got %+v, %v", got, err)
	}
}

func TestOffersAndResponsesOutsideTheRulesAreRefused(t *testing.T) {
	for list, want := range map[string]string{
		"x-unknown":                    `permessage-deflate has the unknown parameter "x-unknown" (RFC 7692 section 7)`,
		"server_max_window_bits=10; x": `permessage-deflate has the unknown parameter "x" (RFC 7692 section 7)`,
		"Server_No_Context_Takeover":   `permessage-deflate has the unknown parameter "Server_No_Context_Takeover" (RFC 7692 section 7)`,
		"server_no_context_takeover; server_no_context_takeover":            "permessage-deflate has server_no_context_takeover twice (RFC 7692 section 7)",
		"server_max_window_bits=10; server_max_window_bits=10":              "permessage-deflate has server_max_window_bits twice (RFC 7692 section 7)",
		"client_max_window_bits=9; x=1; client_max_window_bits=9":           `permessage-deflate has the unknown parameter "x" (RFC 7692 section 7)`,
		"client_max_window_bits=9; client_max_window_bits":                  "permessage-deflate has client_max_window_bits twice (RFC 7692 section 7)",
		"server_no_context_takeover=true":                                   `permessage-deflate has the invalid value "true" for server_no_context_takeover (RFC 7692 section 7.1)`,
		"client_no_context_takeover=1":                                      `permessage-deflate has the invalid value "1" for client_no_context_takeover (RFC 7692 section 7.1)`,
		"server_max_window_bits":                                            `permessage-deflate has the invalid value "" for server_max_window_bits (RFC 7692 section 7.1)`,
		"server_max_window_bits=" + strings.Repeat("1", 100) + "; foo; bar": `permessage-deflate has the invalid value "` + strings.Repeat("1", 40) + `…" for server_max_window_bits (RFC 7692 section 7.1)`,
	} {
		for _, offer := range []bool{true, false} {
			if _, err := parseParameters(params(list), offer); err == nil || err.Error() != want {
				t.Errorf("%q:\ngot  %v\nwant %s", list, err, want)
			}
		}
	}
	if _, err := parseParameters(params("client_max_window_bits"), false); err == nil {
		t.Error("a response may not have client_max_window_bits without a value (section 7.1.2.2)")
	}
}

// A window size that was taken without a check made an allocation or zlib fail, and the process with it (CVE-2026-2229 in undici).
func TestWindowBitsAreNumbersFrom8To15WithoutLeadingZeros(t *testing.T) {
	for s, want := range map[string]int{"8": 8, "9": 9, "10": 10, "11": 11, "12": 12, "13": 13, "14": 14, "15": 15} {
		if got, ok := windowBits(s); got != want || !ok {
			t.Errorf("%q: got %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "0", "1", "7", "16", "17", "20", "31", "32", "99", "100", "150", "1000", "08", "09", "010", "015", "+8", "-8", "-1", "8.0",
		"1e1", "0x8", "0xf", " 8", "8 ", "1 0", "a", "1a", "a0", "٨", "８", "NaN", "9999999999999999999999", "4294967304", "18446744073709551624"} {
		if got, ok := windowBits(s); ok {
			t.Errorf("%q: got %d", s, got)
		}
		for _, name := range []string{serverMaxBits, clientMaxBits} {
			if s == "" {
				continue
			}
			if _, _, ok := Accept([][]Param{{{name, s}}}, Config{}); ok {
				t.Errorf("the offer %s=%q was accepted", name, s)
			}
			if _, _, err := CheckResponse([][]Param{{{name, s}}}, Config{}); err == nil {
				t.Errorf("the response %s=%q was accepted", name, s)
			}
		}
	}
}

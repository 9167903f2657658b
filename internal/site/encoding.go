package site

import (
	"strconv"
	"strings"
)

// codings are the content codings that a build may have prepared, the smaller first, and what the names of
// their files end in.
var codings = []struct{ name, suffix string }{
	{"br", ".br"}, // RFC 7932
	{"gzip", ".gz"},
}

// variant returns the file to send for the file name to a client with these Accept-Encoding headers, and its
// coding, "" for none. compressed tells whether there are siblings at all, so that the answer depends on the
// header.
func (t tree) variant(name string, accept []string) (chosen, coding string, compressed bool) {
	chosen, best := name, 0.0
	qualities := qualitiesOf(accept)
	for _, c := range codings {
		if strings.HasSuffix(name, c.suffix) || !t.isFile(name+c.suffix) {
			continue
		}
		compressed = true
		if q := qualities.of(c.name); q > best {
			chosen, coding, best = name+c.suffix, c.name, q
		}
	}
	return chosen, coding, compressed
}

// qualities is what Accept-Encoding says (RFC 9110 section 12.5.3): 0 is "not at all", 1 the best.
type qualities map[string]float64

// qualitiesOf reads the header. What is wrong in it is taken for "not at all".
func qualitiesOf(headers []string) qualities {
	all := qualities{}
	for _, header := range headers {
		for item := range strings.SplitSeq(header, ",") {
			coding, weight, weighed := strings.Cut(item, ";")
			quality := 1.0
			if weighed {
				quality = qualityOf(weight)
			}
			all[strings.ToLower(strings.TrimSpace(coding))] = quality
		}
	}
	return all
}

// qualityOf reads a weight, as in q=0.5.
func qualityOf(weight string) float64 {
	name, value, _ := strings.Cut(weight, "=")
	quality, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || !(0 <= quality && quality <= 1) {
		return 0
	}
	return quality
}

// of returns the quality of a coding, by its name or as one of the others.
func (q qualities) of(coding string) float64 {
	if quality, named := q[coding]; named {
		return quality
	}
	return q["*"]
}

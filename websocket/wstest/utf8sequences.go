package wstest

// sequence is a byte sequence and what it is an example of.
type sequence struct{ id, what, bytes string }

// validSequences are UTF-8 (RFC 3629): the bounds of each length, and what naive checks refuse.
var validSequences = []sequence{
	{"ascii", "ASCII", "Hello, world!"},
	{"greek", "Greek", "κόσμε"},
	{"mixed", "characters of one to four bytes", "aé日🦀𐍈b"},
	{"combining", "combining marks and joiners", "e\u0301 👩\u200d👩\u200d👧 \ufe0f"},
	{"bom", "a byte order mark", "\ufefftext"},
	{"nul", "U+0000", "\u0000"},
	{"controls", "control characters", "\u0001\u001b\u007f\u0085"},
	{"007f", "U+007F, the last of one byte", "\u007f"},
	{"0080", "U+0080, the first of two bytes", "\u0080"},
	{"07ff", "U+07FF, the last of two bytes", "\u07ff"},
	{"0800", "U+0800, the first of three bytes", "\u0800"},
	{"0fff", "U+0FFF, the last behind E0", "\u0fff"},
	{"1000", "U+1000, the first behind E1", "\u1000"},
	{"d7ff", "U+D7FF, the last before the surrogates", "\ud7ff"},
	{"e000", "U+E000, the first behind the surrogates", "\ue000"},
	{"fdd0", "the noncharacters U+FDD0 and U+FDEF", "\ufdd0\ufdef"},
	{"fffd", "U+FFFD, the replacement character", "\ufffd"},
	{"fffe", "the noncharacters U+FFFE and U+FFFF", "\ufffe\uffff"},
	{"10000", "U+10000, the first of four bytes", "\U00010000"},
	{"1fffe", "the noncharacters U+1FFFE and U+1FFFF", "\U0001fffe\U0001ffff"},
	{"3ffff", "U+3FFFF, the last behind F0", "\U0003ffff"},
	{"40000", "U+40000, the first behind F1", "\U00040000"},
	{"fffff", "U+FFFFF, the last behind F3", "\U000fffff"},
	{"100000", "U+100000, the first behind F4", "\U00100000"},
	{"10ffff", "the noncharacters U+10FFFE and U+10FFFF, the last of all", "\U0010fffe\U0010ffff"},
}

// invalidSequences are not UTF-8 by their last byte at the latest, whatever follows: that byte is
// where a check that fails fast stops.
var invalidSequences = []sequence{
	{"lone-80", "a continuation byte without a start", "\x80"},
	{"lone-bf", "the last continuation byte without a start", "\xbf"},
	{"lone-after-two", "a continuation byte too many behind two bytes", "\xc2\x80\x80"},
	{"lone-after-three", "a continuation byte too many behind three bytes", "\xe0\xa0\x80\x80"},
	{"lone-after-four", "a continuation byte too many behind four bytes", "\xf0\x90\x80\x80\x80"},
	{"start-then-ascii-2", "a start of two bytes and then a letter", "\xc3A"},
	{"start-then-ascii-3", "a start of three bytes and then a letter", "\xe3A"},
	{"start-then-ascii-4", "a start of four bytes and then a letter", "\xf1A"},
	{"cut-then-ascii-3", "two bytes of three and then a letter", "\xe3\x81A"},
	{"cut-then-ascii-4", "three bytes of four and then a letter", "\xf1\x80\x80A"},
	{"start-then-start-2", "a start of two bytes and then another", "\xc3\xc3"},
	{"start-then-start-3", "two bytes of three and then a start", "\xe3\x81\xe3"},
	{"start-then-start-4", "three bytes of four and then a start", "\xf1\x80\x80\xf1"},
	{"overlong-slash-2", "a slash in two bytes", "\xc0\xaf"},
	{"overlong-nul-2", "U+0000 in two bytes", "\xc0\x80"},
	{"overlong-7f-2", "U+007F in two bytes", "\xc1\xbf"},
	{"overlong-slash-3", "a slash in three bytes", "\xe0\x80\xaf"},
	{"overlong-7ff-3", "U+07FF in three bytes", "\xe0\x9f\xbf"},
	{"overlong-slash-4", "a slash in four bytes", "\xf0\x80\x80\xaf"},
	{"overlong-ffff-4", "U+FFFF in four bytes", "\xf0\x8f\xbf\xbf"},
	{"surrogate-first", "U+D800, the first surrogate", "\xed\xa0\x80"},
	{"surrogate-high-last", "U+DBFF, the last high surrogate", "\xed\xaf\xbf"},
	{"surrogate-low-first", "U+DC00, the first low surrogate", "\xed\xb0\x80"},
	{"surrogate-last", "U+DFFF, the last surrogate", "\xed\xbf\xbf"},
	{"surrogate-pair", "a pair of surrogates", "\xed\xa0\xbd\xed\xb8\x80"},
	{"above-10ffff", "U+110000, the first above Unicode", "\xf4\x90\x80\x80"},
	{"f4-bf", "a code point far above Unicode behind F4", "\xf4\xbf\xbf\xbf"},
	{"f5", "the start byte F5", "\xf5\x80\x80\x80"},
	{"f7", "the start byte F7", "\xf7\xbf\xbf\xbf"},
	{"five-bytes", "a sequence of five bytes", "\xf8\x88\x80\x80\x80"},
	{"six-bytes", "a sequence of six bytes", "\xfc\x84\x80\x80\x80\x80"},
	{"fe", "the byte FE", "\xfe"},
	{"ff", "the byte FF", "\xff"},
	{"fe-ff", "a byte order mark of UTF-16", "\xfe\xff"},
	{"latin-1", "Latin-1", "caf\xe9 "},
}

// cutSequences are the beginnings of characters: wrong only once a message ends with them.
var cutSequences = []sequence{
	{"1-of-2", "one byte of two", "\xc3"},
	{"1-of-3", "one byte of three", "\xe3"},
	{"2-of-3", "two bytes of three", "\xe3\x81"},
	{"1-of-4", "one byte of four", "\xf0"},
	{"2-of-4", "two bytes of four", "\xf0\x9f"},
	{"3-of-4", "three bytes of four", "\xf0\x9f\xa6"},
	{"e0", "E0, whose next byte is bounded", "\xe0"},
	{"ed", "ED, whose next byte is bounded", "\xed"},
	{"f4-8f", "two bytes behind F4", "\xf4\x8f"},
}

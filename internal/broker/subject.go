package broker

import (
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// What NATS calls things. A log called "chat/#" is the stream "holdfast-chat=2f=23"; the channel
// "chat/lobby" is stored in it as "holdfast.log.chat=2f=23.chat.lobby._" and carried live as
// "holdfast.live.chat=2f=23.chat.lobby._".
//
// The last token, always "_", lets one subject filter say what MQTT's "#" means: "chat/#" selects
// the channel "chat" too, and "chat.>" matches "chat._" but would not match "chat".
const (
	streamPrefix = "holdfast-"
	logPrefix    = "holdfast.log."
	livePrefix   = "holdfast.live."
	endToken     = "_"

	// maxLogTokenBytes keeps a stream's name, which is also its directory's, within the 255 bytes
	// that NATS and file systems allow.
	maxLogTokenBytes = 240
)

const hexDigits = "0123456789abcdef"

// logToken returns the name of a log as one token that is a stream's name and a directory's: only
// lower-case letters, digits, "_" and "-" stand for themselves, because some file systems do not
// tell letters by case; every other byte is "=" and two hexadecimal digits.
func logToken(name string) (string, error) {
	if name == "" {
		return "", errors.New("the log has no name")
	}
	token := string(escape(nil, name, func(c byte) bool {
		return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-'
	}))
	if len(token) > maxLogTokenBytes {
		return "", fmt.Errorf("the pattern %.64q is too long for a log's name (%d bytes when escaped, at most %d); shorten it", name, len(token), maxLogTokenBytes)
	}
	return token, nil
}

// plainInToken tells the bytes that stand for themselves in a segment of a channel. Refused by NATS
// are spaces, and ".", "*" and ">" mean something to it; the rest of UTF-8 is fine.
func plainInToken(c byte) bool {
	return c > ' ' && c != 0x7f && c != '.' && c != '*' && c != '>' && c != '='
}

// appendChannel appends the tokens of a channel with the last one.
func appendChannel(dst []byte, name channel.Name) []byte {
	for segment := range strings.SplitSeq(string(name), "/") {
		dst = append(escape(dst, segment, plainInToken), '.')
	}
	return append(dst, endToken...)
}

// filter returns what selects the channels of a pattern behind a prefix that ends with a dot.
func filter(prefix string, p channel.Pattern) string {
	dst := []byte(prefix)
	for segment := range strings.SplitSeq(string(p), "/") {
		switch segment {
		case "#":
			return string(append(dst, '>'))
		case "+":
			dst = append(dst, '*', '.')
		default:
			dst = append(escape(dst, segment, plainInToken), '.')
		}
	}
	return string(append(dst, endToken...))
}

// parseChannel reads what appendChannel writes.
func parseChannel(tokens string) (channel.Name, error) {
	path, ok := strings.CutSuffix(tokens, "."+endToken)
	if !ok {
		return "", fmt.Errorf("%.300q is not the subject of a channel", tokens)
	}
	escaped := false
	for i := range len(path) {
		if c := path[i]; c == '=' {
			escaped = true
		} else if c != '.' && !plainInToken(c) {
			return "", fmt.Errorf("%.300q is not the subject of a channel", tokens)
		}
	}
	if !escaped { // the usual: nothing to undo within the segments
		return channel.Parse(strings.ReplaceAll(path, ".", "/"))
	}
	var name []byte
	for i, token := range strings.Split(path, ".") {
		if i > 0 {
			name = append(name, '/')
		}
		segment, err := unescape(token)
		if err != nil {
			return "", err
		}
		name = append(name, segment...)
	}
	parsed, err := channel.Parse(string(name))
	if err == nil && string(appendChannel(nil, parsed)) != tokens {
		return "", fmt.Errorf("%.300q is not how Holdfast writes the channel %.300q", tokens, name)
	}
	return parsed, err
}

// escape appends s, with "=" and two hexadecimal digits for each byte that is not plain.
func escape(dst []byte, s string, plain func(byte) bool) []byte {
	for i := range len(s) {
		if c := s[i]; plain(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// unescape undoes escape.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '=') < 0 {
		return s, nil
	}
	plain := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '=' {
			plain = append(plain, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("%.300q ends within an escape", s)
		}
		high, low := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
		if high < 0 || low < 0 {
			return "", fmt.Errorf("%.300q has a broken escape", s)
		}
		plain = append(plain, byte(high<<4|low))
		i += 2
	}
	return string(plain), nil
}

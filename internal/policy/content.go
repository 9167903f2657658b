package policy

import (
	"bytes"
	"slices"
)

// Content says what the binary messages of a channel are. Text is none of them.
type Content struct {
	Types []string // media types in lower case, one of which a message has, if it has any; none for any
	Magic [][]byte // what messages begin with, one of these; none for anything
}

// Allows tells whether messages may have a media type.
func (c *Content) Allows(mediaType string) bool {
	return len(c.Types) == 0 || slices.Contains(c.Types, mediaType)
}

// Begins tells whether a message begins as it has to.
func (c *Content) Begins(payload []byte) bool {
	return len(c.Magic) == 0 || slices.ContainsFunc(c.Magic, func(magic []byte) bool { return bytes.HasPrefix(payload, magic) })
}

package hubproto

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// Handshake is what a client says first.
type Handshake struct {
	Protocol Encoding `json:"protocol"`
	Version  int      `json:"version"` // 2 with stateful reconnect, else 1
}

// DecodeHandshake reads a client's handshake without its frame. The error is what AppendHandshake is to tell it.
func DecodeHandshake(frame []byte) (h Handshake, err error) {
	if err := json.Unmarshal(frame, &h); err != nil {
		return h, fmt.Errorf("the first message is not a handshake: %w", err)
	}
	switch {
	case h.Protocol != InJSON && h.Protocol != InMessagePack:
		return h, fmt.Errorf("the protocol %.40q is not available; there are json and messagepack", string(h.Protocol))
	case h.Version != 1 && h.Version != 2:
		return h, fmt.Errorf("the version %d of the protocol is not known; there are 1 and 2", h.Version)
	}
	return h, nil
}

// AppendHandshake appends the answer to a handshake, which is in JSON whatever the encoding: why it is refused, or "".
func AppendHandshake(dst []byte, refused string) []byte {
	dst = append(dst, '{')
	if refused != "" {
		dst = appendQuoted(append(dst, `"error":`...), refused)
	}
	return append(dst, '}', separator)
}

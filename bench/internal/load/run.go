//go:build linux

package load

import "bytes"

// run is several identical frames in a row, ready to be sent: the longest piece of the endless
// stream of frames that leaves in one write.
type run struct {
	bytes []byte
	frame int // bytes in one frame
}

func newRun(frame []byte, frames int) run {
	return run{bytes: bytes.Repeat(frame, frames), frame: len(frame)}
}

//go:build linux

package peer

import (
	"encoding/binary"
	"net"
	"syscall"

	"github.com/gobwas/ws"
)

// floor is no library: a goroutine for each connection reads as much as there is, checks nothing,
// and answers all frames of one read with one write. A broadcast is a bare loop of write calls, one
// for each member and read. It shows what the kernel and Go's network poller cost alone.
type floor struct {
	kind Kind
	room[*floorMember]
}

type floorMember struct {
	conn *net.TCPConn
	fd   int // of conn; a broadcast must not run while members leave, and in no load it does
}

func newFloor(kind Kind) Server { return &floor{kind: kind} }

func (s *floor) Serve(ln net.Listener) error {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			conn.Close() // the floor has no TLS
			continue
		}
		go func() {
			if _, err := ws.Upgrade(tcp); err != nil {
				tcp.Close()
				return
			}
			go s.read(tcp)
		}()
	}
}

// floorRead is how many bytes one read may bring: more than any load has in flight on a connection.
const floorRead = 64 << 10

func (s *floor) read(conn *net.TCPConn) {
	defer conn.Close()
	if s.kind == Broadcast {
		raw, err := conn.SyscallConn()
		if err != nil {
			return
		}
		member := &floorMember{conn: conn}
		if raw.Control(func(fd uintptr) { member.fd = int(fd) }) != nil {
			return
		}
		s.join(member)
		defer s.leave(member)
	}
	in, out := make([]byte, floorRead), make([]byte, 0, floorRead)
	held := 0
	for {
		n, err := conn.Read(in[held:])
		if err != nil {
			return
		}
		held += n
		var used int
		out, used = answerFrames(out[:0], in[:held])
		held = copy(in, in[used:held])
		if len(out) == 0 {
			continue
		}
		if s.kind == Echo {
			if _, err := conn.Write(out); err != nil {
				return
			}
			continue
		}
		for _, member := range s.all() {
			if n, err := syscall.Write(member.fd, out); err != nil || n < len(out) {
				member.conn.Close()
			}
		}
	}
}

// answerFrames appends the whole frames of masked to dst, unmasked, and returns how many bytes of
// masked it has used.
func answerFrames(dst, masked []byte) (frames []byte, used int) {
	for rest := masked; len(rest) >= 8; rest = masked[used:] {
		length, header := int(rest[1]&0x7f), 2
		if length == 126 { // the loads have no frames of 64 KiB and more
			length, header = int(binary.BigEndian.Uint16(rest[2:])), 4
		}
		end := header + 4 + length
		if end > len(rest) {
			break
		}
		dst = append(dst, rest[:header]...)
		dst[len(dst)-header+1] &= 0x7f
		start := len(dst)
		dst = append(dst, rest[header+4:end]...)
		ws.Cipher(dst[start:], [4]byte(rest[header:]), 0)
		used += end
	}
	return dst, used
}

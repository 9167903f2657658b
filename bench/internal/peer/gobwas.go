//go:build linux

package peer

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"slices"

	"github.com/gobwas/ws"
)

// gobwas uses the library's low-level API, which its README recommends for servers with many
// connections: the handshake is read straight from the socket, each connection has a goroutine and a
// bufio.Reader of 4 KiB, and each frame leaves in one write. A broadcast is a compiled frame and a
// loop of blocking writes.
type gobwas struct {
	kind Kind
	room[net.Conn]
}

func newGobwas(kind Kind) Server { return &gobwas{kind: kind} }

func (s *gobwas) Serve(ln net.Listener) error {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			if _, err := ws.Upgrade(conn); err != nil {
				conn.Close()
				return
			}
			if s.kind == Broadcast {
				s.join(conn)
			}
			go s.read(conn) // on a stack that has not grown by the handshake
		}()
	}
}

func (s *gobwas) read(conn net.Conn) {
	defer conn.Close()
	if s.kind == Broadcast {
		defer s.leave(conn)
	}
	r := bufio.NewReaderSize(conn, 4<<10)
	header := make([]byte, ws.MaxHeaderSize)
	var out bytes.Buffer
	var payload []byte
	for {
		h, err := ws.ReadHeaderBuffer(r, header)
		if err != nil || !h.OpCode.IsData() || h.Length > maxPayload {
			return // the load sends whole data frames only
		}
		payload = slices.Grow(payload[:0], int(h.Length))[:h.Length]
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		ws.Cipher(payload, h.Mask, 0)
		if s.kind == Echo {
			err = s.echo(conn, &out, h, payload)
		} else {
			err = s.publish(h, payload)
		}
		if err != nil {
			return
		}
	}
}

// maxPayload is the largest frame, in bytes, that the peers without a limit of their own take.
const maxPayload = 1 << 20

func (s *gobwas) echo(conn net.Conn, out *bytes.Buffer, h ws.Header, payload []byte) error {
	out.Reset()
	h.Masked = false
	if err := ws.WriteHeader(out, h); err != nil {
		return err
	}
	out.Write(payload)
	_, err := conn.Write(out.Bytes())
	return err
}

func (s *gobwas) publish(h ws.Header, payload []byte) error {
	frame, err := ws.CompileFrame(ws.NewFrame(h.OpCode, h.Fin, payload))
	if err != nil {
		return err
	}
	for _, member := range s.all() {
		if _, err := member.Write(frame); err != nil {
			member.Close()
		}
	}
	return nil
}

package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/websocket"
)

const commandHelp = `TEXT                   send TEXT
//TEXT                 send /TEXT
/binary HEX            send bytes, as in /binary 00 ff 10
/ping                  measure the round trip
/close [CODE [REASON]] close, with 1000 if no code is given
/help                  this list
Ctrl-C, Ctrl-D         close with 1000`

// verb is what a line typed in a session asks for.
type verb int

const (
	sayNothing verb = iota // an empty line
	sayText
	sayBinary
	sayPing
	sayClose
	sayHelp
)

// command is a line typed in a session, understood.
type command struct {
	verb    verb
	payload []byte              // of sayText and sayBinary
	code    websocket.CloseCode // of sayClose
	reason  string              // of sayClose
}

// parseCommand understands a line: text to send, unless it begins with one slash.
func parseCommand(line string) (command, error) {
	switch {
	case line == "":
		return command{verb: sayNothing}, nil
	case strings.HasPrefix(line, "//"):
		return command{verb: sayText, payload: []byte(line[1:])}, nil
	case !strings.HasPrefix(line, "/"):
		return command{verb: sayText, payload: []byte(line)}, nil
	}
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "/binary":
		payload, err := hex.DecodeString(strings.Join(strings.Fields(rest), ""))
		if err != nil {
			return command{}, fmt.Errorf("%q is not hexadecimal; write two digits for each byte, as in /binary 00 ff 10", rest)
		}
		return command{verb: sayBinary, payload: payload}, nil
	case "/close":
		return parseClose(rest)
	case "/ping":
		return command{verb: sayPing}, nil
	case "/help":
		return command{verb: sayHelp}, nil
	}
	return command{}, fmt.Errorf("unknown command %s; /help lists them, and /%s sends this line as text", word, line)
}

// parseClose understands what follows /close: nothing, a code, or a code and a reason.
func parseClose(rest string) (command, error) {
	c := command{verb: sayClose, code: websocket.CloseNormal}
	if rest == "" {
		return c, nil
	}
	digits, reason, _ := strings.Cut(rest, " ")
	code, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || code == 0 {
		return command{}, fmt.Errorf("%q is no close code; write a number first, as in /close 1000 goodbye", digits)
	}
	c.code, c.reason = websocket.CloseCode(code), strings.TrimSpace(reason)
	return c, nil
}

package protocol

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

// document returns docs/protocol.md.
func document(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// codes are all that the package names.
var codes = []Code{
	CodeBadJSON, CodeBadMessagePack, CodeBadCommand, CodeUnknownCommand, CodeBadChannel, CodeBadPosition,
	CodeUnauthorized, CodeTokenExpired, CodeNotPermitted, CodeTooLarge, CodeTooMany, CodeInvalidData, CodeRateLimited,
	CodeLogUnavailable, CodeLogFull, CodeNoHistory, CodeNoPresence, CodeAlreadySubscribed, CodeUnknownSubscription,
	CodeUnknownMethod, CodeUnavailable, CodeShuttingDown, CodeInternal,
}

func TestTheDocumentListsEveryErrorCodeAndWhetherToRetry(t *testing.T) {
	doc := document(t)
	for _, code := range codes {
		retry := ""
		if code.Retry() {
			retry = "yes"
		}
		found := false
		for line := range strings.Lines(doc) {
			cells := strings.Split(line, "|")
			if len(cells) == 6 && strings.HasPrefix(strings.TrimSpace(cells[1]), "`"+string(code)+"`") {
				found = true
				if got := strings.TrimSpace(cells[3]); got != retry && code != CodeTooMany {
					t.Errorf("%s: the document says %q about a retry; want %q", code, got, retry)
				}
			}
		}
		if !found {
			t.Errorf("the document does not list %s", code)
		}
	}
}

func TestTheDocumentSaysOfEveryCloseCodeWhatTheClientDoes(t *testing.T) {
	says := map[Reconnect]string{
		ReconnectNever: "no", ReconnectBackoff: "yes, with", ReconnectLater: "yes, with backoff, not before 10 s",
		ReconnectElsewhere: "yes, with backoff, at another endpoint", ReconnectNewToken: "yes, once, with a new token", ReconnectAnew: "yes, without `since`",
	}
	rows := map[string]string{}
	for line := range strings.Lines(document(t)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		for code := range strings.SplitSeq(cells[1], ",") {
			rows[strings.TrimSpace(code)] = strings.TrimSpace(cells[3])
		}
	}
	for _, code := range []CloseCode{
		1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013, 1014,
		CloseBadMessage, CloseUnauthorized, CloseDisconnected, CloseNoConnect, CloseTakenOver, CloseExpired, CloseTooMany, CloseUnavailable,
	} {
		if code == 1000 { // depends on who closes
			continue
		}
		row := rows[fmt.Sprint(code)]
		if want := says[code.Reconnect()]; row == "" || !strings.HasPrefix(row, want) {
			t.Errorf("of %d the document says %q; want %q", code, row, want)
		}
	}
	if CloseCode(4444).Reconnect() != ReconnectNever || CloseCode(4500).Reconnect() != ReconnectBackoff || CloseCode(3000).Reconnect() != ReconnectBackoff {
		t.Error("codes that are not listed are not treated as the document says")
	}
}

func TestTheExamplesOfTheDocumentAreUnderstood(t *testing.T) {
	lines := bufio.NewScanner(strings.NewReader(document(t)))
	seen, inJSON := 0, false
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "```") {
			inJSON = line == "```json"
			continue
		}
		sent := strings.HasPrefix(line, "→ {")
		if sent {
			line = strings.TrimPrefix(line, "→ ")
		}
		if !inJSON && !sent {
			continue
		}
		seen++
		commands, whole := JSON.DecodeCommands([]byte(line), 1)
		isCommand := whole == nil && commands[0].Err == nil
		received, err := JSON.DecodeServer([]byte(line))
		if isFromServer := err == nil && len(received) > 0; isCommand == isFromServer {
			t.Errorf("%s\nis read as the command %+v, %v and as the server's %+v, %v", line, commands, whole, received, err)
		}
	}
	if seen < 25 {
		t.Errorf("only %d examples were found", seen)
	}
}

func TestTheDocumentNamesEveryLimit(t *testing.T) {
	_, limits, ok := strings.Cut(document(t), "\n## Limits\n")
	if !ok {
		t.Fatal("there is no section about limits")
	}
	for _, want := range []string{
		fmt.Sprintf("%d (JSON), %d (MessagePack)", MaxDepth, MaxPackDepth), "| 16,384 |", fmt.Sprintf("| %d bytes | `bad_channel`", MaxChannelBytes),
		fmt.Sprintf("`after` | %d bytes", MaxIDBytes), fmt.Sprintf("| %d positions, %d KiB", MaxPositions, MaxPositionsBytes>>10),
		fmt.Sprintf("| `token` | %d KiB", MaxTokenBytes>>10), fmt.Sprintf("`client.version` | %d bytes", MaxNameBytes),
		fmt.Sprintf("`session.secret` | %d bytes", MaxSecretBytes), fmt.Sprintf("| 1 … %d |", MaxPage),
		fmt.Sprintf("; %d KiB may be counted on", AssumedLimits().MessageBytes>>10), fmt.Sprintf("; %d before it is known", AssumedLimits().Commands),
	} {
		if !strings.Contains(limits, want) {
			t.Errorf("the limits do not say %q", want)
		}
	}
}

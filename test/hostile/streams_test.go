package hostile

import (
	"strings"
	"testing"
)

func TestRequestsForEventsPollsAndBatchesThatAreNoneAreRefused(t *testing.T) {
	n := newNode(t, nil)
	events := func(target string, headers ...string) string {
		return request("GET "+target, append(headers, "Accept: text/event-stream")...)
	}
	const noPosition = `is not a position; it looks like 1042:k3f9a2 (ref) | closed`
	n.try([]hostileInput{
		{"events behind no position", events("/channels/kept/a?since=x"), `400 since: "x" ` + noPosition},
		{"events behind a position with a line end", events("/channels/kept/a?since=1:a%0d%0aX:b"), `400 since: "1:a\r\nX:b" ` + noPosition},
		{"an id that is none", events("/channels/kept/a", "Last-Event-ID: ;;;"), `400 Last-Event-ID: ";;;" ` + noPosition},
		{"events of nothing", events("/events"), `400 nothing is asked for; say what, as in /events?channel=chat/lobby&channel=news&pattern=sensors/%2B/temp (ref) | closed`},
		{"events of a name that is none", events("/events?channel=a/../b"), `400 channel name "a/../b" has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it (ref) | closed`},
		{"events of too much", events("/events?" + strings.Repeat("channel=a&", 101)), `400 101 channels and patterns are more than the 100 that one stream may have; a pattern such as chat/# has many channels (ref) | closed`},
		{"events of what is not granted", events("/events?channel=open/a&channel=dead/a"), `401 you may not subscribe to dead/a: nobody may (ref) | closed`},
		{"events of everything", events("/events?pattern=%23"), `401 you may not subscribe to # without saying who you are: send a token (ref) | closed`},
		{"a poll for ever", request("GET /channels/kept/a?wait=1000000h&since=0"), `400 wait="1000000h" is not a time of at most 1m0s; use wait=30s (ref) | closed`},
		{"a poll for a negative time", request("GET /channels/kept/a?wait=-1s&since=0"), `400 wait="-1s" is not a time of at most 1m0s; use wait=30s (ref) | closed`},
		{"a page without end", request("GET /channels/kept/a?limit=1000000000"), `400 limit="1000000000" is not a number of messages from 1 to 1000 (ref) | closed`},
		{"a batch that breaks off", post("/channels/open/a?batch=true", `[{"data":"x"},`), `400 message 1 of the batch can't be understood: it breaks off, or is no JSON (ref) | closed`},
		{"a batch within a batch", post("/channels/open/a?batch=true", `[[{"data":"x"}]]`), `400 message 0 of the batch can't be understood: it is no object with data, and maybe binary, id and key (ref) | closed`},
		{"a batch for another channel", post("/channels/open/a?batch=true", `[{"data":"x","channel":"dead/a"}]`), `400 message 0 of the batch can't be understood: it has the unknown field "channel"; there are data, binary, id and key (ref) | closed`},
		{"a batch of too many", post("/channels/open/a?batch=true", strings.Repeat(`{"data":""}`, 1001)), `400 a batch has at most 1000 messages; send the others in another one (ref) | closed`},
		{"a batch of too many bytes", request("POST /channels/open/a?batch=true", "Content-Length: 5000000"), `413 a batch has at most 4194304 bytes; send the others in another one (ref) | closed`},
		{"a batch of brackets", post("/channels/open/a?batch=true", strings.Repeat("[", 100_000)), `400 message 0 of the batch can't be understood: it is no object with data, and maybe binary, id and key (ref) | closed`},
	})
}

package hostile

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// raw is a connection on which anything can be sent.
type raw struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

// connect opens a connection that does nothing for longer than patience.
func (n *node) connect(t *testing.T) *raw {
	t.Helper()
	nc, err := net.Dial("tcp", n.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &raw{t, nc, bufio.NewReader(nc)}
}

// send writes what the server may not want to read to the end.
func (c *raw) send(b string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, b); err != nil && !cutOff(err) {
		c.t.Fatal(err)
	}
}

// ask sends bytes on a connection of its own and returns the answers, plainly.
func (n *node) ask(t *testing.T, send string) string {
	t.Helper()
	return plainly(n.answers(t, send))
}

// answers sends bytes on a connection of its own and returns the answers until the server closes, or agrees to speak WebSocket.
func (n *node) answers(t *testing.T, send string) string {
	t.Helper()
	c := n.connect(t)
	c.send(send)
	var answers []string
	for {
		_, err := c.r.Peek(1)
		if errors.Is(err, io.EOF) || err != nil && cutOff(err) {
			return strings.Join(append(answers, "closed"), " | ")
		}
		if err != nil {
			t.Fatalf("the server does not end the connection: %v, after %v", err, answers)
		}
		answer, err := readAnswer(c.r)
		if err != nil {
			t.Fatalf("no answer of HTTP: %v, after %v", err, answers)
		}
		answers = append(answers, answer)
		if strings.HasPrefix(answer, "101") {
			return strings.Join(answers, " | ")
		}
	}
}

// readAnswer returns the next answer: its status, and what it says in words.
func readAnswer(r *bufio.Reader) (string, error) {
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodGet})
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		agreed := "101 " + resp.Header.Get("Sec-WebSocket-Protocol") + " " + resp.Header.Get("Sec-WebSocket-Extensions")
		return strings.Join(strings.Fields(agreed), " "), nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(strconv.Itoa(resp.StatusCode) + " " + string(body)), nil
}

var (
	space = regexp.MustCompile(`\s+`)
	refs  = regexp.MustCompile(`\(ref [A-Z2-7]{8}\)`)
	times = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	waits = regexp.MustCompile(`try again in [0-9hm.]+s`)
	pause = regexp.MustCompile(`"after":[0-9.]+`)
	field = regexp.MustCompile(`,"ref":"[A-Z2-7]{8}"`)
)

// plainly returns what a server says without what is different each time, or does not matter.
func plainly(s string) string {
	s = refs.ReplaceAllString(s, "(ref)")
	s = times.ReplaceAllString(s, "(time)")
	s = waits.ReplaceAllString(s, "try again soon")
	s = pause.ReplaceAllString(s, "after")
	s = field.ReplaceAllString(s, ",ref")
	return strings.TrimSpace(space.ReplaceAllString(s, " "))
}

// request returns a request of HTTP/1.1, the last one on its connection.
func request(line string, headers ...string) string {
	return line + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

// post returns one that publishes.
func post(target, body string, headers ...string) string {
	return request("POST "+target, append(headers, "Content-Length: "+strconv.Itoa(len(body)))...) + body
}

// after is a good request, to see what the server makes of the bytes before it.
var after = request("GET /channels/open/after", "Accept: application/json")

// hostileInput is something to send on a connection of its own, and the answers to it.
type hostileInput struct {
	name, send, want string
}

// try sends each input, and looks at the bystanders behind it.
func (n *node) try(inputs []hostileInput) {
	n.t.Helper()
	for _, in := range inputs {
		n.t.Run(in.name, func(t *testing.T) {
			if got := n.ask(t, in.send); got != in.want {
				t.Errorf("the answer\n%s\nshould be\n%s", got, in.want)
			}
			n.flows(t)
		})
	}
}

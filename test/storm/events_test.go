//go:build linux

package storm

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// joinEvents brings a subscriber with an event stream in.
func (c *crowd) joinEvents(ctx context.Context, i int) (err error) {
	b := c.bare(i, record.SSE)
	if b.since, err = b.where(ctx); err != nil {
		return err
	}
	c.listens(func(ctx context.Context) { b.again(ctx, b.stream, b.stream) })
	return b.ear.joins(b.since) // everything behind that is owed, though the stream is opened a moment later
}

// stream opens an event stream behind the position, and notes what comes until it ends.
func (b *bare) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", b.at("http", ""), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", b.since)
	silent := time.AfterFunc(quietFor, cancel)
	defer silent.Stop()
	resp, err := single.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		why, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		if resp.StatusCode == http.StatusGone || resp.StatusCode < 429 && resp.StatusCode >= 400 && err == nil {
			return &gaveUp{fmt.Sprintf("%s: %s", resp.Status, why)}
		}
		return fmt.Errorf("%s: %s", resp.Status, why)
	}
	lines := bufio.NewReader(resp.Body)
	var e event
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		silent.Reset(quietFor)
		if line != "\n" {
			e.line(strings.TrimSuffix(line, "\n"))
			continue
		}
		if err := b.happened(&e); err != nil {
			return err
		}
		e = event{}
	}
}

// event is an event of a stream (HTML standard, section 9.2.6).
type event struct{ name, id, data string }

func (e *event) line(line string) {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "event":
		e.name = value
	case "id":
		e.id = value
	case "data":
		e.data += value
	}
}

// happened takes an event. An error ends the stream.
func (b *bare) happened(e *event) error {
	switch {
	case e.name == "live":
		b.ear.tells(record.Live, "")
	case e.name == "lost":
		b.ear.tells(record.Lost, e.data)
	case e.name == "gap":
		b.ear.tells(record.Gap, e.data)
	case e.name == "close":
		var end struct {
			Code   int
			Reason string
		}
		if err := json.Unmarshal([]byte(e.data), &end); err != nil {
			return err
		}
		return fmt.Errorf("closed with %d: %s", end.Code, end.Reason)
	case e.name == "" && e.id != "" && e.data != "":
		at, err := protocol.ParsePosition(e.id)
		if err != nil {
			return &gaveUp{err.Error()}
		}
		b.ear.got(e.data, at.Offset, at.Epoch)
	}
	if e.id != "" {
		b.since = e.id
	}
	return nil
}

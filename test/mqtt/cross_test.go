package mqtt

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/websocket"
)

// room is one channel as each edge sees it.
type room struct {
	t       *testing.T
	ctx     context.Context
	s       *served
	device  *device
	socket  *websocket.Conn
	events  *bufio.Scanner
	client  *client.Client
	pattern *client.Subscription
}

func TestOneRoomOnEveryEdge(t *testing.T) {
	s := serve(t)
	for _, name := range []string{"kept/room", "live/room"} {
		t.Run(name, func(t *testing.T) {
			r := enter(t, s, name)
			r.publishByMQTT(name, "text by MQTT")
			r.wantEverywhere(name, "text by MQTT", false)
			r.publishByMQTT(name, "\x00\x01\xff")
			r.wantEverywhere(name, "\x00\x01\xff", true)
			if err := r.socket.Write(r.ctx, websocket.Text, []byte("text by WebSocket")); err != nil {
				t.Fatal(err)
			}
			r.wantEverywhere(name, "text by WebSocket", false)
			if err := r.socket.Write(r.ctx, websocket.Binary, []byte("binary by WebSocket")); err != nil {
				t.Fatal(err)
			}
			r.wantEverywhere(name, "binary by WebSocket", true)
			r.post(name, "text by POST")
			r.wantEverywhere(name, "text by POST", false)
		})
	}
}

// enter subscribes on every edge, with a wildcard where there are any.
func enter(t *testing.T, s *served, name string) *room {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	r := &room{t: t, ctx: ctx, s: s}
	top, _, _ := strings.Cut(name, "/")
	r.device = newListener(t, ctx, s.mqtt, "device "+top)
	r.device.subscribe(top+"/+", 1)

	var err error
	if r.socket, err = websocket.Dial(ctx, "ws://"+s.http+"/channels/"+name, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.socket.CloseNow)

	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+"/channels/"+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(asked)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		answer.Body.Close() // cut off
		http.DefaultClient.CloseIdleConnections()
	})
	r.events = bufio.NewScanner(answer.Body)

	c, err := client.Dial(ctx, "ws://"+s.http+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(ctx) })
	r.client = c
	if r.pattern, err = c.Pattern(top+"/+").Subscribe(ctx, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.pattern.Close)
	return r
}

// newListener is a device with a session of its own.
func newListener(t *testing.T, ctx context.Context, addr, id string) *device {
	t.Helper()
	d := &device{t: t, addr: addr, id: id, ctx: ctx, half: make(map[uint16]bool), got: make(map[string]int)}
	if !d.connect() {
		t.Fatal("it can't connect")
	}
	t.Cleanup(func() { d.nc.Close() })
	return d
}

func (r *room) publishByMQTT(name, payload string) {
	r.t.Helper()
	d := newListener(r.t, r.ctx, r.s.mqtt, "publisher")
	if !d.publish(name, payload, 1, 1) {
		r.t.Fatal("it is not published")
	}
}

func (r *room) post(name, payload string) {
	r.t.Helper()
	answer, err := http.Post("http://"+r.s.http+"/channels/"+name, "text/plain", strings.NewReader(payload))
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		r.t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode >= 300 {
		r.t.Fatalf("%s, %v", answer.Status, err)
	}
}

// wantEverywhere wants a message on every edge.
func (r *room) wantEverywhere(name, payload string, binary bool) {
	r.t.Helper()
	p := r.byMQTT()
	if p.Topic != name || string(p.Payload) != payload {
		r.t.Errorf("MQTT brings %q of %q, want %q", p.Payload, p.Topic, payload)
	}
	typ, data, err := r.socket.Read(r.ctx)
	if err != nil || string(data) != payload || (typ == websocket.Binary) != binary {
		r.t.Errorf("the WebSocket brings %v %q, %v; want %q", typ, data, err, payload)
	}
	if got := r.byEvent(); got != payload && (!binary || got != base64.StdEncoding.EncodeToString([]byte(payload))) {
		r.t.Errorf("the event stream brings %q, want %q", got, payload)
	}
	var m client.Message
	for m, err = range r.pattern.Messages(r.ctx) {
		break
	}
	if err != nil || string(m.Data) != payload || m.Binary != binary || m.Channel != name {
		r.t.Errorf("the pattern brings %+v, %v; want %q", m, err, payload)
	}
}

func (r *room) byMQTT() *packet.Publish {
	r.t.Helper()
	raw, err := r.device.read()
	if err != nil || raw.Type != packet.TypePublish {
		r.t.Fatalf("MQTT brings %v, %v", raw.Type, err)
	}
	p, err := packet.ParsePublish(raw, packet.V5)
	if err != nil {
		r.t.Fatal(err)
	}
	if p.QoS > 0 {
		if err := r.device.ack(packet.TypePuback, p.ID); err != nil {
			r.t.Fatal(err)
		}
	}
	return p
}

// byEvent returns the data of the next event that is a message.
func (r *room) byEvent() string {
	r.t.Helper()
	for message := true; r.events.Scan(); {
		if r.events.Text() == "" {
			message = true
		}
		if event, ok := strings.CutPrefix(r.events.Text(), "event: "); ok {
			message = event == "message" || event == "binary"
		}
		if data, ok := strings.CutPrefix(r.events.Text(), "data: "); ok && message {
			return data
		}
	}
	r.t.Fatalf("the event stream ends: %v", r.events.Err())
	return ""
}

func TestUserPropertiesAreSeenFromEachSide(t *testing.T) {
	s := serve(t)
	r := enter(t, s, "kept/meta")
	d := newListener(t, r.ctx, s.mqtt, "publisher")
	p := &packet.Publish{Topic: "kept/meta", Payload: []byte("21.5"), QoS: 1, ID: 1, Properties: new(packet.Properties)}
	p.Properties.AddUser("unit", "C")
	p.Properties.AddUser("unit", "K")
	if received := false; d.step(p, &received) != nil {
		t.Fatal("it is not published")
	}
	want := []string{"unit", "C", "unit", "K"}
	for m, err := range r.pattern.Messages(r.ctx) {
		if err != nil || !slices.Equal(m.Meta, want) {
			t.Errorf("the pattern brings %+v, %v", m, err)
		}
		break
	}
	if got := r.byMQTT().Properties; len(got.User) != 2 || got.User[1].Value != "K" {
		t.Errorf("MQTT brings %+v", got)
	}
	for m, err := range r.client.Channel("kept/meta").History(r.ctx, nil) {
		if err != nil || !slices.Equal(m.Meta, want) {
			t.Errorf("the history has %+v, %v", m, err)
		}
	}
}

func TestWhatIsKeptIsSeenFromEachSide(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	d := newListener(t, ctx, s.mqtt, "device")
	for _, payload := range []string{"one", "two"} {
		if !d.publish("last/value", payload, 1, 1) {
			t.Fatal("it is not published")
		}
	}
	ws, err := websocket.Dial(ctx, "ws://"+s.http+"/channels/last/value", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if _, data, err := ws.Read(ctx); err != nil || string(data) != "two" {
		t.Errorf("a WebSocket gets %q, %v of what MQTT has published last", data, err)
	}
	if err := ws.Write(ctx, websocket.Text, []byte("three")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.Read(ctx); err != nil { // it is stored
		t.Fatal(err)
	}
	d.subscribe("last/value", 1)
	if p := (&room{t: t, device: d}).byMQTT(); string(p.Payload) != "three" || !p.Retain {
		t.Errorf("MQTT gets %q, retain %t, of what a WebSocket has published last", p.Payload, p.Retain)
	}

	for _, payload := range []string{"first", "second"} {
		if !d.publish("kept/history", payload, 2, 1) {
			t.Fatal("it is not published")
		}
	}
	answer, err := http.Get("http://" + s.http + "/channels/kept/history?last=2")
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer answer.Body.Close()
	var body bytes.Buffer
	var history []struct{ Data string }
	if _, err := body.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body.Bytes(), &history); err != nil || len(history) != 2 || history[0].Data != "first" || history[1].Data != "second" {
		t.Errorf("the history is %s, %v", body.Bytes(), err)
	}
}

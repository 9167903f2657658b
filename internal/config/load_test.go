package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestNothingGivesTheDefaults(t *testing.T) {
	want := &Config{
		Listen:  Listen{HTTPS: "localhost:8443", HTTP: "localhost:8080", MQTT: "localhost:1883", MQTTS: "localhost:8883", ProxyHeader: "x-forwarded-for"},
		Broker:  Broker{DedupWindow: 30 * time.Second, SyncInterval: 200 * time.Millisecond},
		Limits:  limits(1<<20, 1<<20),
		TLS:     defaultTLS,
		Auth:    defaultAuth,
		Cluster: defaultCluster,
		Log:     Log{Level: "info", Format: "auto"},
	}
	for name, o := range map[string]Options{
		"no file":                  {},
		"an empty file":            {File: fileWith(t, "")},
		"a file of comments":       {File: fileWith(t, "# nothing\n---\n# at all\n")},
		"sections without keys":    {File: fileWith(t, "listen:\nlimits: {}\nchannels:\n")},
		"keys without values":      {File: fileWith(t, "listen:\n  https:\n  origins: ~\nlog:\n  level: null\n")},
		"variables of other names": {Environ: []string{"HOME=/", "XHOLDFAST_LOG_LEVEL=debug", "HOLDFAST", "holdfast_log_level=debug"}},
	} {
		if got, err := Load(o); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
		}
	}
}

// limits are the default ones with other sizes.
func limits(message, queue Size) Limits {
	return Limits{
		MaxMessage: message, SendQueue: queue,
		Connections: 100_000, ConnectionsPerAddress: 1000, ConnectionsPerUser: 100, Handshakes: 1000, HandshakesPerAddress: 50,
		Messages: 100, Bytes: 1 << 20, MessagesPerUser: 500, BytesPerUser: 4 << 20, HookQueue: 256 << 20,
		Ping: 15 * time.Second, Pong: 10 * time.Second, Drain: 15 * time.Second,
	}
}

func TestDevelopmentModeHasNoRateThatIsNotWritten(t *testing.T) {
	got := mustLoad(t, Options{Development: true, File: fileWith(t, "limits: {messages: 7}")}).Limits
	if want := (Limits{MaxMessage: 1 << 20, SendQueue: 1 << 20, HookQueue: 256 << 20, Messages: 7, Ping: 15 * time.Second, Pong: 10 * time.Second, Drain: 15 * time.Second}); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestWhoMayDoWhatHasDefaults(t *testing.T) {
	file := fileWith(t, "channels: [{pattern: a, access: {subscribe: users, presence: nobody}}, {pattern: b}]")
	for development, everybody := range map[bool]string{false: "granted", true: "anyone"} {
		c := mustLoad(t, Options{Development: development, File: file})
		for i, want := range []Access{{"users", everybody, "nobody", "users"}, {everybody, everybody, everybody, everybody}} {
			if got := c.Channels[i].Access; got != want {
				t.Errorf("development %v: got %+v, want %+v", development, got, want)
			}
		}
	}
}

func TestAFileSetsEveryKindOfValue(t *testing.T) {
	file := fileWith(t, `
listen:
  https: ":443"
  http: ""
  origins: [https://app.example, https://*.example]
  websocket_over_h2: true
data: {dir: /var/lib/holdfast}
broker: {url: "nats://a:4222,tls://b:4222", dedup_window: 2m, sync_interval: 1s}
limits: {max_message: 64K, send_queue: 4MiB}
channels:
  - pattern: chat/#
    history: {count: 1000, age: 7d, bytes: 2T}
    presence: true
  - {pattern: 007, delivery: latest, slow: drop, echo: false, max_message: 1000, retain_last: true}
  - pattern: "#"
log: {level: debug, format: json}
`)
	granted := Access{"granted", "granted", "granted", "granted"}
	want := &Config{
		Listen:  Listen{HTTPS: ":443", MQTT: "localhost:1883", MQTTS: "localhost:8883", Origins: []string{"https://app.example", "https://*.example"}, WebSocketOverH2: true, ProxyHeader: "x-forwarded-for"},
		TLS:     defaultTLS,
		Auth:    defaultAuth,
		Cluster: defaultCluster,
		Data:    Data{Dir: "/var/lib/holdfast"},
		Broker:  Broker{URL: "nats://a:4222,tls://b:4222", DedupWindow: 2 * time.Minute, SyncInterval: time.Second},
		Limits:  limits(64<<10, 4<<20),
		Channels: []ChannelRule{
			{Pattern: "chat/#", History: History{Count: 1000, Age: 7 * 24 * time.Hour, Bytes: 2 << 40}, Delivery: "all", Slow: "catch-up", Echo: true, MaxMessage: 64 << 10, Presence: true, Access: granted, Place: Place{file, 11}},
			{Pattern: "007", Delivery: "latest", Slow: "drop", MaxMessage: 1000, RetainLast: true, Access: granted, Place: Place{file, 14}},
			{Pattern: "#", Delivery: "all", Slow: "disconnect", Echo: true, MaxMessage: 64 << 10, Access: granted, Place: Place{file, 15}},
		},
		Log: Log{Level: "debug", Format: "json"},
	}
	if got := mustLoad(t, Options{File: file}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestVariablesTakePrecedenceOverTheFileAndFlagsOverBoth(t *testing.T) {
	c := mustLoad(t, Options{
		File:    fileWith(t, "listen: {https: localhost:1, http: localhost:1, origins: [https://a.example]}\nlog: {level: warn, format: text}\n"),
		Environ: []string{"HOLDFAST_LISTEN_HTTPS=localhost:2", "HOLDFAST_LISTEN_HTTP=localhost:3", "HOLDFAST_LOG_LEVEL=error"},
		Flags:   map[string]any{"listen.https": "LOCALHOST:4", "listen.origins": []string{"https://b.example"}},
	})
	want := Listen{HTTPS: "localhost:4", HTTP: "localhost:3", MQTT: "localhost:1883", MQTTS: "localhost:8883", Origins: []string{"https://b.example"}, ProxyHeader: "x-forwarded-for"}
	if !reflect.DeepEqual(c.Listen, want) || c.Log != (Log{Level: "error", Format: "text"}) {
		t.Errorf("got %+v, %+v", c.Listen, c.Log)
	}
}

func TestAVariableTakesTheDefaultBackToNothing(t *testing.T) {
	c := mustLoad(t, Options{Environ: []string{"HOLDFAST_LISTEN_HTTPS="}})
	if c.Listen.HTTPS != "" {
		t.Errorf("https is served on %q", c.Listen.HTTPS)
	}
}

func TestListsInVariables(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                       nil,
		"https://a.example":                      {"https://a.example"},
		" https://a.example , https://b.example": {"https://a.example", "https://b.example"},
	} {
		if got := mustLoad(t, Options{Environ: []string{"HOLDFAST_LISTEN_ORIGINS=" + text}}); !reflect.DeepEqual(got.Listen.Origins, want) {
			t.Errorf("%q gives the origins %q, want %q", text, got.Listen.Origins, want)
		}
	}
	for text, want := range map[string]int{
		"":   0,
		"[]": 0,
		`[{"pattern": "a/#", "history": {"count": 10}}, {"pattern": "b"}]`: 2,
		"- pattern: a\n- pattern: b\n":                                     2,
	} {
		c := mustLoad(t, Options{Environ: []string{"HOLDFAST_CHANNELS=" + text}, File: fileWith(t, "channels: []")})
		if len(c.Channels) != want {
			t.Errorf("%q gives the rules %+v, want %d", text, c.Channels, want)
		}
		for _, r := range c.Channels {
			if r.Place.String() != "HOLDFAST_CHANNELS" {
				t.Errorf("the rule for %q is said to be at %q", r.Pattern, r.Place)
			}
		}
	}
}

func TestDevelopmentHasRulesOfItsOwnUnlessThereAreOthers(t *testing.T) {
	got := mustLoad(t, Options{Development: true}).Channels
	want := []ChannelRule{{
		Pattern: "chat/#", History: History{Count: 1000, Age: 24 * time.Hour},
		Delivery: "all", Slow: "catch-up", Echo: true, MaxMessage: 1 << 20, Presence: true,
		Access: Access{"anyone", "anyone", "anyone", "anyone"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := mustLoad(t, Options{Development: true, Environ: []string{"HOLDFAST_CHANNELS=[]"}}).Channels; len(got) != 0 {
		t.Errorf("rules were switched off, but are %+v", got)
	}
	if got := mustLoad(t, Options{Development: true, File: fileWith(t, "")}).Channels; len(got) != 0 {
		t.Errorf("there is a file without rules, but they are %+v", got)
	}
}

func TestASendQueueHoldsTheLargestMessage(t *testing.T) {
	c := mustLoad(t, Options{Flags: map[string]any{"limits.max_message": "8MiB"}})
	if c.Limits.SendQueue != 8<<20 {
		t.Errorf("the send queue is %s", c.Limits.SendQueue)
	}
}

func TestOnlyChannelsWithoutHistoryTakeMessagesOfAnySize(t *testing.T) {
	c := mustLoad(t, Options{
		Environ: []string{"HOLDFAST_CHANNELS=[{pattern: a, history: {count: 1}}, {pattern: b}]"},
		Flags:   map[string]any{"limits.max_message": "1GiB"},
	})
	if c.Channels[0].MaxMessage != 31<<20 || c.Channels[1].MaxMessage != 1<<30 {
		t.Errorf("the rules are %+v", c.Channels)
	}
}

func TestARuleThatRetainsTheLastMessageLetsSlowReadersCatchUp(t *testing.T) {
	c := mustLoad(t, Options{File: fileWith(t, "channels: [{pattern: lamps/+, retain_last: true}]")})
	if got := c.Channels[0].Slow; got != "catch-up" {
		t.Errorf("slow is %q", got)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	_, err := Load(Options{File: filepath.Join(t.TempDir(), "missing.yaml")})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}

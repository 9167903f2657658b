package config

import (
	"errors"
	"strings"
	"testing"
)

// problems returns what Load says is wrong, a line each, with the file called F.
func problems(t testing.TB, o Options) string {
	t.Helper()
	_, err := Load(o)
	all, ok := errors.AsType[Errors](err)
	if !ok {
		t.Fatalf("Load says %v; want Errors", err)
	}
	var lines []string
	for _, one := range all.Unwrap() {
		lines = append(lines, one.Error())
	}
	text := strings.Join(lines, "\n")
	if o.File != "" {
		text = strings.ReplaceAll(text, o.File, "F")
	}
	return text
}

func TestEveryMistakeInAFileIsToldWithItsLineAndWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		// Unknown keys.
		"listen: {htps: x}":              "F:1: unknown key listen.htps; did you mean listen.https?",
		"lisen: {https: x}":              "F:1: unknown key lisen; did you mean listen?",
		"max_message: 1":                 "F:1: unknown key max_message; did you mean limits.max_message?",
		"data: {colour: red}":            "F:1: unknown key data.colour; data has dir",
		"colour: red":                    "F:1: unknown key colour; the known ones are auth, broker, channels, cluster, data, hooks, limits, listen, log, serve, signalr, tls",
		"htps:":                          "F:1: unknown key htps; did you mean tls?",
		"channels: {rule: x}":            `F:1: channels: it is a list of rules; begin each with "- pattern: …", indented below it`,
		"channels: [{patern: a}]":        "F:1: unknown key channels[0].patern; did you mean channels[0].pattern?",
		"channels: [{https: a}]":         "F:1: unknown key channels[0].https; channels[0] has access, content, delivery, echo, history, max_message, pattern, presence, rate, retain_last, schema, slow",
		"listen.https: x":                `F:1: unknown key "listen.https"; write "listen:", and below it "https:", indented`,
		"channels:\n- history.count: 10": `F:2: unknown key channels[0]."history.count"; write "history:", and below it "count:", indented`,

		// Values of the wrong shape.
		"listen: localhost":           "F:1: listen: it has keys of its own; write them below it (https, http, mqtt, mqtts, origins, websocket_over_h2, proxies, proxy_header, proxy_protocol, metrics, chat)",
		"listen: [localhost]":         "F:1: listen: it has keys of its own; write them below it (https, http, mqtt, mqtts, origins, websocket_over_h2, proxies, proxy_header, proxy_protocol, metrics, chat)",
		"data: {dir: [a]}":            "F:1: data.dir: it takes one value (text), and neither keys of its own nor a list",
		"data: {dir: {a: b}}":         "F:1: data.dir: it takes one value (text), and neither keys of its own nor a list",
		"listen: {origins: x}":        "F:1: listen.origins: it is a list of texts; write it as [one, another]",
		"listen: {origins: [{a: b}]}": "F:1: listen.origins: it is a list of texts; write it as [one, another]",
		"listen: {origins: [[a]]}":    "F:1: listen.origins: it is a list of texts; write it as [one, another]",
		"listen: {origins: [~]}":      "F:1: listen.origins: it is a list of texts; write it as [one, another]",
		"channels: [a]":               `F:1: channels: it is a list of rules; begin each with "- pattern: …", indented below it`,
		"channels: [~]":               `F:1: channels: it is a list of rules; begin each with "- pattern: …", indented below it`,

		// Values.
		"limits: {max_message: 1KB}":          `F:1: limits.max_message: "1KB" is no size; write bytes, or use K, M, G or T, as in 65536, 64K or 1MiB`,
		"limits: {max_message: 2G}":           "F:1: limits.max_message: 2G is too large; the most is 1GiB",
		"limits: {max_message: 0}":            "F:1: limits.max_message: 0 is too small; the least is 1",
		"broker: {dedup_window: 30}":          `F:1: broker.dedup_window: "30" is no duration; write a number and its unit, as in 200ms, 30s, 24h or 7d`,
		"broker: {sync_interval: -1s}":        "F:1: broker.sync_interval: -1s is too small; the least is 1ms",
		"log: {level: warning}":               `F:1: log.level: there is no "warning"; use one of debug, info, warn, error`,
		"log: {format: xml}":                  `F:1: log.format: there is no "xml"; use one of auto, text, json`,
		"listen: {websocket_over_h2: yes}":    `F:1: listen.websocket_over_h2: "yes" is neither true nor false`,
		"listen: {https: 8443}":               `F:1: listen.https: "8443" is no address; write HOST:PORT, as in localhost:8443 or 127.0.0.1:0`,
		"listen: {http: localhost:http}":      `F:1: listen.http: "localhost:http" has no usable port; write a number from 0 (any free one) to 65535 after the last colon`,
		"listen: {https: 8443, http: ''}":     `F:1: listen.https: "8443" is no address; write HOST:PORT, as in localhost:8443 or 127.0.0.1:0`,
		"broker: {url: http://secret@host}":   "F:1: broker.url: it is no URL of a NATS server; write nats://HOST:PORT, or tls:// for TLS",
		"broker: {url: 'nats://a:4222,'}":     "F:1: broker.url: it is no URL of a NATS server; write nats://HOST:PORT, or tls:// for TLS",
		"listen: {https: '', http: ''}":       "F:1: listen.https and listen.http are both switched off; leave one of them on",
		"listen: {https: 'a:1', http: 'A:1'}": "F:1: listen.http: it is a:1, as listen.https is; give them different ports",

		// Rules.
		"channels: [{pattern: a, history: {count: -1}}]":  "F:1: channels[0].history.count: -1 is too small; the least is 0",
		"channels: [{pattern: a, history: {count: 1.5}}]": `F:1: channels[0].history.count: "1.5" is no whole number`,
		"channels: [{pattern: a, slow: catch_up}]":        `F:1: channels[0].slow: there is no "catch_up"; use one of drop, disconnect, catch-up`,
		"channels:\n- echo: true":                         `F:2: channels[0] has no pattern; say which channels the rule is for, as in "pattern: chat/#" (a pattern that begins with # needs quotes)`,
		"channels:\n- pattern: #\n  echo: true":           `F:2: channels[0] has no pattern; say which channels the rule is for, as in "pattern: chat/#" (a pattern that begins with # needs quotes)`,
		"channels:\n- echo: true\n  pattern: a/#/b":       `F:3: channels[0].pattern: channel pattern "a/#/b" has "#" before its end (segment 2); write "+" for one segment, and "#" as the last segment only`,
		"channels: [{pattern: a, max_message: 2MiB}]":     "F:1: channels[0].max_message: 2MiB is more than 1MiB, the most that limits.max_message lets through",

		"limits: {max_message: 1G}\nchannels: [{pattern: a, max_message: 32M, retain_last: true}]": "F:2: channels[0].max_message: 32MiB is more than 31MiB, the most that can be stored",
		"channels: [{pattern: a, history: {age: 99ms}}]":                                           "F:1: channels[0].history.age: 99ms is too short; the least is 100ms, and 0s for no bound",

		"channels: [{pattern: a, content: {types: [png]}}]":             `F:1: channels[0].content.types: "png" is no media type; write one as in image/png`,
		"channels: [{pattern: a, content: {types: [text/plain; a=b]}}]": `F:1: channels[0].content.types: "text/plain; a=b" is no media type; write one as in image/png`,
		"channels: [{pattern: a, content: {magic: [8950, x9]}}]":        `F:1: channels[0].content.magic: "x9" is not hexadecimal; write two digits for each byte, as in 89504e47`,
		"channels: [{pattern: a, content: {magic: ['']}}]":              `F:1: channels[0].content.magic: "" is not hexadecimal; write two digits for each byte, as in 89504e47`,
		"channels: [{pattern: a, schema: {type: object}}]":              "F:1: channels[0].schema: it takes one value (text), and neither keys of its own nor a list",

		// What is not a list of keys at all.
		"just a text":                        `F:1: the file is no list of keys; it looks like "listen:" with "https: localhost:8443" indented below`,
		"- a":                                `F:1: the file is no list of keys; it looks like "listen:" with "https: localhost:8443" indented below`,
		"data:\n  dir: a\nlog: {}\ndata: {}": "F:4: data is here a second time, after F:1; keep one of them",
		"data: &x {dir: a}\nlog: *x":         "F:2: the alias *x can't be used here; write out what it stands for",
		strings.Repeat("[", 400) + strings.Repeat("]", 400): "F:1: the keys are nested too deeply, or one is too long",
		"? [a]\n: b":                    "F:1: a key must be a word",
		"log: {}\n---\ndata: {}":        `F:2: there is a second document, behind "---"; put everything into one`,
		"listen:\n  https: a\n http: b": "F:2: it is not YAML: did not find expected key",
		"data: {dir: \"\x01\"}":         "F: it is not YAML: control characters are not allowed",
		"log: {}\n---\n{":               "F:3: it is not YAML: did not find expected node content",
	} {
		if got := problems(t, Options{File: fileWith(t, text)}); got != want {
			t.Errorf("%q says\n  %s\nwant\n  %s", text, got, want)
		}
	}
}

func TestMistakesAreToldInTheOrderOfTheFile(t *testing.T) {
	text := "log:\n  level: loud\nlimits:\n  max_mesage: 1\nchannels:\n- pattern: a\n- slow: never\n"
	want := "F:2: log.level: there is no \"loud\"; use one of debug, info, warn, error\n" +
		"F:4: unknown key limits.max_mesage; did you mean limits.max_message?\n" +
		"F:7: channels[1].slow: there is no \"never\"; use one of drop, disconnect, catch-up"
	file := fileWith(t, text)
	if got := problems(t, Options{File: file}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	_, err := Load(Options{File: file})
	if got := strings.ReplaceAll(err.Error(), file, "F"); !strings.HasSuffix(got, "(and 2 more; `holdfast config check` tells all)") || strings.Contains(got, "\n") {
		t.Errorf("in one line it is %q", got)
	}
}

func TestOneMistakeIsTheWholeError(t *testing.T) {
	one := &Error{Place{"a.yaml", 3}, "it is wrong"}
	if got, want := (Errors{one}).Error(), "a.yaml:3: it is wrong"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (&Error{Problem: "it is wrong"}).Error(); got != "it is wrong" {
		t.Errorf("without a place it is %q", got)
	}
}

func TestMistakesInVariablesNameTheVariable(t *testing.T) {
	for variable, want := range map[string]string{
		"HOLDFAST_LISTN_HTTPS=a:1":              "HOLDFAST_LISTN_HTTPS: unknown variable; did you mean HOLDFAST_LISTEN_HTTPS?",
		"HOLDFAST_LOG_LEVEL=loud":               `HOLDFAST_LOG_LEVEL: log.level: there is no "loud"; use one of debug, info, warn, error`,
		"HOLDFAST_LIMITS_MAX_MESSAGE=":          `HOLDFAST_LIMITS_MAX_MESSAGE: limits.max_message: "" is no size; write bytes, or use K, M, G or T, as in 65536, 64K or 1MiB`,
		"HOLDFAST_LISTEN_ORIGINS=https://a,b":   `HOLDFAST_LISTEN_ORIGINS: listen.origins: origin pattern "b": it must have the form scheme://host or scheme://host:port`,
		"HOLDFAST_CHANNELS=chat/#":              `HOLDFAST_CHANNELS: channels: it is a list of rules; begin each with "- pattern: …", indented below it`,
		`HOLDFAST_CHANNELS=[{"pattern": "a/"}]`: `HOLDFAST_CHANNELS: channels[0].pattern: channel pattern "a/" has an empty segment (segment 2); remove the trailing "/"`,
		`HOLDFAST_CHANNELS=[{"patern": "a"}]`:   "HOLDFAST_CHANNELS: unknown key channels[0].patern; did you mean channels[0].pattern?",
		`HOLDFAST_CHANNELS=[`:                   "HOLDFAST_CHANNELS: it is not YAML: did not find expected node content",
	} {
		if got := problems(t, Options{Environ: []string{variable}}); got != want {
			t.Errorf("%s says\n  %s\nwant\n  %s", variable, got, want)
		}
	}
	if got := problems(t, Options{Environ: []string{"HOLDFAST_UNHEARD_OF=x"}}); !strings.HasPrefix(got, "HOLDFAST_UNHEARD_OF: unknown variable; the known ones are HOLDFAST_AUTH_ALLOW_QUERY_TOKEN, ") {
		t.Errorf("a variable like no other says %s", got)
	}
}

func TestAMistakeInTheFileIsToldEvenIfAVariableHidesIt(t *testing.T) {
	got := problems(t, Options{File: fileWith(t, "listen: nonsense"), Environ: []string{"HOLDFAST_LISTEN_HTTPS=a:1", "HOLDFAST_LOG_LEVEL=loud"}})
	if !strings.Contains(got, "F:1: listen: it has keys of its own") || !strings.Contains(got, "HOLDFAST_LOG_LEVEL: ") {
		t.Errorf("got\n%s", got)
	}
}

func TestAMistakeInAFlagNamesTheCommandLine(t *testing.T) {
	got := problems(t, Options{File: fileWith(t, "listen: {https: 'localhost:1'}"), Flags: map[string]any{"listen.https": "nowhere"}})
	if want := `command line: listen.https: "nowhere" is no address; write HOST:PORT, as in localhost:8443 or 127.0.0.1:0`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatKubernetesPutsIntoTheEnvironmentIsNotTakenForConfiguration(t *testing.T) {
	mustLoad(t, Options{Environ: []string{
		"HOLDFAST_SERVICE_HOST=10.0.0.1", "HOLDFAST_SERVICE_PORT=443", "HOLDFAST_SERVICE_PORT_HTTPS=443",
		"HOLDFAST_PORT=tcp://10.0.0.1:443", "HOLDFAST_PORT_443_TCP=tcp://10.0.0.1:443", "HOLDFAST_PORT_443_TCP_PROTO=tcp",
		"HOLDFAST_PORT_443_TCP_PORT=443", "HOLDFAST_PORT_443_TCP_ADDR=10.0.0.1",
		"HOLDFAST_HEADLESS_SERVICE_HOST=10.0.0.2", "HOLDFAST_HEADLESS_PORT_8443_TCP_ADDR=10.0.0.2",
	}})
}

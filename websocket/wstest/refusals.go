package wstest

import (
	"fmt"
	"strings"
)

// refusedCases are requests that do not open a WebSocket.
func refusedCases() []Case {
	const rfc = "6455 §4.2.1, §4.2.2"
	var cases []Case
	add := func(id, name string, bend func(*head)) {
		cases = append(cases, serverHandshake(id, name, rfc, 0, bend, mustRefuse))
	}
	set := func(header, value string) func(*head) { return func(h *head) { h.set(header, value) } }
	drop := func(header string) func(*head) { return func(h *head) { h.drop(header) } }
	start := func(old, new string) func(*head) {
		return func(h *head) { h.start = strings.Replace(h.start, old, new, 1) }
	}

	add("no-host", "A request without Host is refused.", drop("Host"))
	add("no-upgrade", "A request without Upgrade opens no WebSocket.", drop("Upgrade"))
	add("wrong-upgrade", "A request to upgrade to something else opens no WebSocket.", set("Upgrade", "x-wstest-none"))
	add("longer-upgrade", "A request to upgrade to something whose name begins with websocket opens no WebSocket.", set("Upgrade", "websocketx"))
	add("no-connection", "A request without Connection is refused.", drop("Connection"))
	add("wrong-connection", "A request whose Connection does not say upgrade is refused.", set("Connection", "keep-alive"))
	add("part-of-connection", "A request whose Connection says upgrade only as a part of a word is refused.", set("Connection", "upgraded, no-upgrade"))
	add("no-key", "A request without Sec-WebSocket-Key is refused.", drop("Sec-WebSocket-Key"))
	add("two-keys", "A request with two keys is refused.", func(h *head) { h.add("Sec-WebSocket-Key", newKey()) })
	for _, key := range []struct{ id, what, value string }{
		{"empty", "that is empty", ""},
		{"15-bytes", "of 15 bytes", "AAAAAAAAAAAAAAAAAAAA"},
		{"17-bytes", "of 17 bytes", "AAAAAAAAAAAAAAAAAAAAAAA="},
		{"unpadded", "without its padding", "dGhlIHNhbXBsZSBub25jZQ"},
		{"not-base64", "that is not base64", "dGhlIHNhbXBs!!Bub25jZQ=="},
		{"list", "that is a list", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="},
	} {
		add("key-"+key.id, "A request with a key "+key.what+" is refused.", set("Sec-WebSocket-Key", key.value))
	}
	for _, version := range []string{"0", "1", "7", "8", "12", "14", "130", "255", "013", "-13", "13.0", "thirteen", "13, 8"} {
		id := strings.NewReplacer(", ", "-and-", ".", "-point-").Replace(version)
		cases = append(cases, serverHandshake("version-"+strings.Replace(id, "-13", "minus-13", 1),
			fmt.Sprintf("A request with the version %q is refused with the version that the server speaks.", version),
			"6455 §4.2.2, §4.4", 0, set("Sec-WebSocket-Version", version), mustNameVersion))
	}
	add("no-version", "A request without a version is refused.", drop("Sec-WebSocket-Version"))
	add("two-versions", "A request with two versions is refused.", func(h *head) { h.add("Sec-WebSocket-Version", "8") })
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "X-WSTEST", "get"} {
		add("method-"+strings.ToLower(method)+map[bool]string{true: "-lower-case"}[method == "get"],
			"A request with the method "+method+" is refused.", start("GET", method))
	}
	add("http-1-0", "A request in HTTP/1.0 is refused.", start("HTTP/1.1", "HTTP/1.0"))

	closed := func(id, name, rfc string, bend func(*head)) {
		cases = append(cases, serverHandshake(id, name, rfc, 0, bend, mustNotOpen))
	}
	const list = "6455 §9.1: malformed data MUST fail the connection"
	for _, malformed := range []struct{ id, value string }{
		{"no-name", "; a=1"}, {"no-parameter", "x-wstest-none; =1"}, {"no-value", "x-wstest-none; a="},
		{"space-in-name", "x-wstest none"}, {"open-quote", `x-wstest-none; a="1`}, {"value-not-a-token", `x-wstest-none; a="1 2"`},
	} {
		closed("extensions-"+malformed.id, fmt.Sprintf("A request with the malformed extensions %q is refused.", malformed.value), list,
			set("Sec-WebSocket-Extensions", malformed.value))
	}
	const http = "9112 §2.2, §5.1"
	closed("space-before-colon", "A header name with a space before its colon is refused.", http, func(h *head) { h.rename(func(n string) string { return n + " " }) })
	closed("nul-in-header", "A header with a NUL is refused.", "9110 §5.5", func(h *head) { h.add("X-Nul", "a\x00b") })
	closed("no-http", "What is not HTTP is refused.", http, func(h *head) { h.start = "websocket please" })
	closed("two-hosts", "A request with two Host headers is refused.", "9112 §3.2", func(h *head) { h.add("Host", "other.example") })
	closed("huge-header", "A header of 8 MiB is not read to its end.", "6455 §10.4; 6585 §5", func(h *head) { h.add("X-Huge", strings.Repeat("x", 8<<20)) })
	closed("many-headers", "A request with 200,000 headers is not read to its end.", "6455 §10.4; 6585 §5", func(h *head) {
		for i := range 200000 {
			h.add(fmt.Sprintf("X-Many-%d", i), "many headers, many more than anybody needs")
		}
	})
	return cases
}

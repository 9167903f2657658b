package loadbalancers

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A setup is a file of deploy/, run by the program that it is for in front of three nodes.
type setup struct {
	file    string
	program string
	through bool   // TLS is ended by the nodes
	cluster bool   // the nodes keep their logs themselves
	http2   bool   // WebSockets pass over HTTP/2
	mqtt    bool   // it has a port for MQTT over TLS
	asks    bool   // it asks the nodes whether they are ready
	every   string // how often
	ends    bool   // it ends the connections to a node that does not answer
	moves   bool   // clients of a node that stops are moved to others without an interruption
	idle    string // the setting that says how long a quiet WebSocket may stay; "" if there is no such time
	other   string // the value of times for other things that must not count for a WebSocket; "" if there is none
}

var setups = []setup{
	{file: "haproxy.cfg", program: "haproxy", cluster: true, http2: true, mqtt: true, moves: true, asks: true, every: "inter 1s", ends: true, idle: "timeout tunnel 1h", other: "75s"},
	{file: "haproxy-passthrough.cfg", program: "haproxy", through: true, http2: true, mqtt: true, moves: true, asks: true, every: "inter 1s", ends: true, idle: "timeout client 1h"},
	{file: "nginx.conf", program: "nginx", moves: true, idle: "proxy_read_timeout 1h"},
	{file: "nginx-passthrough.conf", program: "nginx", through: true, http2: true, mqtt: true, idle: "proxy_timeout 1h"},
	{file: "Caddyfile", program: "caddy", moves: true, asks: true, every: "health_interval 1s"},
}

// text returns the file.
func (s setup) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", s.file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var listenLine = regexp.MustCompile(`(?m)^# +(listen: \{.*\})$`)

// nodes starts nodes that listen as the file says that they should.
func (s setup) nodes(t *testing.T) *nodes {
	t.Helper()
	listen := listenLine.FindStringSubmatch(s.text(t))
	if listen == nil {
		t.Fatalf("%s does not say how the nodes listen", s.file)
	}
	return startNodes(t, listen[1], s.cluster)
}

// A change is a text of a file, and what to put in its place.
type change struct{ from, to string }

// front runs the file in front of nodes, with their addresses and the test's in place of those that it shows, and with further changes.
func (s setup) front(t *testing.T, n *nodes, further ...change) *balancer {
	t.Helper()
	b := &balancer{addr: freeAddr(t), mqtts: freeAddr(t), tls: n.trusts}
	if !s.through && s.program != "caddy" { // which redirects from the port 80 alone
		b.plain = freeAddr(t)
	}
	dir := t.TempDir()
	text := s.text(t)
	for _, c := range append(s.changes(t, dir, b, n), further...) {
		if !strings.Contains(text, c.from) {
			t.Fatalf("%s has no %q", s.file, c.from)
		}
		text = strings.ReplaceAll(text, c.from, c.to)
	}
	for i, m := range n.all {
		for port, addr := range m.at {
			text = strings.ReplaceAll(text, "10.0.0.1"+string(rune('1'+i))+":"+port, addr)
		}
	}
	config := write(t, dir, s.file, "%s", text)
	switch s.program {
	case "haproxy":
		run(t, b.addr, s.program, "-db", "-f", config)
	case "nginx":
		run(t, b.addr, s.program, "-p", dir, "-c", config, "-e", "stderr")
	case "caddy":
		run(t, b.addr, "env", "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, s.program, "run", "--adapter", "caddyfile", "--config", config)
	}
	return b
}

// changes are those that a machine of a user does not need: addresses, paths, and how many files a process may open here.
func (s setup) changes(t *testing.T, dir string, b *balancer, n *nodes) []change {
	t.Helper()
	switch s.file {
	case "haproxy.cfg":
		return []change{{"maxconn 100000", "maxconn 2000"}, {"bind :443", "bind " + b.addr}, {"bind :80", "bind " + b.plain}, {"bind :8883", "bind " + b.mqtts},
			{"/etc/haproxy/holdfast.pem", together(t, n.cert, n.key)}}
	case "haproxy-passthrough.cfg":
		return []change{{"maxconn 100000", "maxconn 2000"}, {"bind :443", "bind " + b.addr}, {"bind :8883", "bind " + b.mqtts}, {"chat.example.com", "localhost"}}
	case "nginx.conf":
		return append(nginxHere(), change{"listen 443", "listen " + b.addr}, change{"listen 80", "listen " + b.plain},
			change{"/etc/nginx/holdfast.pem", n.cert}, change{"/etc/nginx/holdfast.key", n.key},
			change{"access_log off;", "access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;"})
	case "nginx-passthrough.conf":
		return append(nginxHere(), change{"listen 443", "listen " + b.addr}, change{"listen 8883", "listen " + b.mqtts}, change{"chat.example.com", "localhost"},
			change{"modules/ngx_stream_module.so", "/usr/lib/nginx/modules/ngx_stream_module.so"})
	case "Caddyfile":
		return []change{{"\tservers {", "\tadmin off\n\tauto_https disable_redirects\n\tservers {"},
			{"chat.example.com {", "https://" + b.addr + " {\n\ttls " + n.cert + " " + n.key}}
	}
	t.Fatalf("nobody knows how to run %s here", s.file)
	return nil
}

func nginxHere() []change {
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // else its own, who may not read this test's files
	}
	return []change{{"user www-data;", user + " daemon off; pid nginx.pid;"}, {"worker_rlimit_nofile 200000;", ""}, {"worker_connections 100000;", "worker_connections 2000;"}}
}

// together returns a file with the content of both.
func together(t *testing.T, files ...string) string {
	t.Helper()
	var all []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return write(t, t.TempDir(), "both.pem", "%s", all)
}

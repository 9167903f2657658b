package loadbalancers

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

// node runs a node behind a proxy, and returns where.
func node(t *testing.T) (addr string) {
	t.Helper()
	dir := t.TempDir()
	addr = freeAddr(t)
	config := write(t, dir, "holdfast.yaml", `
listen: {http: "%s", proxies: [127.0.0.1]}
data: {dir: "%s"}
channels:
  - pattern: chat/#
    history: {count: 1000}
    access: {subscribe: anyone, publish: anyone, history: anyone}
`, addr, dir)
	run(t, addr, binary, "serve", "--config", config)
	return addr
}

// balancer is a program in front of nodes, over TLS.
type balancer struct {
	addr  string
	mqtts string      // its port for MQTT over TLS; "" if it has none
	plain string      // its port without TLS; "" if it has none
	tls   *tls.Config // for clients
}

// certificate returns the files of a certificate for localhost, and what trusts it.
func certificate(t *testing.T) (cert, key string, trusts *tls.Config) {
	authority := certstest.New(t)
	cert, key = certstest.WritePair(t, t.TempDir(), authority.Issue(nil))
	return cert, key, &tls.Config{RootCAs: authority.Pool()}
}

// nginxAsShown is what the documentation of nginx says for WebSockets. Everything else is as nginx has it: it buffers, and
// gives up a server that says nothing for a minute.
const nginxAsShown = `
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;`

// nginx runs nginx in front of a node, with further lines in its location.
func nginx(t *testing.T, node, location string) *balancer {
	t.Helper()
	dir := t.TempDir()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // else its own, who may not read this test's files
	}
	addr := freeAddr(t)
	cert, key, trusts := certificate(t)
	config := write(t, dir, "nginx.conf", `
%s
daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    ''      close;
  }
  server {
    listen %s ssl http2;
    ssl_certificate %s;
    ssl_certificate_key %s;
    location / {
      proxy_pass http://%s;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      %s
    }
  }
}
`, user, addr, cert, key, node, location)
	run(t, addr, "nginx", "-p", dir, "-c", config, "-e", "stderr")
	return &balancer{addr: addr, tls: trusts}
}

// haproxy runs HAProxy in front of nodes, which clients keep to by a cookie, with further lines in its defaults.
func haproxy(t *testing.T, defaults string, nodes ...string) *balancer {
	t.Helper()
	dir := t.TempDir()
	addr := freeAddr(t)
	cert, key, trusts := certificate(t)
	var servers strings.Builder
	for _, node := range nodes {
		name := strings.NewReplacer(".", "-", ":", "-").Replace(node)
		servers.WriteString("  server " + name + " " + node + " check cookie " + name + "\n")
	}
	config := write(t, dir, "haproxy.cfg", `
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
%s
frontend https
  bind %s ssl crt %s alpn h2,http/1.1
  http-request set-header X-Forwarded-Proto https
  default_backend holdfast
backend holdfast
  balance roundrobin
  cookie NODE insert indirect nocache httponly
%s`, defaults, addr, together(t, cert, key), servers.String())
	run(t, addr, "haproxy", "-db", "-f", filepath.Clean(config))
	return &balancer{addr: addr, tls: trusts}
}

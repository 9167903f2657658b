//go:build linux

package daemon

import (
	"context"
	"path/filepath"
)

// installHoldfast builds the command of the tree that this module lies in, with that tree's own
// dependencies.
func installHoldfast(ctx context.Context, folder string) (installed, error) {
	tree, err := moduleFolder(ctx, "github.com/holdfast-dev/holdfast")
	if err != nil {
		return installed{}, err
	}
	program := filepath.Join(folder, "holdfast")
	_, err = output(ctx, "go", "build", "-C", tree, "-o", program, "./cmd/holdfast")
	return installed{path: program}, err
}

func holdfastCommand(program string, s setup) ([]string, error) {
	http, https := s.addr.String(), "127.0.0.1:0"
	if s.cert != nil {
		http, https = https, http
	}
	return holdfastServing(program, s, "--http", http, "--https", https, "--mqtt", "", "--mqtts", ""), nil
}

// holdfastMQTTCommand is the same server with its clients on MQTT.
func holdfastMQTTCommand(program string, s setup) ([]string, error) {
	tcp, tls := s.addr.String(), ""
	if s.cert != nil {
		tcp, tls = tls, tcp
	}
	return holdfastServing(program, s, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--mqtt", tcp, "--mqtts", tls), nil
}

func holdfastServing(program string, s setup, where ...string) []string {
	return append([]string{program, "dev", "--data", filepath.Join(s.folder, "data"), "--ca-dir", filepath.Join(s.folder, "ca")}, where...)
}

//go:build linux

package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// installNATS builds nats-server, a tool of this module.
func installNATS(ctx context.Context, folder string) (installed, error) {
	program := filepath.Join(folder, "nats-server")
	if _, err := output(ctx, "go", "build", "-o", program, "github.com/nats-io/nats-server/v2"); err != nil {
		return installed{}, err
	}
	version, err := output(ctx, program, "--version")
	return installed{program, strings.Replace(version, ": v", " ", 1)}, err
}

func natsCommand(program string, s setup) ([]string, error) {
	security := "no_tls: true"
	if s.cert != nil {
		security = fmt.Sprintf("tls { cert_file: %q, key_file: %q }", s.cert.Cert, s.cert.Key)
	}
	config, err := writeConfig(s, fmt.Sprintf(`
listen: "127.0.0.1:-1"
websocket {
  listen: %q
  %s
}
`, s.addr, security))
	return []string{program, "--config", config}, err
}

//go:build linux

package daemon

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// installMosquitto finds mosquitto, which Debian keeps outside of most people's PATH.
func installMosquitto(ctx context.Context, _ string) (installed, error) {
	return findMosquitto(ctx, "mosquitto", "/usr/sbin/mosquitto")
}

// findMosquitto finds mosquitto at the first of some places.
func findMosquitto(ctx context.Context, places ...string) (installed, error) {
	var program string
	for _, place := range places {
		if found, err := exec.LookPath(place); err == nil && program == "" {
			program = found
		}
	}
	if program == "" {
		return installed{}, errors.New("install it (on Debian: apt-get install --no-install-recommends mosquitto) or choose others with -peer")
	}
	// Of its help, which is all that tells the version, the exit code is that of a failure.
	help, err := exec.CommandContext(ctx, program, "-h").Output()
	if ended := new(exec.ExitError); err != nil && !errors.As(err, &ended) {
		return installed{}, err
	}
	version, _, _ := strings.Cut(string(help), "\n")
	return installed{program, strings.Replace(version, " version", "", 1)}, nil
}

// mosquittoCommand has mosquitto serve MQTT over TCP or TLS: its WebSocket listener ignores the
// address that it is to be bound to. It must not wait for more to send before it sends (nodelay), nor
// change to a user who can't read the key.
func mosquittoCommand(program string, s setup) ([]string, error) {
	security := ""
	if s.cert != nil {
		security = fmt.Sprintf("certfile %s\nkeyfile %s\n", s.cert.Cert, s.cert.Key)
	}
	config, err := writeConfig(s, fmt.Sprintf(`user root
allow_anonymous true
persistence false
log_dest none
set_tcp_nodelay true
listener %d %s
%s`, s.addr.Port(), s.addr.Addr(), security))
	return []string{program, "-c", config}, err
}

//go:build linux

package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// installSocketIO has npm fetch what the lock file in bench/socketio names, unless that has been done.
func installSocketIO(ctx context.Context, _ string) (installed, error) {
	node, nodeErr := exec.LookPath("node")
	npm, npmErr := exec.LookPath("npm")
	if err := errors.Join(nodeErr, npmErr); err != nil {
		return installed{}, fmt.Errorf("install Node.js and npm (on Debian: apt-get install nodejs npm) or choose others with -peer: %w", err)
	}
	bench, err := moduleFolder(ctx, "github.com/holdfast-dev/holdfast/bench")
	if err != nil {
		return installed{}, err
	}
	folder := filepath.Join(bench, "socketio")
	manifest := filepath.Join(folder, "node_modules", "socket.io", "package.json")
	stamp := filepath.Join(folder, "node_modules", ".package-lock.json") // npm writes it last
	if !newer(stamp, filepath.Join(folder, "package-lock.json")) {
		if _, err := output(ctx, npm, "--prefix", folder, "ci", "--no-audit", "--no-fund"); err != nil {
			return installed{}, err
		}
	}
	text, err := os.ReadFile(manifest)
	if err != nil {
		return installed{}, err
	}
	var socketIO struct{ Version string }
	if err := json.Unmarshal(text, &socketIO); err != nil {
		return installed{}, fmt.Errorf("%s: %w", manifest, err)
	}
	nodeVersion, err := output(ctx, node, "--version")
	return installed{filepath.Join(folder, "server.js"), "socket.io " + socketIO.Version + " on Node.js " + nodeVersion}, err
}

// newer tells that a file is there and not older than another.
func newer(file, than string) bool {
	a, errA := os.Stat(file)
	b, errB := os.Stat(than)
	return errA == nil && errB == nil && !a.ModTime().Before(b.ModTime())
}

func socketIOCommand(program string, s setup) ([]string, error) {
	command := []string{"node", program, strconv.Itoa(int(s.addr.Port()))}
	if s.cert != nil {
		command = append(command, s.cert.Cert, s.cert.Key)
	}
	return command, nil
}

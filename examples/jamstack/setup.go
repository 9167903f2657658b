package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

const module = "github.com/holdfast-dev/holdfast"

// functionsInConfig is where holdfast.yaml expects the functions.
const functionsInConfig = "127.0.0.1:8788"

//go:embed holdfast.yaml
var configText string

// setup is what both parts need, ready to start.
type setup struct {
	options
	here    string // directory of this example's sources
	config  string // file
	secret  string // that the hooks' requests are signed with
	apiKey  string // that the functions publish notifications with
	apiKeys string // what the server has to know of it, as in HOLDFAST_AUTH_API_KEYS
}

// sourceDir returns the directory of this example, wherever in the repository it is run.
func sourceDir(ctx context.Context) (string, error) {
	dir, err := output(ctx, "go", "list", "-f", "{{.Dir}}", module+"/examples/jamstack")
	return strings.TrimSpace(dir), err
}

// prepare makes the secrets of this run, and what needs them.
func prepare(ctx context.Context, o options, here string) (*setup, error) {
	s := &setup{options: o, here: here, config: filepath.Join(o.data, "holdfast.yaml"), secret: newSecret()}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, err
	}
	config := strings.ReplaceAll(configText, functionsInConfig, o.functions)
	for name, text := range map[string]string{"holdfast.yaml": config, "hook.secret": s.secret} {
		if err := os.WriteFile(filepath.Join(o.data, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if s.holdfast == "" {
		s.holdfast = filepath.Join(o.data, "holdfast")
		if _, err := output(ctx, "go", "build", "-o", s.holdfast, module+"/cmd/holdfast"); err != nil {
			return nil, err
		}
	}
	return s, s.makeAPIKey(ctx)
}

// What holdfast token create --api-key prints: the key, and the line for the configuration.
var (
	printedKey  = regexp.MustCompile(`(?m)^hfk_\S+$`)
	printedLine = regexp.MustCompile(`(?m)^\s+- (\{.*\})$`)
)

// makeAPIKey makes a key that may do no more than the functions have to.
func (s *setup) makeAPIKey(ctx context.Context) error {
	text, err := output(ctx, s.holdfast, "token", "create", "--api-key", "functions", "--channels", "notifications/+=w")
	if err != nil {
		return err
	}
	line := printedLine.FindStringSubmatch(text)
	if s.apiKey = printedKey.FindString(text); s.apiKey == "" || line == nil {
		return fmt.Errorf("%s token create printed no key", s.holdfast)
	}
	s.apiKeys = "[" + line[1] + "]"
	return nil
}

// newSecret returns a secret of Standard Webhooks.
func newSecret() string {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(raw)
}

// output runs a command and returns what it prints on stdout.
func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return string(text), nil
}

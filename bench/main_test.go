//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run starts its own binary as the servers, which in a test is the test binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "server" {
		if err := command(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestARunMeasuresWhatIsChosenAndWritesAReport(t *testing.T) {
	folder := t.TempDir()
	var stdout, stderr bytes.Buffer
	err := command(t.Context(), []string{"run", "-quick", "-server-cpu", "-1", "-client-cpu", "-1", "-out", folder,
		"-peer", "holdfast,floor,gws", "-load", "echo-64-16,broadcast-1,used-wss"}, nil, &stdout, &stderr)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	written, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n| **holdfast** | ", "\n| gws | ", "\n| floor | ", quickCaution, "![echo 64 B, 16 in flight"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("%q is not in\n%s", want, written)
		}
	}
	for _, absent := range []string{"\n| coder | ", "16 KiB", "failed"} {
		if strings.Contains(string(written), absent) {
			t.Errorf("%q is in\n%s", absent, written)
		}
	}
	for _, chart := range []string{"echo-64-16.svg", "broadcast-1.svg", "used-wss.svg"} {
		if _, err := os.Stat(filepath.Join(folder, chart)); err != nil {
			t.Error(err)
		}
	}
}

func TestServersAreMeasuredAndReported(t *testing.T) {
	folder := t.TempDir()
	var stdout, stderr bytes.Buffer
	err := command(t.Context(), []string{"servers", "-quick", "-server-cpu", "-1", "-client-cpu", "-1", "-out", folder,
		"-peer", "holdfast", "-load", "burst-100,burst-1000,idle-tls,publish-1,publish-ws-64,return-5000,events-burst,events-idle,post-64,post-batch,signalr-burst,signalr-calls"}, nil, &stdout, &stderr)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	written, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### All loads", "| **holdfast** | ", quickServersCaution, "(cost-subscribers.svg)", "300 idle subscribers of a channel, over TLS", "| ephemeral |", "2000 subscribers come back", "over Server-Sent Events and WebSocket", "16 in a request", "| websocket |", "| socket |"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("%q is not in\n%s", want, written)
		}
	}
	for _, chart := range []string{"burst-100.svg", "idle-tls.svg", "cost-subscribers.svg"} {
		if _, err := os.Stat(filepath.Join(folder, chart)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "cost-channels.svg")); err == nil {
		t.Error("there is a plot of one load")
	}
}

func TestAnInterruptedRunSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := command(ctx, []string{"run", "-quick", "-server-cpu", "-1", "-client-cpu", "-1", "-out", ""}, nil, new(bytes.Buffer), new(bytes.Buffer))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWrongArgumentsAreExplained(t *testing.T) {
	for line, want := range map[string]string{
		"":                         "say which subcommand: run, servers or server",
		"walk":                     `there is no subcommand "walk"; there are run, servers and server`,
		"run -load echo,idle-ws":   `there is no load "echo" (there are: echo-64-1, echo-64-16, echo-16k-1, wss-64-1, wss-64-16, broadcast-1, broadcast-16, idle-ws, used-ws, idle-wss, used-wss)`,
		"run -peer nobody":         `there is no peer "nobody" (there are: holdfast, gobwas, gws, gorilla, coder, floor)`,
		"run -seconds 0":           "-rounds and -procs must be at least 1, -seconds 0.1 to 60",
		"run idle-ws":              `unexpected argument "idle-ws"; loads and peers are chosen with -load and -peer`,
		"servers -load idle-ws":    `there is no load "idle-ws" (there are: one-1000, burst-100, burst-1000, burst-5000, quiet-1000, quiet-10000, in-1000, idle, idle-tls, history-one, history-burst, publish-1, publish-256, publish-ws-64, one-1000-tls, one-1000-4k, one-1000-4k-tls, open, open-tls, return-5000, events-one, events-burst, events-idle, signalr-one, signalr-burst, signalr-calls, post-64, post-batch)`,
		"servers -peer gws":        `there is no peer "gws" (there are: holdfast, holdfast-mqtt, nats, mosquitto, socketio)`,
		"server -peer nobody":      `there is no peer "nobody" (there are: holdfast, gobwas, gws, gorilla, coder, floor)`,
		"server -kind unicast":     `there is no kind "unicast"; there are echo and broadcast`,
		"server -cpu 900":          "cannot run on CPU 900: invalid argument; choose another with -server-cpu and -client-cpu, or -1 for any",
		"run -quick -unknown-flag": "flag provided but not defined: -unknown-flag",
	} {
		err := command(t.Context(), strings.Fields(line), nil, new(bytes.Buffer), new(bytes.Buffer))
		if err == nil || err.Error() != want {
			t.Errorf("bench %s: %v; want %s", line, err, want)
		}
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	for _, line := range []string{"run -h", "servers -h", "server -h"} {
		if err := command(t.Context(), strings.Fields(line), nil, new(bytes.Buffer), new(bytes.Buffer)); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("bench %s: %v", line, err)
		}
	}
}

package main

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestTheServiceManagerIsToldHowTheServerIs(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "notify"), "@" + t.Name()} {
		manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer manager.Close()
		if err := manager.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		t.Setenv("NOTIFY_SOCKET", path)
		for _, state := range []string{notifyReady, notifyStopping} {
			if err := notifyManager(state); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 64)
			n, err := manager.Read(got)
			if err != nil || string(got[:n]) != state {
				t.Errorf("told %q, %v; want %q", got[:n], err, state)
			}
		}
	}
}

func TestWithoutAServiceManagerNobodyIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	if err := notifyManager(notifyReady); err != nil {
		t.Error(err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	if err := notifyManager(notifyReady); err == nil {
		t.Error("a manager that has gone was told")
	}
}

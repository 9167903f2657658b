package main

import (
	"errors"
	"net"
	"os"
)

// What a service manager is told, by the protocol of sd_notify(3).
const (
	notifyReady    = "READY=1"
	notifyStopping = "STOPPING=1"
)

// notifyManager tells the service manager that started this process how it is, if there is one that wants to know: systemd, for
// units of Type=notify.
func notifyManager(state string) (err error) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	// A name that begins with "@" is in the abstract namespace, which package net knows.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	_, err = c.Write([]byte(state))
	return err
}

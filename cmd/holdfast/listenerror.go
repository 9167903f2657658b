package main

import (
	"errors"
	"net"
	"runtime"
	"syscall"

	"github.com/holdfast-dev/holdfast/internal/server"
)

// wsaeaddrinuse is what Windows calls EADDRINUSE.
const wsaeaddrinuse = syscall.Errno(10048)

// explainStart says why the server can't start, and which flag to change.
func explainStart(o *devOptions, err error) error {
	if store, ok := errors.AsType[*server.StoreError](err); ok {
		return fail(exitFiles, "cannot open the log of the channels: %w", store.Err)
	}
	refused, ok := errors.AsType[*server.ListenError](err)
	if !ok {
		return fail(exitListen, "cannot start the server: %w", err)
	}
	flag, host := "--https", o.https.host()
	if _, port, _ := net.SplitHostPort(refused.Addr); o.https == "" || port != o.https.port() {
		flag, host = "--http", o.http.host()
	}
	another := flag + " " + net.JoinHostPort(host, "0")
	switch {
	case errors.Is(err, syscall.EADDRINUSE), runtime.GOOS == "windows" && errors.Is(err, wsaeaddrinuse):
		return fail(exitListen, "cannot listen on %s: the port is in use; stop the other program or choose another port with %s", refused.Addr, another)
	case errors.Is(err, syscall.EACCES):
		return fail(exitListen, "cannot listen on %s: this port is not allowed to you; choose one from 1024 on, or any free one with %s", refused.Addr, another)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fail(exitListen, "cannot listen on %s: it is not an address of this machine; choose one with %s 127.0.0.1:0", refused.Addr, flag)
	}
	return fail(exitListen, "cannot listen on %s: %w; choose another address with %s 127.0.0.1:0", refused.Addr, refused.Err, flag)
}

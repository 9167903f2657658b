package main

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// exampleChannel is the channel of the lines to copy: the room that the chat opens.
const exampleChannel = "/channels/chat/lobby"

// announcement is what development mode prints when it is ready.
type announcement struct {
	httpsHost, httpHost string // with ports; "" for a listener that is off
	mqttHost, mqttsHost string // likewise
	caFile              string // "" without https
	trustCommand        string // "" if browsers trust the CA already
	apiKey              string // of the server API
	public              bool   // other machines may connect
	page                string // what is at /
}

// announce prints where to go now.
func announce(std streams, o *devOptions, srv *server.Server, ca *certs.CA, apiKey string) {
	a := announcement{apiKey: apiKey, public: o.https.public() || o.http.public(), page: "Chat"}
	if o.static != "" {
		a.page = "Site"
	}
	if addr := srv.HTTPSAddr(); addr != nil {
		a.httpsHost = shownAddress(o.https, addr)
		a.caFile = ca.CertFile()
		if !ca.Trusted() {
			a.trustCommand = trustCommand(o.caDir)
		}
	}
	if addr := srv.HTTPAddr(); addr != nil {
		a.httpHost = shownAddress(o.http, addr)
	}
	if addr := srv.MQTTAddr(); addr != nil {
		a.mqttHost = shownAddress(o.mqtt, addr)
	}
	if addr := srv.MQTTSAddr(); addr != nil {
		a.mqttsHost = shownAddress(o.mqtts, addr)
	}
	io.WriteString(std.out, a.text(std.outStyle()))
}

// shownAddress returns the host as the user named it and the port as it turned out to be.
func shownAddress(named listenAddress, bound net.Addr) string {
	_, port, _ := net.SplitHostPort(bound.String()) // a TCP address always has one
	return net.JoinHostPort(named.shownHost(), port)
}

// trustCommand returns what to type so that browsers accept the certificate.
func trustCommand(caDir string) string {
	command := invocation() + " cert trust"
	if caDir != "" {
		command += " --ca-dir " + shellQuote(caDir)
	}
	return command
}

func (a *announcement) text(style style) string {
	var b strings.Builder
	row := func(label, value string) {
		fmt.Fprintf(&b, "  %s %s\n", style.faint(fmt.Sprintf("%-8s", label)), value)
	}
	web, ws, host, curl := "https://", "wss://", a.httpsHost, "curl --cacert "+shellQuote(a.caFile)
	if a.httpsHost == "" {
		web, ws, host, curl = "http://", "ws://", a.httpHost, "curl"
	}
	fmt.Fprintf(&b, "\n  %s in development mode\n\n", style.bold("Holdfast is ready"))
	row(a.page, style.green(web+host+"/"))
	if a.httpsHost != "" && a.httpHost != "" {
		row("", style.green("http://"+a.httpHost+"/"))
	}
	row("Browser", "new WebSocket('"+ws+host+exampleChannel+"')")
	row("Shell", curl+" -d 'hello' "+web+host+exampleChannel)
	row("API", curl+" -H 'Authorization: Bearer "+a.apiKey+"' "+web+host+"/v1/info")
	if a.mqttsHost != "" {
		row("MQTT", style.green("mqtts://"+a.mqttsHost))
	}
	if a.mqttHost != "" {
		row(map[bool]string{true: "MQTT", false: ""}[a.mqttsHost == ""], style.green("mqtt://"+a.mqttHost))
	}
	if a.trustCommand != "" {
		row("Trust", a.trustCommand+style.faint("    once, so that browsers accept the certificate"))
	}
	row("Stop", "Ctrl-C")
	if a.public {
		fmt.Fprintf(&b, "\n  %s everybody who can reach this machine may read and write.\n", style.bold("Open to the network:"))
	}
	return b.String() + "\n"
}

package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// settle checks what a value alone does not show, and fills in the defaults that depend on
// other values.
func (c *Config) settle(d *decoder) {
	c.Listen.settle(d)
	c.settleStatic(d)
	c.TLS.settle(d)
	c.Auth.settle(d)
	if err := checkBrokerURL(c.Broker.URL); err != nil {
		d.wrong("broker.url", "broker.url: %v", err)
	}
	c.Cluster.settle(d, c.Broker.URL)
	c.settleHooks(d)
	c.settleHubs(d)
	c.Limits.SendQueue = max(c.Limits.SendQueue, c.Limits.MaxMessage)
	for i := range c.Channels {
		c.Channels[i].Access.settle(c.everybody(c.Channels[i].Pattern))
		c.Channels[i].settle(d, fmt.Sprintf("channels[%d]", i), c.Limits)
	}
}

// settleStatic finds the directory of the site beside the file of the configuration, if that names it.
func (c *Config) settleStatic(d *decoder) {
	const key = "serve.static"
	if c.Serve.Static == "" {
		return
	}
	if c.Listen.Chat {
		d.wrong(key, "serve.static and listen.chat are both to be served at /; leave one of them out")
	}
	if at := d.places.of(key); at.Line > 0 && !filepath.IsAbs(c.Serve.Static) {
		c.Serve.Static = filepath.Join(filepath.Dir(at.Source), c.Serve.Static)
	}
}

// everybody returns who may do what no key of a rule says, as Access has it.
func (c *Config) everybody(pattern channel.Pattern) string {
	switch {
	case !c.Development:
		return "granted"
	case slices.Contains(strings.Split(string(pattern), "/"), "{user}"):
		return "users" // those who are not known own no channel
	}
	return "anyone"
}

func (l *Listen) settle(d *decoder) {
	l.settleProxies(d)
	httpsGood, httpGood := d.address("listen.https", &l.HTTPS), d.address("listen.http", &l.HTTP)
	switch {
	case !httpsGood || !httpGood:
		// Nobody can tell what the two mean together.
	case l.HTTPS == "" && l.HTTP == "":
		if d.production {
			break // whoever asked for it says what to do
		}
		d.wrong("listen.https", "listen.https and listen.http are both switched off; leave one of them on")
	case l.HTTPS == l.HTTP && !strings.HasSuffix(l.HTTP, ":0"):
		d.wrong("listen.http", "listen.http: it is %s, as listen.https is; give them different ports", l.HTTP)
	}
	d.address("listen.metrics", &l.Metrics)
	d.address("listen.mqtt", &l.MQTT)
	d.address("listen.mqtts", &l.MQTTS)
	if l.MQTTS != "" && l.HTTPS == "" && d.production {
		d.wrong("listen.mqtts", "listen.mqtts: its certificates are those of listen.https, which is switched off; say where to serve https too")
	}
	for i, origin := range l.Origins {
		if err := websocket.CheckOriginPattern(origin); err != nil {
			d.wrong(fmt.Sprintf("listen.origins[%d]", i), "listen.origins: %v", err)
		}
	}
}

// address puts an address into its usual form, and reports whether it is one.
func (d *decoder) address(path string, s *string) bool {
	address, err := ParseAddress(*s)
	if err != nil {
		d.wrong(path, "%s: %v", path, err)
		return false
	}
	*s = address
	return true
}

// ParseAddress checks an address to listen on, HOST:PORT, and returns it with the host in lower case.
// The port is a number; the host may be missing, and so may all of it.
func ParseAddress(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is no address; write HOST:PORT, as in localhost:8443 or 127.0.0.1:0", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q has no usable port; write a number from 0 (any free one) to 65535 after the last colon", s)
	}
	return net.JoinHostPort(strings.ToLower(host), port), nil
}

var brokerSchemes = []string{"nats", "tls", "ws", "wss"}

func checkBrokerURL(list string) error {
	if list == "" {
		return nil
	}
	for one := range strings.SplitSeq(list, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.Host == "" || !slices.Contains(brokerSchemes, u.Scheme) {
			// What is wrong with it is not repeated: a URL may hold a password.
			return errors.New("it is no URL of a NATS server; write nats://HOST:PORT, or tls:// for TLS")
		}
	}
	return nil
}

func (r *ChannelRule) settle(d *decoder, path string, limits Limits) {
	if r.Pattern == "" {
		d.wrong(path, `%s has no pattern; say which channels the rule is for, as in "pattern: chat/#" (a pattern that begins with # needs quotes)`, path)
	} else if _, err := channel.ParsePattern(string(r.Pattern)); err != nil {
		d.wrong(path+".pattern", "%s.pattern: %v", path, err)
	}
	if r.History.Age > 0 && r.History.Age < leastAge {
		d.wrong(path+".history.age", "%s.history.age: %s is too short; the least is %s, and 0s for no bound", path, r.History.Age, leastAge)
	}
	most, because := limits.MaxMessage, "limits.max_message lets through"
	if r.stored() && maxStoredMessage < most {
		most, because = maxStoredMessage, "can be stored"
	}
	if r.MaxMessage > most {
		d.wrong(path+".max_message", "%s.max_message: %s is more than %s, the most that %s", path, r.MaxMessage, most, because)
	}
	if r.MaxMessage == 0 {
		r.MaxMessage = most
	}
	r.Content.settle(d, path+".content")
	r.settleSchema()
	switch {
	case r.Slow != "":
	case r.stored():
		r.Slow = "catch-up"
	default:
		r.Slow = "disconnect"
	}
}

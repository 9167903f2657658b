// Package config reads the configuration: a YAML file, then environment variables, then flags,
// each of which takes precedence over the ones before.
//
// The struct [Config] is the only description of it. Its tags give each key its name, default,
// bounds and meaning; what reads values, refuses unknown keys, and writes the reference and the
// commented example file walks that struct.
package config

import "time"

// Config is the configuration, checked and with its defaults filled in.
//
// The tags: key is the name in the file; default, least and most are written as in the file;
// values are the allowed words, separated by spaces; of says what a list of structs is of; doc says
// what the key means, in sentences.
type Config struct {
	Listen   Listen        `key:"listen" doc:"Where to serve, and to whom."`
	Serve    Serve         `key:"serve" doc:"What is served beside the channels."`
	TLS      TLS           `key:"tls" doc:"The certificates of holdfast serve. Development mode has one of its own."`
	Auth     Auth          `key:"auth" doc:"Who vouches for clients, and how they show it; see auth.md."`
	Data     Data          `key:"data" doc:"What is kept on disk."`
	Broker   Broker        `key:"broker" doc:"The log of the channels with history."`
	Cluster  Cluster       `key:"cluster" doc:"The nodes that belong together; see cluster.md."`
	Limits   Limits        `key:"limits" doc:"What a client may send, and what is kept for one that is slow."`
	Channels []ChannelRule `key:"channels" of:"rules" doc:"How channels behave. The first rule whose pattern matches a channel's name applies; channels without a rule keep nothing."`
	Hooks    []Hook        `key:"hooks" of:"hooks" doc:"Backends that are asked whether something may happen, and told what has happened; see hooks.md."`
	SignalR  []Hub         `key:"signalr" of:"hubs" doc:"Hubs for clients of ASP.NET Core SignalR; see signalr.md. Without any there is one at /signalr. A path of a hub takes precedence over a site."`
	Log      Log           `key:"log" doc:"What the server tells on stderr."`

	Development bool `key:"-"` // everybody who can connect may do everything, unless a rule says otherwise
}

// Listen says where to serve.
type Listen struct {
	HTTPS           string   `key:"https" default:"localhost:8443" doc:"Where to serve https and wss, as HOST:PORT. Port 0 is any free one, an empty text is nowhere. The default is that of development mode; holdfast serve has none."`
	HTTP            string   `key:"http" default:"localhost:8080" doc:"Where to serve http and ws, likewise."`
	MQTT            string   `key:"mqtt" default:"localhost:1883" doc:"Where to serve MQTT over TCP, as HOST:PORT; an empty text is nowhere. What is sent can be read on the way, tokens too. The default is that of development mode, which does without it if the port is taken; holdfast serve has none. MQTT over WebSockets is at /mqtt, wherever http and https are."`
	MQTTS           string   `key:"mqtts" default:"localhost:8883" doc:"Where to serve MQTT over TLS, likewise, with the certificates of https."`
	Origins         []string `key:"origins" doc:"Web pages that may connect besides those that the server serves itself, as in https://app.example or https://*.example."`
	WebSocketOverH2 bool     `key:"websocket_over_h2" default:"false" doc:"Offer WebSockets over HTTP/2 (RFC 8441) too. It costs memory and speed; browsers use HTTP/1.1 otherwise."`
	Proxies         []string `key:"proxies" doc:"The addresses of proxies in front of this server, as in 10.0.0.7 or 10.0.0.0/8. Only what they say of a client is believed."`
	ProxyHeader     string   `key:"proxy_header" default:"x-forwarded-for" values:"x-forwarded-for forwarded" doc:"Where the proxies say who a client is and how it came: in X-Forwarded-For and X-Forwarded-Proto, or in Forwarded (RFC 7239). The other is not believed: most proxies pass it on as the client sent it."`
	ProxyProtocol   bool     `key:"proxy_protocol" default:"false" doc:"The proxies begin each TCP connection with a header of the PROXY protocol, version 1 or 2. Then nobody else can connect."`
	Metrics         string   `key:"metrics" doc:"Where Prometheus may ask for /metrics, and load balancers for /healthz and /readyz, by http, as HOST:PORT. It is open to everybody who can connect there, so let it be an address that only your own machines reach. Empty is nowhere."`
	Chat            bool     `key:"chat" default:"false" doc:"Serve the chat, which is a demonstration, at /. Development mode always does."`
}

// Serve says what is served beside the channels.
type Serve struct {
	Static string `key:"static" doc:"A directory with a built web site, which is then served at /; relative to this file, or in a variable to the working directory. See static.md. Empty is none."`
}

// Data says where files are kept.
type Data struct {
	Dir string `key:"dir" doc:"The directory of the log. Empty is the directory holdfast among the data of the user's programs."`
}

// Broker says how channels with history are stored.
type Broker struct {
	URL          string        `key:"url" doc:"A NATS server with JetStream, version 2.12 or newer, as in nats://host:4222; several of one cluster are separated by commas. Empty is the one inside this process."`
	DedupWindow  time.Duration `key:"dedup_window" default:"30s" least:"1s" most:"1h" doc:"For how long a message with the id of an earlier one is a repeat, which is stored once. In a cluster it is at least 20s."`
	SyncInterval time.Duration `key:"sync_interval" default:"200ms" least:"1ms" most:"2m" doc:"How often the log inside this process is forced to disk. If the machine loses power, what was acknowledged since is lost; if only the process dies, nothing is."`
}

// Log says what is logged and how.
type Log struct {
	Level  string `key:"level" default:"info" values:"debug info warn error" doc:"The least important messages to log."`
	Format string `key:"format" default:"auto" values:"auto text json" doc:"How to write them: for people, or for programs. With auto it is text on a terminal and json otherwise."`
}

package main

import (
	"os"

	"github.com/spf13/pflag"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// devKeys are the flags of development mode that stand for a key of the configuration.
var devKeys = map[string]string{
	"https":       "listen.https",
	"http":        "listen.http",
	"mqtt":        "listen.mqtt",
	"mqtts":       "listen.mqtts",
	"origin":      "listen.origins",
	"data":        "data.dir",
	"max-message": "limits.max_message",
	"static":      "serve.static",
}

// configure reads the configuration: the file, if one is named, the environment, and the flags that
// were given. What it says of addresses and of the site is in o afterwards.
func (o *devOptions) configure(flags *pflag.FlagSet) (*config.Config, *policy.Rules, error) {
	given := map[string]any{}
	flags.Visit(func(f *pflag.Flag) {
		switch key := devKeys[f.Name]; {
		case key == "":
		case f.Name == "origin":
			given[key] = o.origins
		default:
			given[key] = f.Value.String()
		}
	})
	c, err := config.Load(config.Options{File: o.config, Environ: os.Environ(), Flags: given, Development: true})
	if err != nil {
		return nil, nil, fail(exitFiles, "%w", err)
	}
	rules, err := rulesOf(c)
	if err != nil {
		return nil, nil, fail(exitFiles, "%w", err)
	}
	o.static = c.Serve.Static
	o.https, o.http = listenAddress(c.Listen.HTTPS), listenAddress(c.Listen.HTTP)
	o.mqtt, o.mqtts = listenAddress(c.Listen.MQTT), listenAddress(c.Listen.MQTTS)
	return c, rules, nil
}

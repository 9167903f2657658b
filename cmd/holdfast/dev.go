package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	defaultHTTPS      = "localhost:8443"
	defaultHTTP       = "localhost:8080"
	defaultMQTT       = "localhost:1883"
	defaultMQTTS      = "localhost:8883"
	defaultMaxMessage = 1 << 20 // bytes

	// shutdownTimeout bounds a stop: connections that have not been closed by then are dropped.
	shutdownTimeout = 10 * time.Second
	shutdownReason  = "the server is shutting down"
)

// loopbackOrigins are the pages that development mode lets connect: all of this machine's.
var loopbackOrigins = []string{
	"http://localhost:*", "https://localhost:*",
	"http://*.localhost:*", "https://*.localhost:*",
	"http://127.0.0.1:*", "https://127.0.0.1:*",
	"http://[::1]:*", "https://[::1]:*",
}

type devOptions struct {
	config      string // file
	https, http listenAddress
	mqtt, mqtts listenAddress
	data        string
	caDir       string
	maxMessage  byteSize
	origins     []string
	static      string // directory of a site
}

func newDev(std streams) *cobra.Command {
	o := devOptions{https: defaultHTTPS, http: defaultHTTP, mqtt: defaultMQTT, mqtts: defaultMQTTS, maxMessage: defaultMaxMessage}
	cmd := &cobra.Command{
		Use:   "dev [flags]",
		Short: "Serve on this machine, for development (the default)",
		Long: `Serve channels and the chat on this machine, for development: everybody who can
connect may read and write. Ctrl-C stops.`,
		Example: `  holdfast dev
  holdfast dev --https 127.0.0.1:0 --http ''`,
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			c, rules, err := o.configure(cmd.Flags())
			if err != nil {
				return err
			}
			ctx, release := untilStopped(context.Background())
			defer release()
			return dev(ctx, &o, c, rules, std)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.config, "config", "", "read the configuration in `FILE`; flags take precedence")
	flags.Var(&o.https, "https", "serve https and wss on `ADDR`, '' for not at all; port 0 is any free one")
	flags.Var(&o.http, "http", "serve http and ws on `ADDR`, '' for not at all")
	flags.Var(&o.mqtt, "mqtt", "serve MQTT on `ADDR`, '' for not at all")
	flags.Var(&o.mqtts, "mqtts", "serve MQTT over TLS on `ADDR`, '' for not at all")
	flags.StringVar(&o.data, "data", "", "keep data in `DIR` (default your data directory)")
	addCADir(flags, &o.caDir)
	flags.Var(&o.maxMessage, "max-message", "take messages of at most `SIZE`")
	flags.StringArrayVar(&o.origins, "origin", nil, "let pages of `ORIGIN` connect too, as in https://app.example (repeatable)")
	flags.StringVar(&o.static, "static", "", "serve the site in `DIR` at /, instead of the chat")
	return cmd
}

// check refuses what can't be meant.
func (o *devOptions) check() error {
	if o.https == "" && o.http == "" {
		return fail(exitUsage, "--https and --http are both switched off; leave one of them on")
	}
	if o.https == o.http && o.https.port() != "0" {
		return fail(exitUsage, "--https and --http are both %s; give them different ports", o.https)
	}
	for _, origin := range o.origins {
		if err := websocket.CheckOriginPattern(origin); err != nil {
			return fail(exitUsage, "--origin: %w", err)
		}
	}
	return nil
}

// dev serves until ctx ends.
func dev(ctx context.Context, o *devOptions, c *config.Config, rules *policy.Rules, std streams) error {
	if c.Listen.WebSocketOverH2 {
		if err := offerHTTP2(); err != nil {
			return err
		}
	}
	dir, err := openDataDir(c.Data.Dir)
	if err != nil {
		return err
	}
	log := slog.New(logHandler(c.Log, std))
	vouched, err := developmentAuthOf(c, dir)
	if err != nil {
		return fail(exitFiles, "%w", err)
	}
	apiKey, known, err := developmentAPIKey(dir)
	if err != nil {
		return fail(exitFiles, "%w", err)
	}
	vouched.APIKeys = append(vouched.APIKeys, known)
	cfg, err := serverConfigOf(c, rules, vouched, dir, log)
	if err != nil {
		return err
	}
	cfg.Origins = append(loopbackOrigins, c.Listen.Origins...)
	if cfg.Site, err = openSite(c, cfg.Origins, log); err != nil {
		return err
	}
	cfg.Hosts = []string{"localhost", "*.localhost"}
	for _, a := range []listenAddress{o.https, o.http} {
		if a.host() != "" && !slices.Contains(cfg.Hosts, a.host()) {
			cfg.Hosts = append(cfg.Hosts, a.host())
		}
	}
	var ca *certs.CA
	cfg.MQTTIfFree = true
	if o.https == "" {
		cfg.MQTTS = "" // it has the same certificate
	}
	if o.https != "" {
		if ca, err = openCA(o.caDir); err != nil {
			return err
		}
		ca.Log = cfg.Log
		cfg.TLS = ca.TLSConfig()
	}
	srv, err := server.Listen(ctx, cfg)
	if err != nil {
		return explainStart(o, err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve() }()
	announce(std, o, srv, ca, apiKey)

	select {
	case err := <-served:
		return fail(exitFailed, "the server has failed: %w", err)
	case <-ctx.Done():
	}
	fmt.Fprintln(std.out, "\nStopping. Ctrl-C again ends at once.")
	bounded, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err = srv.Shutdown(bounded, shutdownReason)
	<-served
	if err != nil {
		fmt.Fprintf(std.out, "Stopped. Some connections were dropped, because they did not close within %s.\n", shutdownTimeout)
		return nil
	}
	fmt.Fprintln(std.out, "Stopped. Every connection was closed.")
	return nil
}

// logHandler writes logs to stderr: for people on a terminal, else for programs, unless c says
// otherwise.
func logHandler(c config.Log, std streams) slog.Handler {
	var o slog.HandlerOptions
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(c.Level)); err == nil { // config has checked it
		o.Level = level
	}
	if c.Format == "text" || c.Format == "auto" && std.errTerminal {
		return slog.NewTextHandler(std.err, &o)
	}
	return slog.NewJSONHandler(std.err, &o)
}

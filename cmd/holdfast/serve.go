package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/protocol"
)

func newServe(std streams) *cobra.Command {
	var file, data string
	var nodes *clusterFlags
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Serve in production, over TLS",
		Long: `Serve channels in production: over TLS, with certificates from files or from an
authority (ACME), or behind a proxy that ends TLS. There is no chat unless listen.chat
asks for it. SIGHUP looks at once whether certificates have changed; SIGTERM stops.`,
		Example:               "  holdfast serve --config /etc/holdfast.yaml",
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := map[string]any{}
			if cmd.Flags().Changed("data") {
				given["data.dir"] = data
			}
			nodes.given(cmd.Flags(), given)
			c, err := config.Load(config.Options{File: file, Environ: os.Environ(), Flags: given, Production: true})
			if err != nil {
				return fail(exitFiles, "%w", err)
			}
			rules, err := rulesOf(c)
			if err != nil {
				return fail(exitFiles, "%w", err)
			}
			if err := checkSecure(c, std); err != nil {
				return err
			}
			ctx, release := untilStopped(context.Background())
			defer release()
			return serve(ctx, c, rules, std)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&file, "config", "", "read the configuration in `FILE`; variables take precedence")
	flags.StringVar(&data, "data", "", "keep data in `DIR` (default your data directory)")
	nodes = addClusterFlags(flags)
	return cmd
}

// serve serves until ctx ends.
func serve(ctx context.Context, c *config.Config, rules *policy.Rules, std streams) error {
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
	vouched, err := authOf(c)
	if err != nil {
		return fail(exitFiles, "%w", err)
	}
	cfg, err := serverConfigOf(c, rules, vouched, dir, log)
	if err != nil {
		return err
	}
	if cfg.Site, err = openSite(c, cfg.Origins, log); err != nil {
		return err
	}
	cfg.NoChat, cfg.SecureOnly, cfg.HSTS = !c.Listen.Chat, true, c.TLS.HSTS

	var store *certs.Store // nil behind a proxy
	if c.Listen.HTTPS != "" {
		if store, err = openCertificates(&c.TLS, dir, log); err != nil {
			return err
		}
		cfg.TLS, cfg.Certs, cfg.Challenge = store.TLSConfig(), store, store.ServeChallenge
	}
	srv, err := server.Listen(ctx, cfg)
	if err != nil {
		return explainServe(c, err)
	}
	return runServer(ctx, srv, store, log)
}

// runServer answers requests and keeps certificates current until ctx ends.
func runServer(ctx context.Context, srv *server.Server, store *certs.Store, log *slog.Logger) error {
	served := make(chan error, 1)
	go func() { served <- srv.Serve() }()
	stop := keepCertificates(srv, store)
	defer stop()
	log.Info("serving", "https", addressOf(srv.HTTPSAddr()), "http", addressOf(srv.HTTPAddr()))
	tellManager(notifyReady, log)

	select {
	case err := <-served:
		return fail(exitFailed, "the server has failed: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping; a second signal ends at once")
	tellManager(notifyStopping, log)
	if err := srv.Drain(context.Background(), protocol.WhyShutdown); err != nil {
		log.Debug("clients are not moved", "error", err) // there is nowhere to go
	}
	bounded, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(bounded, shutdownReason)
	<-served
	if err != nil {
		log.Warn("stopped; some connections were dropped, because they did not close in time", "time", shutdownTimeout, "error", err)
		return nil
	}
	log.Info("stopped; every connection was closed")
	return nil
}

// tellManager tells the service manager how the server is. It serves all the same where that fails.
func tellManager(state string, log *slog.Logger) {
	if err := notifyManager(state); err != nil {
		log.Warn("the service manager could not be told", "state", state, "error", err)
	}
}

// keepCertificates keeps them current, and looks for changes at SIGHUP, until stop is called, which waits for the end
// of it.
func keepCertificates(srv *server.Server, store *certs.Store) (stop func()) {
	if store == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		store.Run(ctx, portsOf(srv))
	}()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		for range hangups {
			store.Reload()
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		cancel()
		<-looked
		<-done
	}
}

// portsOf returns where an ACME authority's questions arrive.
func portsOf(srv *server.Server) certs.Ports {
	var at certs.Ports
	if addr, ok := srv.HTTPAddr().(*net.TCPAddr); ok {
		at.HTTP = addr.Port
	}
	if addr, ok := srv.HTTPSAddr().(*net.TCPAddr); ok {
		at.HTTPS = addr.Port
		if !addr.IP.IsUnspecified() {
			at.Host = addr.IP.String()
		}
	}
	return at
}

func addressOf(a net.Addr) string {
	if a == nil {
		return "off"
	}
	return a.String()
}

package main

import (
	"log/slog"
	"net/http"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/site"
)

// openSite returns the handler of the site that is to be served at /, or nil. Pages of origins may show it in
// a frame.
func openSite(c *config.Config, origins []string, log *slog.Logger) (http.Handler, error) {
	if c.Serve.Static == "" {
		return nil, nil
	}
	s, err := site.New(site.Config{Dir: c.Serve.Static, Framers: origins, Log: log})
	if err != nil {
		return nil, fail(exitFiles, "cannot serve the site: %w; check serve.static", err)
	}
	return s, nil
}

package server

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/health"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
)

// meter answers with the metrics on a listener of its own, which is not for clients.
type meter struct {
	*telemetry.Telemetry
	listeners []net.Listener // none if nobody may ask
	web       http.Server
}

// bind listens on addr, which may be "".
func (m *meter) bind(addr string) (err error) {
	if addr != "" {
		m.listeners, err = listen(addr)
	}
	return err
}

// init describes s.
func (m *meter) init(s *Server) {
	m.Telemetry = telemetry.New()
	m.Gauge("holdfast_connections", "Connections of clients, on all edges.", func() float64 { return float64(s.clients.Count()) })
	if s.config.Certs != nil {
		m.Registerer().MustRegister(certMetrics{s.config.Certs})
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.HandleFunc(health.AlivePath, func(w http.ResponseWriter, r *http.Request) { s.canary.ready.ServeAlive(w, r) })
	mux.HandleFunc(health.ReadyPath, func(w http.ResponseWriter, r *http.Request) { s.canary.ready.ServeReady(w, r) })
	m.web = http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: metricsTimeout, MaxHeaderBytes: maxHeaderBytes}
}

// metricsTimeout is how long an answer may take.
const metricsTimeout = 30 * time.Second

// close ends the listeners and what is being answered.
func (m *meter) close() error {
	err := m.web.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt"
)

// MQTT says where devices connect that do not come by HTTP.
type MQTT struct {
	MQTT  string // address for MQTT over TCP; "" for none
	MQTTS string // address for MQTT over TLS, with the certificates of HTTPS; "" for none

	// MQTTIfFree does without an address that another program has.
	MQTTIfFree bool
}

// largestRetained returns the size of the largest message that MQTT may want kept; 0 if there is no MQTT but at /mqtt, which
// keeps messages in memory if there is no log.
func (c *Config) largestRetained() int {
	if c.MQTT.MQTT == "" && c.MQTTS == "" {
		return 0
	}
	return int(min(c.MaxMessageBytes, broker.MostMessageBytes))
}

const (
	mqttSessionLogName  = "//mqtt-sessions" // which are no patterns, so that no rule has them
	mqttRetainedLogName = "//mqtt-retained"
	mqttSharesLogName   = "//mqtt-shares"
)

// openMQTT returns the edge, which keeps sessions and retained messages in logs if there are logs.
func (s *Server) openMQTT(ctx context.Context, d *door.Door) (*mqtt.Handler, error) {
	c := mqtt.Config{
		Door:            d,
		MaxMessageBytes: s.config.MaxMessageBytes,
		SendQueueBytes:  s.config.SendQueueBytes,
		Presence:        s.presence,
		Cluster:         s.cluster,
		Log:             s.config.Log,
	}
	if logs := s.store.logs; logs != nil {
		sessions, err := logs.Log(ctx, mqttSessionLogName, broker.Retention{Count: 1, Age: mqtt.RecordAge})
		if err != nil {
			return nil, err
		}
		shares, err := logs.Log(ctx, mqttSharesLogName, broker.Retention{Count: 1, Age: mqtt.RecordAge})
		if err != nil {
			return nil, err
		}
		retained, err := logs.Log(ctx, mqttRetainedLogName, broker.Retention{Count: 1})
		if err != nil {
			return nil, err
		}
		c.Sessions, c.Shares, c.Retained = sessions, shares, retained
	}
	return mqtt.New(ctx, s.store.channels, c)
}

// mqttPorts are the listeners of MQTT.
type mqttPorts struct {
	plain, secure []net.Listener
}

// bind listens on the addresses of c.
func (p *mqttPorts) bind(c *Config) (err error) {
	if p.plain, err = c.listenMQTT(c.MQTT.MQTT); err != nil {
		return err
	}
	p.secure, err = c.listenMQTT(c.MQTTS)
	return err
}

func (c *Config) listenMQTT(addr string) ([]net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	ls, err := listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) && c.MQTTIfFree {
		c.Log.Warn("MQTT is not served there: another program has the port", "address", addr)
		return nil, nil
	}
	return ls, err
}

func (p *mqttPorts) close() {
	closeAll(p.plain)
	closeAll(p.secure)
}

// MQTTAddr returns the address that MQTT is served on over TCP, or nil.
func (s *Server) MQTTAddr() net.Addr { return firstAddr(s.ports.plain) }

// MQTTSAddr returns the address that MQTT is served on over TLS, or nil.
func (s *Server) MQTTSAddr() net.Addr { return firstAddr(s.ports.secure) }

// serveMQTT takes the connections of a listener until it is closed.
func (s *Server) serveMQTT(l net.Listener, secure *tls.Config) error {
	err := s.mqtt.Serve(l, secure, func(nc net.Conn) netip.Addr { return s.clientOf(l, nc) })
	if errors.Is(err, net.ErrClosed) {
		return http.ErrServerClosed
	}
	return err
}

// clientOf returns the address of a connection's client: that of the connection, or the one in its PROXY header.
func (s *Server) clientOf(l net.Listener, nc net.Conn) netip.Addr {
	if a, ok := l.(*announced); ok {
		if client, ok := a.clients.LoadAndDelete(innermost(nc)); ok {
			return client.(netip.AddrPort).Addr().Unmap()
		}
	}
	return peerOf(nc.RemoteAddr()).Addr()
}

package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	reloadInterval = 5 * time.Second // between looks at the files
	stapleInterval = time.Minute     // between looks at what is stapled
	expiryInterval = time.Hour       // between looks at when certificates end

	handshakesPerProcessor = 4 // by default
)

// Options says where the certificates of a server come from: Pairs or ACME.
type Options struct {
	Pairs []PairFiles
	ACME  *ACMEOptions

	ClientAuth tls.ClientAuthType // whether clients show certificates, verified: NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert
	ClientCA   string             // file of the authorities that vouch for them

	Handshakes     int // how many may sign at the same time; 0 is 4 for each processor
	HandshakeQueue int // how many more may wait; another one fails with ErrBusy

	Log *slog.Logger
}

// Store is the certificates of a server. Its methods may be called concurrently.
type Store struct {
	log     *slog.Logger
	http    *http.Client // asks OCSP responders
	gate    *gate
	acme    *acme    // nil for files
	clients *clients // nil if clients are not asked
	config  *tls.Config

	certs atomic.Pointer[table] // what handshakes are answered with; nil for ACME

	mu    sync.Mutex // guards what follows
	pairs []*pair    // the list itself is immutable
}

// Open loads what there is in files. The error says which file can't be used, why, and what to do. Without Run,
// nothing is loaded again, and there is nothing from ACME.
func Open(o Options) (*Store, error) {
	s := &Store{
		log:  o.Log,
		http: &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}},
		gate: newGate(cmp.Or(o.Handshakes, handshakesPerProcessor*runtime.GOMAXPROCS(0)), o.HandshakeQueue),
	}
	for _, files := range o.Pairs {
		p, err := openPair(files)
		if err != nil {
			return nil, err
		}
		s.pairs = append(s.pairs, p)
	}
	s.config = modern()
	s.config.GetCertificate = s.certificate
	switch {
	case len(s.pairs) > 0:
		s.publish()
	case o.ACME != nil:
		s.acme = newACME(*o.ACME, o.Log)
		s.config.NextProtos = []string{challengeProtocol}
	default:
		return nil, errors.New("there is no certificate; name files, or an ACME authority")
	}
	if o.ClientAuth != tls.NoClientCert {
		var err error
		if s.clients, err = openClients(o.ClientAuth, o.ClientCA, s.config.Clone()); err != nil {
			return nil, err
		}
		s.config.GetConfigForClient = s.clients.configFor
	}
	return s, nil
}

// TLSConfig returns the configuration of a server, which always answers with what is current. NextProtos
// holds the protocol of ACME's challenge if that is used, and no others: the HTTP server says which it speaks,
// for what GetConfigForClient returns, too. It must not be changed; Clone it.
func (s *Store) TLSConfig() *tls.Config { return s.config }

// certificate implements [tls.Config.GetCertificate].
func (s *Store) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.acme != nil {
		cert, err := s.acme.certificate(hello)
		if err != nil {
			return nil, err
		}
		return s.gate.guard(cert), nil
	}
	return s.gate.guard(s.certs.Load().find(hello)), nil
}

// Run keeps everything current until ctx ends: certificates and authorities that change in their files, staples,
// and what comes from ACME. at is where the server listens, which it must do already.
func (s *Store) Run(ctx context.Context, at Ports) {
	var running sync.WaitGroup
	running.Go(func() { s.runLooks(ctx) })
	if len(s.pairs) > 0 {
		running.Go(func() { s.runStapling(ctx) })
	}
	if s.acme != nil {
		running.Go(func() { s.acme.run(ctx, at) })
	}
	running.Wait()
}

// runLooks looks at the files, and at when certificates end.
func (s *Store) runLooks(ctx context.Context) {
	ends := expiry{log: s.log}
	tick := time.NewTicker(reloadInterval)
	defer tick.Stop()
	var checked time.Time
	for {
		s.Reload()
		if now := time.Now(); now.Sub(checked) >= expiryInterval {
			checked = now
			for _, c := range s.all() {
				ends.check(c.cert.Leaf, c.source, now)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Store) runStapling(ctx context.Context) {
	tick := time.NewTicker(stapleInterval)
	defer tick.Stop()
	for {
		s.restaple(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Reload looks at the files now. What is broken leaves the old in use, and is logged once. Connections that are
// open keep what they began with.
func (s *Store) Reload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	for _, p := range s.pairs {
		fresh, err := p.reload(time.Now())
		if err != nil {
			s.log.Error("cannot use the changed certificate; the old one stays in use; put it right, and it is taken at once",
				"error", err, "files", p.files.paths(), "names", names(p.cert.Leaf), "until", p.cert.Leaf.NotAfter)
		}
		if fresh {
			changed = true
			s.log.Info("took the new certificate", "files", p.files.paths(), "names", names(p.cert.Leaf), "until", p.cert.Leaf.NotAfter)
		}
	}
	if changed {
		s.publish()
	}
	if s.clients == nil {
		return
	}
	if fresh, err := s.clients.reload(); err != nil {
		s.log.Error("cannot use the changed authorities for clients' certificates; the old ones stay in use; put the file right, and it is taken at once", "error", err)
	} else if fresh {
		s.log.Info("took the new authorities for clients' certificates", "file", s.clients.watch.paths[0])
	}
}

// publish lets handshakes see the certificates and their staples. The lock is held, or nobody else knows s yet.
func (s *Store) publish() {
	certs := make([]*tls.Certificate, len(s.pairs))
	for i, p := range s.pairs {
		cert := *p.cert
		cert.OCSPStaple = p.staple.response
		certs[i] = &cert
	}
	s.certs.Store(newTable(certs))
}

// held is a certificate that handshakes are answered with.
type held struct {
	cert   *tls.Certificate
	source string
}

func (s *Store) all() []held {
	if s.acme != nil {
		return s.acme.all()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]held, len(s.pairs))
	for i, p := range s.pairs {
		all[i] = held{p.cert, p.files.Cert}
	}
	return all
}

// Certificates returns the certificates that are in use now, for metrics and status pages.
func (s *Store) Certificates() []Info {
	var all []Info
	for _, c := range s.all() {
		all = append(all, Info{Names: names(c.cert.Leaf), NotAfter: c.cert.Leaf.NotAfter, Source: c.source})
	}
	return all
}

// Handshakes returns how many handshakes use a key now or wait for that, and how many have failed because too many
// did.
func (s *Store) Handshakes() (now int, refused uint64) {
	return int(s.gate.waiting.Load()), s.gate.refused.Load()
}

// ServeChallenge answers r if it is an authority's question whether a name is ours (ACME's HTTP-01), and reports
// whether it was.
func (s *Store) ServeChallenge(w http.ResponseWriter, r *http.Request) bool {
	return s.acme != nil && s.acme.serveChallenge(w, r)
}

package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/smallstep/truststore"
)

// fakeStore stands in for the operating system's store, which tests must not touch.
type fakeStore struct {
	certs []*x509.Certificate
	deaf  bool  // says that it did what it was asked, but did not
	err   error // of every change
}

func (s *fakeStore) contains(cert *x509.Certificate) bool {
	return slices.ContainsFunc(s.certs, cert.Equal)
}

func (s *fakeStore) install(cert *x509.Certificate) error {
	if s.err == nil && !s.deaf {
		s.certs = append(s.certs, cert)
	}
	return s.err
}

func (s *fakeStore) uninstall(cert *x509.Certificate) error {
	if s.err == nil && !s.deaf {
		s.certs = slices.DeleteFunc(s.certs, cert.Equal)
	}
	return s.err
}

// fakeMachine is a Linux machine with an empty home and no certutil.
func fakeMachine(t *testing.T) (*machine, *fakeStore) {
	home, store := t.TempDir(), &fakeStore{}
	return &machine{
		goos:     "linux",
		home:     home,
		dataHome: filepath.Join(home, ".local", "share"),
		confHome: filepath.Join(home, ".config"),
		system:   store,
		lookPath: func(string) (string, error) { return "", exec.ErrNotFound },
		run: func(_ context.Context, program string, args ...string) ([]byte, error) {
			t.Errorf("%s %v was run", program, args)
			return nil, exec.ErrNotFound
		},
	}, store
}

func outcomes(reports []StoreReport) []Outcome {
	var all []Outcome
	for _, report := range reports {
		all = append(all, report.Outcome)
	}
	return all
}

func TestTheSystemsStoreIsChangedOnce(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	m, store := fakeMachine(t)
	system := []StoreKind{SystemStore}
	for _, step := range []struct {
		do   func(context.Context, *Root, []StoreKind) []StoreReport
		want string
	}{
		{m.untrust, "system: not there"},
		{m.trust, "system: installed"},
		{m.trust, "system: already there"},
		{m.untrust, "system: removed"},
		{m.untrust, "system: not there"},
	} {
		reports := step.do(t.Context(), ca.Root, system)
		if len(reports) != 1 || reports[0].String() != step.want || reports[0].Kind != SystemStore {
			t.Errorf("the report is %v; want %q", reports, step.want)
		}
	}
	if len(store.certs) != 0 {
		t.Errorf("the store still holds %d certificates", len(store.certs))
	}
}

func TestAStoreThatCannotBeChangedIsReportedWithTheStepByHand(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	for _, goos := range []struct{ name, trust, untrust string }{
		{"linux", ca.CertFile(), ca.cert.SerialNumber.String()},
		{"darwin", "sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain " + ca.CertFile(), "sudo security remove-trusted-cert -d " + ca.CertFile()},
		{"windows", `certutil -user -addstore Root "` + ca.CertFile() + `"`, "certutil -user -delstore Root " + ca.cert.SerialNumber.Text(16)},
	} {
		m, store := fakeMachine(t)
		m.goos, store.err = goos.name, errors.New("no permission")
		report := m.trustSystem(ca.Root)
		if report.Outcome != Failed || !errors.Is(report.Err, store.err) || !strings.Contains(report.Manual, goos.trust) {
			t.Errorf("on %s the report is\n%v\nwant a step with %q", goos.name, report, goos.trust)
		}
		store.certs = []*x509.Certificate{ca.cert}
		report = m.untrustSystem(ca.Root)
		if report.Outcome != Failed || !errors.Is(report.Err, store.err) || !strings.Contains(report.Manual, goos.untrust) {
			t.Errorf("on %s the report is\n%v\nwant a step with %q", goos.name, report, goos.untrust)
		}
	}
}

func TestAStoreThatOnlySaysItChangedIsNotBelieved(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	m, store := fakeMachine(t)
	store.deaf = true
	if report := m.trustSystem(ca.Root); report.Outcome != Failed || report.Manual == "" {
		t.Errorf("the report is %v", report)
	}
	store.certs = []*x509.Certificate{ca.cert}
	if report := m.untrustSystem(ca.Root); report.Outcome != Failed || report.Manual == "" {
		t.Errorf("the report is %v", report)
	}
}

func TestAFailedProgramIsReportedWithWhatItSaid(t *testing.T) {
	cause := errors.New("exit status 1")
	failed := truststore.NewCmdError(cause, exec.Command("tee"),
		[]byte("tee: trying\ntee: /etc/x: Permission denied\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	if got, want := explain(failed).Error(), "failed to execute tee: exit status 1 (tee: /etc/x: Permission denied)"; got != want {
		t.Errorf("the error is %q; want %q", got, want)
	}
	if err := explain(cause); err != cause {
		t.Errorf("another error becomes %v", err)
	}
	if err := explain(nil); err != nil {
		t.Errorf("success becomes %v", err)
	}
}

func TestOnlyTheAskedKindsOfStoreAreTouched(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	for _, test := range []struct {
		kinds []StoreKind
		want  []Outcome
	}{
		{nil, []Outcome{Installed, Failed}}, // no certutil
		{[]StoreKind{SystemStore}, []Outcome{Installed}},
		{[]StoreKind{NSSStore}, []Outcome{Failed}},
		{[]StoreKind{NSSStore, SystemStore}, []Outcome{Installed, Failed}},
	} {
		m, _ := fakeMachine(t)
		if got := outcomes(m.trust(t.Context(), ca.Root, test.kinds)); !slices.Equal(got, test.want) {
			t.Errorf("with the kinds %v the outcomes are %v; want %v", test.kinds, got, test.want)
		}
	}
}

func TestABundleIsSearchedForTheVeryCertificate(t *testing.T) {
	first, second, third := mustOpen(t, t.TempDir()), mustOpen(t, t.TempDir()), mustOpen(t, t.TempDir())
	bundle := slices.Concat([]byte("# authorities\n"), encodeCert(first.cert.Raw), encodeCert(second.cert.Raw))
	for _, test := range []struct {
		ca   *CA
		want bool
	}{{first, true}, {second, true}, {third, false}} {
		if got := bundleContains(bundle, test.ca.cert); got != test.want {
			t.Errorf("the bundle contains the certificate: %t; want %t", got, test.want)
		}
	}
}

func TestCommandsForPeopleAreQuoted(t *testing.T) {
	for _, test := range []struct{ goos, arg, want string }{
		{"linux", "/home/a/.config/ca.pem", "/home/a/.config/ca.pem"},
		{"darwin", "/Users/a/Library/Application Support/ca.pem", "'/Users/a/Library/Application Support/ca.pem'"},
		{"linux", "it's", `'it'\''s'`},
		{"linux", "$(reboot)", "'$(reboot)'"},
		{"linux", "", "''"},
		{"windows", `C:\Users\a b\ca.pem`, `"C:\Users\a b\ca.pem"`},
	} {
		m := &machine{goos: test.goos}
		if got := m.shell(test.arg); got != test.want {
			t.Errorf("on %s %q becomes %s; want %s", test.goos, test.arg, got, test.want)
		}
	}
}

func TestThisMachinesFoldersFollowTheEnvironment(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("XDG_DATA_HOME", filepath.Join(home, "data"))
	t.Setenv("XDG_CONFIG_HOME", "relative, so to be ignored")
	m := thisMachine()
	if m.home != home || m.dataHome != filepath.Join(home, "data") || m.confHome != filepath.Join(home, ".config") {
		t.Errorf("the folders are %s, %s and %s", m.home, m.dataHome, m.confHome)
	}
}

func TestTrustedAsksTheSystem(t *testing.T) {
	if mustOpen(t, t.TempDir()).Trusted() {
		t.Error("the system trusts an authority that was made just now")
	}
}

func makeDatabase(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cert9.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

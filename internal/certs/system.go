package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/smallstep/truststore"
)

// systemStore is the operating system's store of trusted authorities.
type systemStore interface {
	contains(*x509.Certificate) bool
	install(*x509.Certificate) error
	uninstall(*x509.Certificate) error
}

const systemName = "system"

func (m *machine) trustSystem(r *Root) StoreReport {
	report := StoreReport{Kind: SystemStore, Store: systemName, Outcome: AlreadyThere}
	if m.system.contains(r.cert) {
		return report
	}
	err := m.system.install(r.cert)
	if err == nil && !m.system.contains(r.cert) {
		err = errors.New("the system reported success, but does not list the certificate among those it trusts")
	}
	if err != nil {
		report.Outcome, report.Err, report.Manual = Failed, err, m.manualTrust(r.CertFile())
		return report
	}
	report.Outcome = Installed
	return report
}

func (m *machine) untrustSystem(r *Root) StoreReport {
	report := StoreReport{Kind: SystemStore, Store: systemName, Outcome: NotThere}
	if !m.system.contains(r.cert) {
		return report
	}
	err := m.system.uninstall(r.cert)
	if err == nil && m.system.contains(r.cert) {
		err = errors.New("the system still lists the certificate among those it trusts; it was not put there by this command")
	}
	if err != nil {
		report.Outcome, report.Err, report.Manual = Failed, err, m.manualUntrust(r)
		return report
	}
	report.Outcome = Removed
	return report
}

// anchors is where the Linux families keep the authorities that an administrator adds. The first
// folder that exists says which family this is.
var anchors = []struct{ folder, ending, refresh string }{
	{"/etc/pki/ca-trust/source/anchors", "pem", "update-ca-trust extract"},       // Fedora, RHEL
	{"/usr/local/share/ca-certificates", "crt", "update-ca-certificates"},        // Debian, Ubuntu, Alpine
	{"/usr/share/pki/trust/anchors", "crt", "update-ca-certificates"},            // openSUSE
	{"/etc/ca-certificates/trust-source/anchors", "crt", "trust extract-compat"}, // Arch
}

const anchorName = "holdfast-development-ca"

// manualTrust returns the command that makes the system trust a certificate.
func (m *machine) manualTrust(file string) string {
	file = m.shell(file)
	switch m.goos {
	case "darwin":
		return "sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain " + file
	case "windows":
		return "certutil -user -addstore Root " + file
	}
	for _, a := range anchors {
		if isFolder(a.folder) {
			return fmt.Sprintf("sudo install -m 644 %s %s/%s.%s && sudo %s", file, a.folder, anchorName, a.ending, a.refresh)
		}
	}
	return "add " + file + " to the authorities that your system trusts, as its manual says"
}

// manualUntrust returns the command that reverses Trust. The files' names on Linux are those of
// manualTrust or of the truststore library, which both contain what the pattern asks for.
func (m *machine) manualUntrust(r *Root) string {
	switch m.goos {
	case "darwin":
		return "sudo security remove-trusted-cert -d " + m.shell(r.CertFile())
	case "windows":
		return fmt.Sprintf("certutil -user -delstore Root %x", r.cert.SerialNumber)
	}
	for _, a := range anchors {
		if isFolder(a.folder) {
			return fmt.Sprintf("sudo rm -f %s/%s.%s %s/*%s.%s && sudo %s",
				a.folder, anchorName, a.ending, a.folder, r.cert.SerialNumber, a.ending, a.refresh)
		}
	}
	return "take the certificate " + m.shell(r.cert.Subject.CommonName) + " out of those that your system trusts, as its manual says"
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// osStore is the store of this operating system. The truststore library knows how each is changed;
// it runs sudo where needed, which asks for its password on the terminal.
type osStore struct{}

func (osStore) install(cert *x509.Certificate) error { return explain(truststore.Install(cert)) }

// uninstall leaves two traces on Debian, because its update-ca-certificates does not look for local
// certificates that are gone: dangling links in /etc/ssl/certs until the store changes again, and, if
// Java is installed, the copy in Java's own store.
func (osStore) uninstall(cert *x509.Certificate) error { return explain(truststore.Uninstall(cert)) }

// explain adds what a failed program printed last, which the library's error leaves out. On Linux
// that program is often tee, which prints the certificate too even if it cannot store it.
func explain(err error) error {
	var failed *truststore.CmdError
	if !errors.As(err, &failed) {
		return err
	}
	output, _, _ := bytes.Cut(failed.Out(), []byte("-----BEGIN "+certBlock))
	return withLastLine(err, output)
}

// withLastLine adds to an error the last line of what a program printed.
func withLastLine(err error, output []byte) error {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return fmt.Errorf("%w (%s)", err, last)
	}
	return err
}

// bundles is where the Unix families keep all trusted authorities in one PEM file, for programs to
// read. The first that exists is this system's.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
	"/etc/pki/tls/certs/ca-bundle.crt",                  // older Fedora, RHEL
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/ssl/cert.pem",                                 // the BSDs
}

// contains looks into the system's bundle itself, because crypto/x509 reads it only once in the life
// of a process; on macOS and Windows it asks the system's verifier.
func (osStore) contains(cert *x509.Certificate) bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		_, err := cert.Verify(x509.VerifyOptions{})
		return err == nil
	}
	for _, file := range bundles {
		if content, err := os.ReadFile(file); err == nil {
			return bundleContains(content, cert)
		}
	}
	return false
}

func bundleContains(bundle []byte, cert *x509.Certificate) bool {
	for {
		block, rest := pem.Decode(bundle)
		if block == nil {
			return false
		}
		if bytes.Equal(block.Bytes, cert.Raw) {
			return true
		}
		bundle = rest
	}
}

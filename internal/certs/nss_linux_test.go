package certs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// realCertutil makes a machine run the certutil of this one, on the databases of its own home.
func realCertutil(t *testing.T, m *machine) string {
	t.Helper()
	certutil, err := exec.LookPath("certutil")
	if err != nil {
		t.Fatal("this test runs NSS's certutil; install it: sudo apt install libnss3-tools, or sudo dnf install nss-tools")
	}
	m.lookPath, m.run = exec.LookPath, thisMachine().run
	return certutil
}

func TestABrowsersDatabaseIsMadeAndChangedOnce(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	m, _ := fakeMachine(t)
	realCertutil(t, m)
	nss := []StoreKind{NSSStore}
	dir := filepath.Join(m.home, ".pki", "nssdb")
	step := func(reports []StoreReport, want Outcome) {
		t.Helper()
		if len(reports) != 1 || reports[0].Outcome != want || reports[0].Store != "Chromium, Chrome and relatives ("+dir+")" {
			t.Fatalf("the reports are %v; want one that says %q", reports, want)
		}
	}
	step(m.untrust(t.Context(), ca.Root, nss), NotThere)
	if _, err := os.Stat(dir); err == nil {
		t.Error("a database was made only to remove from it")
	}
	step(m.trust(t.Context(), ca.Root, nss), Installed)
	step(m.trust(t.Context(), ca.Root, nss), AlreadyThere)
	step(m.untrust(t.Context(), ca.Root, nss), Removed)
	step(m.untrust(t.Context(), ca.Root, nss), NotThere)
}

func TestACertificateThatIsThereWithoutTrustIsTrustedAgain(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	m, _ := fakeMachine(t)
	certutil := realCertutil(t, m)
	dir := filepath.Join(m.home, ".pki", "nssdb")
	db := nssDatabase{browser: chromium, dir: dir}
	if report := m.trust(t.Context(), ca.Root, []StoreKind{NSSStore}); report[0].Outcome != Installed {
		t.Fatal(report)
	}
	if !m.databaseTrusts(t.Context(), certutil, ca.Root, db) {
		t.Error("the database does not trust the certificate after it was installed")
	}
	if output, err := exec.Command(certutil, "-M", "-d", "sql:"+dir, "-t", ",,", "-n", ca.nickname()).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if m.databaseTrusts(t.Context(), certutil, ca.Root, db) {
		t.Error("a certificate without trust counts as trusted")
	}
	if report := m.trust(t.Context(), ca.Root, []StoreKind{NSSStore}); report[0].Outcome != Installed || !m.databaseTrusts(t.Context(), certutil, ca.Root, db) {
		t.Errorf("the report is %v", report)
	}
}

func TestTwoAuthoritiesOfOneUserDoNotGetInEachOthersWay(t *testing.T) {
	first, second := mustOpen(t, t.TempDir()), mustOpen(t, t.TempDir())
	m, _ := fakeMachine(t)
	realCertutil(t, m)
	nss := []StoreKind{NSSStore}
	for _, ca := range []*CA{first, second} {
		if report := m.trust(t.Context(), ca.Root, nss); report[0].Outcome != Installed {
			t.Fatal(report)
		}
	}
	if report := m.untrust(t.Context(), first.Root, nss); report[0].Outcome != Removed {
		t.Error(report)
	}
	if report := m.trust(t.Context(), second.Root, nss); report[0].Outcome != AlreadyThere {
		t.Error(report)
	}
}

func TestADatabaseWithAPasswordIsReportedInsteadOfWaitedFor(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	m, _ := fakeMachine(t)
	certutil := realCertutil(t, m)
	dir := filepath.Join(m.home, ".pki", "nssdb")
	password := filepath.Join(m.home, "password")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(password, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(certutil, "-N", "-d", "sql:"+dir, "-f", password).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	reports := m.trust(t.Context(), ca.Root, []StoreKind{NSSStore})
	if len(reports) != 1 || reports[0].Outcome != Failed || !strings.Contains(reports[0].Manual, "certutil -A -d sql:"+dir) {
		t.Errorf("the reports are %v", reports)
	}
}

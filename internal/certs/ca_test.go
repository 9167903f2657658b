package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// openAndPrint names a folder in the environment of a child process: this test binary, which then
// opens the authority there, prints its certificate and ends.
const openAndPrint = "HOLDFAST_TEST_OPEN_CA"

func TestMain(m *testing.M) {
	if dir := os.Getenv(openAndPrint); dir != "" {
		ca, err := OpenCA(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = os.Stdout.Write(encodeCert(ca.cert.Raw))
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func mustOpen(t *testing.T, dir string) *CA {
	t.Helper()
	ca, err := OpenCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func TestOpenCACreatesFilesThatOthersCannotMisuse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "config", "ca")
	ca := mustOpen(t, dir)
	if keepsModes {
		for name, want := range map[string]fs.FileMode{".": 0o700, keyFile: 0o600, leafFile: 0o600, certFile: 0o644} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s has mode %04o; want %04o", name, got, want)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 {
		t.Errorf("the folder holds %v; want the three files alone", entries)
	}
	if want := filepath.Join(dir, certFile); ca.CertFile() != want {
		t.Errorf("CertFile says %s; want %s", ca.CertFile(), want)
	}
	if life := ca.cert.NotAfter.Sub(ca.cert.NotBefore); life < 9*365*24*time.Hour || life > 11*365*24*time.Hour {
		t.Errorf("the authority lives %v; want about ten years", life)
	}
	if name := ca.cert.Subject.CommonName; !strings.HasPrefix(name, "Holdfast development CA ") || len(name) > 64 {
		t.Errorf("the authority is called %q", name)
	}
}

func TestOpenCATakesARelativeFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	ca := mustOpen(t, "ca")
	if !filepath.IsAbs(ca.CertFile()) {
		t.Errorf("CertFile says %s; a user elsewhere could not find that", ca.CertFile())
	}
}

func TestOpenCALoadsTheAuthorityThatIsThere(t *testing.T) {
	dir := t.TempDir()
	if first, second := mustOpen(t, dir), mustOpen(t, dir); !first.cert.Equal(second.cert) {
		t.Error("the second start made another authority")
	}
}

func TestOpenCAFinishesAnAuthorityWhoseMakerWasKilledHalfWay(t *testing.T) {
	dir := t.TempDir()
	first := mustOpen(t, dir)
	if err := os.Remove(first.CertFile()); err != nil {
		t.Fatal(err)
	}
	second := mustOpen(t, dir)
	if !first.cert.Equal(second.cert) {
		t.Error("the second start made another authority")
	}
	if root, err := LoadCA(dir); err != nil || !root.cert.Equal(first.cert) {
		t.Errorf("clients do not find the certificate: %v", err)
	}
}

func TestManyOpeningAtOnceGetOneAuthority(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	const openers = 16
	got := make([]*CA, openers)
	var group sync.WaitGroup
	for n := range openers {
		group.Go(func() {
			ca, err := OpenCA(dir)
			if err != nil {
				t.Error(err)
				return
			}
			got[n] = ca
		})
	}
	group.Wait()
	last := mustOpen(t, dir)
	for n, ca := range got {
		if ca == nil || !ca.cert.Equal(last.cert) {
			t.Errorf("opener %d has another authority than the one that stayed", n)
		}
	}
}

func TestManyProcessesOpeningAtOnceGetOneAuthority(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const processes = 6
	var outputs [processes][]byte
	var group sync.WaitGroup
	for n := range processes {
		group.Go(func() {
			child := exec.Command(program)
			child.Env = append(os.Environ(), openAndPrint+"="+dir)
			output, err := child.CombinedOutput()
			if err != nil {
				t.Errorf("process %d: %v: %s", n, err, output)
			}
			outputs[n] = output
		})
	}
	group.Wait()
	want := string(encodeCert(mustOpen(t, dir).cert.Raw))
	for n, output := range outputs {
		if string(output) != want {
			t.Errorf("process %d has another authority than the one that stayed:\n%s", n, output)
		}
	}
}

func TestTheAuthorityVouchesForThisMachineAlone(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	for _, test := range []struct {
		host string
		fine bool
	}{
		{"localhost", true},
		{"app.localhost", true},
		{"127.0.0.1", true},
		{"127.8.9.10", true},
		{"::1", true},
		{"example.com", false},
		{"localhost.example.com", false},
		{"notlocalhost", false},
		{"128.0.0.1", false},
		{"192.168.1.1", false},
		{"::2", false},
	} {
		template := x509.Certificate{
			NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Minute),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		if ip := net.ParseIP(test.host); ip != nil {
			template.IPAddresses = []net.IP{ip}
		} else {
			template.DNSNames = []string{test.host}
		}
		cert, _ := sign(t, ca, template)
		_, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: test.host})
		if fine := err == nil; fine != test.fine {
			t.Errorf("a certificate of the authority for %s: %v; want it accepted: %t", test.host, err, test.fine)
		}
	}
	if !ca.cert.PermittedDNSDomainsCritical {
		t.Error("the name constraints are not critical: a client that does not know them would ignore them")
	}
}

func TestTheAuthorityCannotMakeAnother(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	now := time.Now()
	between, key := sign(t, ca, x509.Certificate{
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Minute),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	below := &CA{Root: &Root{cert: between}, key: key}
	leaf, _ := sign(t, below, x509.Certificate{
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Minute), DNSNames: []string{"localhost"},
	})
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(ca.cert)
	intermediates.AddCert(between)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: "localhost"})
	if err == nil {
		t.Error("a certificate of an authority below ours is accepted")
	}
}

// sign makes a key and a certificate for it from the template.
func sign(t *testing.T, ca *CA, template x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if template.SerialNumber, err = newSerial(); err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, ca.cert, key.Public(), ca.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestABrokenAuthorityIsRefusedAndLeftAlone(t *testing.T) {
	const remedy = `; delete ca.pem and ca-key.pem there, run holdfast again, and trust the new CA with "holdfast cert trust"`
	write := func(t *testing.T, dir, name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(t *testing.T, dir, name string) string {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for _, test := range []struct {
		name    string
		spoil   func(t *testing.T, dir string)
		problem string
	}{
		{"empty key file", func(t *testing.T, dir string) { write(t, dir, keyFile, "") },
			`is damaged: ca-key.pem holds no PEM block "PRIVATE KEY" where one should be`},
		{"cut key file", func(t *testing.T, dir string) {
			content := read(t, dir, keyFile)
			write(t, dir, keyFile, content[:strings.Index(content, "-----BEGIN CERT")+100])
		}, `is damaged: ca-key.pem holds no PEM block "CERTIFICATE" where one should be`},
		{"key that is none", func(t *testing.T, dir string) {
			write(t, dir, keyFile, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"+read(t, dir, certFile))
		}, `is damaged: ca-key.pem holds a key that does not parse`},
		{"certificate that is none", func(t *testing.T, dir string) { write(t, dir, certFile, "hello") },
			`is damaged: ca.pem holds no PEM block "CERTIFICATE" where one should be`},
		{"certificate that is none, in the key file", func(t *testing.T, dir string) {
			content := read(t, dir, keyFile)
			write(t, dir, keyFile, content[:strings.Index(content, "-----BEGIN CERT")]+"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
		}, `is damaged: its certificate does not parse (x509: malformed certificate)`},
		{"certificate for localhost in place of the authority's", func(t *testing.T, dir string) {
			write(t, dir, keyFile, read(t, dir, leafFile))
		}, `is damaged: its certificate is not one that signs itself (x509: invalid signature: parent certificate cannot sign this kind of certificate)`},
		{"certificate of another authority", func(t *testing.T, dir string) {
			write(t, dir, certFile, read(t, filepath.Dir(mustOpen(t, t.TempDir()).CertFile()), certFile))
		}, `is mixed up: ca.pem is not the certificate of the key in ca-key.pem`},
		{"key of another authority", func(t *testing.T, dir string) {
			other := read(t, filepath.Dir(mustOpen(t, t.TempDir()).CertFile()), keyFile)
			write(t, dir, keyFile, other[:strings.Index(other, "-----BEGIN CERT")]+read(t, dir, certFile))
		}, `is mixed up: the key and the certificate in ca-key.pem do not belong together`},
		{"lost key", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
				t.Fatal(err)
			}
		}, `has its certificate (ca.pem) but not its key (ca-key.pem)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			mustOpen(t, dir)
			test.spoil(t, dir)
			before := snapshot(t, dir)
			_, err := OpenCA(dir)
			if want := "the development CA in " + dir + " " + test.problem + remedy; err == nil || err.Error() != want {
				t.Errorf("OpenCA says\n  %v\nwant\n  %s", err, want)
			}
			if after := snapshot(t, dir); after != before {
				t.Errorf("OpenCA changed the folder from\n%s\nto\n%s", before, after)
			}
		})
	}
}

// snapshot returns the names and contents of a folder's files.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s: %s\n", path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAKeyThatOthersCanReadIsRefused(t *testing.T) {
	if !keepsModes {
		return // there are no modes to check
	}
	for _, mode := range []fs.FileMode{0o604, 0o640, 0o644, 0o620, 0o666} {
		dir := t.TempDir()
		mustOpen(t, dir)
		if err := os.Chmod(filepath.Join(dir, keyFile), mode); err != nil {
			t.Fatal(err)
		}
		_, err := OpenCA(dir)
		want := fmt.Sprintf(`the development CA in %s may have been stolen: other users can read its key (ca-key.pem has mode %04o instead of 0600); delete ca.pem and ca-key.pem there, run holdfast again, and trust the new CA with "holdfast cert trust"`, dir, mode)
		if err == nil || err.Error() != want {
			t.Errorf("OpenCA says\n  %v\nwant\n  %s", err, want)
		}
	}
}

func TestAnExpiredAuthorityIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		mustOpen(t, dir)
		time.Sleep(11 * 365 * 24 * time.Hour)
		want := "the development CA in " + dir + ` expired on 1 January 2010; delete ca.pem and ca-key.pem there, run holdfast again, and trust the new CA with "holdfast cert trust"`
		if _, err := OpenCA(dir); err == nil || err.Error() != want {
			t.Errorf("OpenCA says\n  %v\nwant\n  %s", err, want)
		}
		if _, err := LoadCA(dir); err == nil || err.Error() != want {
			t.Errorf("LoadCA says\n  %v\nwant\n  %s", err, want)
		}
	})
}

func TestAClockThatIsWrongIsBlamedInsteadOfTheAuthority(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir)
	synctest.Test(t, func(t *testing.T) { // in which it is the year 2000
		_, err := OpenCA(dir)
		if err == nil || !strings.HasSuffix(err.Error(), "but this machine's clock says 1 January 2000; set the clock") {
			t.Errorf("OpenCA says %v", err)
		}
	})
}

func TestAFolderThatCannotBeMadeIsAnErrorThatSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "ca")} {
		_, err := OpenCA(dir)
		var cause *fs.PathError
		if !errors.As(err, &cause) {
			t.Errorf("OpenCA(%s) = %v; want it to wrap the cause", dir, err)
			continue
		}
		want := "cannot use the folder " + dir + " for the development CA: " + cause.Error() +
			"; make it and its files yours to read and write, or name another with --ca-dir"
		if err.Error() != want {
			t.Errorf("OpenCA says\n  %v\nwant\n  %s", err, want)
		}
	}
	if err := folderFault("ca", &fs.PathError{Op: "open", Path: "ca", Err: fs.ErrPermission}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v does not wrap fs.ErrPermission", err)
	}
}

package certs

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// nssDatabase is a folder with a database of Mozilla's NSS library (cert9.db and its companions).
type nssDatabase struct {
	browser string // who reads it
	dir     string
	create  bool // it is not there yet; the browser will read it once it is
}

func (db nssDatabase) name() string { return fmt.Sprintf("%s (%s)", db.browser, db.dir) }

const chromium = "Chromium, Chrome and relatives"

// eachDatabase calls f with every database that a browser of this user reads.
//
// Chromium on Linux reads .pki/nssdb in the home folder if that folder exists, with or without a
// database in it, and only otherwise pki/nssdb in the data folder, where present versions create one
// (seen with version 156; older ones know the first place alone). So where neither exists, the first
// is created: every version reads it. Where only the second exists the first must not be created,
// for it would hide what the user keeps in the second. Firefox has a database in each profile;
// one without has never been started. On macOS and Windows Chromium uses the system's store.
func (m *machine) eachDatabase(f func(nssDatabase)) {
	if m.home == "" || m.goos == "windows" {
		return
	}
	if m.goos != "darwin" {
		shared := filepath.Join(m.home, ".pki", "nssdb")
		inData := filepath.Join(m.dataHome, "pki", "nssdb")
		if isFolder(shared) || !isFolder(inData) {
			f(nssDatabase{browser: chromium, dir: shared, create: !hasDatabase(shared)})
		}
		if isFolder(inData) {
			f(nssDatabase{browser: chromium, dir: inData, create: !hasDatabase(inData)})
		}
		eachDatabaseIn(m.home, chromium+", packaged", f,
			"snap/*/current/.pki/nssdb",
			"snap/*/current/.local/share/pki/nssdb",
			".var/app/*/.pki/nssdb",
			".var/app/*/data/pki/nssdb")
	}
	eachDatabaseIn(m.confHome, "Firefox", f, "mozilla/firefox/*")
	eachDatabaseIn(m.home, "Firefox", f,
		".mozilla/firefox/*",
		"snap/firefox/common/.mozilla/firefox/*",
		".var/app/org.mozilla.firefox/.mozilla/firefox/*",
		".var/app/org.mozilla.firefox/config/mozilla/firefox/*",
		"Library/Application Support/Firefox/Profiles/*")
}

// eachDatabaseIn calls f with every existing database at one of the patterns below root.
func eachDatabaseIn(root, browser string, f func(nssDatabase), patterns ...string) {
	for _, pattern := range patterns {
		folders, err := fs.Glob(os.DirFS(root), pattern)
		if err != nil {
			panic(fmt.Sprintf("certs: the pattern %q is malformed", pattern)) // they are constants
		}
		for _, folder := range folders {
			dir := filepath.Join(root, filepath.FromSlash(folder))
			if hasDatabase(dir) {
				f(nssDatabase{browser: browser, dir: dir})
			}
		}
	}
}

func hasDatabase(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cert9.db"))
	return err == nil
}

func (m *machine) trustDatabase(ctx context.Context, r *Root, db nssDatabase) StoreReport {
	return m.changeDatabase(r, db, m.manualTrustDatabase(r, db), func(certutil string) (Outcome, error) {
		if db.create {
			if err := os.MkdirAll(db.dir, 0o700); err != nil {
				return Failed, err
			}
			if err := m.certutil(ctx, certutil, "-N", "-d", "sql:"+db.dir, "--empty-password"); err != nil {
				return Failed, err
			}
		} else if m.databaseTrusts(ctx, certutil, r, db) {
			return AlreadyThere, nil
		}
		// C: trusted to vouch for servers; nothing for mail and code.
		return Installed, m.certutil(ctx, certutil, "-A", "-d", "sql:"+db.dir, "-f", os.DevNull, "-t", "C,,", "-n", r.nickname(), "-i", r.CertFile())
	})
}

func (m *machine) untrustDatabase(ctx context.Context, r *Root, db nssDatabase) StoreReport {
	if db.create {
		return StoreReport{Kind: NSSStore, Store: db.name(), Outcome: NotThere}
	}
	return m.changeDatabase(r, db, m.manualUntrustDatabase(r, db), func(certutil string) (Outcome, error) {
		if !m.databaseHas(ctx, certutil, r, db) {
			return NotThere, nil
		}
		return Removed, m.certutil(ctx, certutil, "-D", "-d", "sql:"+db.dir, "-f", os.DevNull, "-n", r.nickname())
	})
}

// changeDatabase reports what change made of a database, which it does not get to see without NSS's
// certutil.
func (m *machine) changeDatabase(r *Root, db nssDatabase, manual string, change func(certutil string) (Outcome, error)) StoreReport {
	report := StoreReport{Kind: NSSStore, Store: db.name()}
	certutil, err := m.lookPath("certutil")
	if err != nil {
		report.Outcome, report.Err, report.Manual = Failed, errors.New(`the program "certutil" is not installed`), m.manualWithoutCertutil(r)
		return report
	}
	report.Outcome, report.Err = change(certutil)
	if report.Err != nil {
		report.Outcome, report.Manual = Failed, manual
	}
	return report
}

// nickname is what the certificate is called in a database: unique, and without the colon that NSS
// takes for the end of a token's name.
func (r *Root) nickname() string {
	return fmt.Sprintf("%s %x", r.cert.Subject.CommonName, r.cert.SerialNumber)
}

// databaseHas says whether a database has the certificate under our name.
func (m *machine) databaseHas(ctx context.Context, certutil string, r *Root, db nssDatabase) bool {
	output, err := m.run(ctx, certutil, "-L", "-d", "sql:"+db.dir, "-n", r.nickname(), "-a")
	if err != nil {
		return false
	}
	block, _ := pem.Decode(output)
	return block != nil && bytes.Equal(block.Bytes, r.cert.Raw)
}

// databaseTrusts says whether a database has the certificate and takes it for an authority of servers.
func (m *machine) databaseTrusts(ctx context.Context, certutil string, r *Root, db nssDatabase) bool {
	return m.databaseHas(ctx, certutil, r, db) &&
		m.certutil(ctx, certutil, "-V", "-d", "sql:"+db.dir, "-u", "L", "-n", r.nickname()) == nil
}

// certutil runs NSS's certutil. A database may have a password; "-f" with an empty file makes the
// program fail then, instead of asking on the terminal and waiting.
func (m *machine) certutil(ctx context.Context, certutil string, args ...string) error {
	output, err := m.run(ctx, certutil, args...)
	if err != nil {
		return withLastLine(fmt.Errorf("certutil %s: %w", args[0], err), output)
	}
	return nil
}

func (m *machine) manualTrustDatabase(r *Root, db nssDatabase) string {
	return fmt.Sprintf("close the browser, then: certutil -A -d %s -t C,, -n %s -i %s",
		m.shell("sql:"+db.dir), m.shell(r.nickname()), m.shell(r.CertFile()))
}

func (m *machine) manualUntrustDatabase(r *Root, db nssDatabase) string {
	return fmt.Sprintf("close the browser, then: certutil -D -d %s -n %s",
		m.shell("sql:"+db.dir), m.shell(r.nickname()))
}

// manualWithoutCertutil says how to get certutil, and how to do without.
func (m *machine) manualWithoutCertutil(r *Root) string {
	install := "install it (Debian, Ubuntu: sudo apt install libnss3-tools; Fedora: sudo dnf install nss-tools; Arch: sudo pacman -S nss)"
	if m.goos == "darwin" {
		install = "install it (brew install nss; Firefox 120 and later need it only if they are told not to use the system's certificates)"
	}
	return install + " and run this again; or open the browser's own settings for certificates " +
		"(Chromium: chrome://certificate-manager, Firefox: about:preferences#privacy, View Certificates), and import or delete there " + m.shell(r.CertFile())
}

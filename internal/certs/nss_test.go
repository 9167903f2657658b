package certs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheDatabasesOfEveryBrowserAreFound(t *testing.T) {
	for _, test := range []struct {
		name      string
		goos      string
		databases []string // below the home folder
		folders   []string // without a database
		want      []string // what is found; "+" before those to be created
	}{
		{"no browser yet", "linux", nil, nil, []string{"+.pki/nssdb"}},
		{"the old place", "linux", []string{".pki/nssdb"}, nil, []string{".pki/nssdb"}},
		{"the old place, still empty", "linux", nil, []string{".pki/nssdb"}, []string{"+.pki/nssdb"}},
		{"the new place, which the old must not hide", "linux", []string{".local/share/pki/nssdb"}, nil,
			[]string{".local/share/pki/nssdb"}},
		{"both places", "linux", []string{".pki/nssdb", ".local/share/pki/nssdb"}, nil,
			[]string{".pki/nssdb", ".local/share/pki/nssdb"}},
		{"the old place empty, beside the new", "linux", []string{".local/share/pki/nssdb"}, []string{".pki/nssdb"},
			[]string{"+.pki/nssdb", ".local/share/pki/nssdb"}},
		{"Firefox", "linux", []string{".pki/nssdb", ".mozilla/firefox/abc.default-release", ".config/mozilla/firefox/def.default"},
			[]string{".mozilla/firefox/Crash Reports"},
			[]string{".pki/nssdb", ".config/mozilla/firefox/def.default", ".mozilla/firefox/abc.default-release"}},
		{"packaged browsers", "linux", []string{
			".pki/nssdb",
			"snap/chromium/current/.pki/nssdb",
			".var/app/org.chromium.Chromium/data/pki/nssdb",
			"snap/firefox/common/.mozilla/firefox/abc.default",
			".var/app/org.mozilla.firefox/.mozilla/firefox/def.default",
		}, nil, []string{
			".pki/nssdb",
			"snap/chromium/current/.pki/nssdb",
			".var/app/org.chromium.Chromium/data/pki/nssdb",
			"snap/firefox/common/.mozilla/firefox/abc.default",
			".var/app/org.mozilla.firefox/.mozilla/firefox/def.default",
		}},
		{"macOS", "darwin", []string{"Library/Application Support/Firefox/Profiles/abc.default"}, nil,
			[]string{"Library/Application Support/Firefox/Profiles/abc.default"}},
		{"Windows", "windows", []string{".pki/nssdb"}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, _ := fakeMachine(t)
			m.goos = test.goos
			for _, dir := range test.databases {
				makeDatabase(t, filepath.Join(m.home, dir))
			}
			for _, dir := range test.folders {
				if err := os.MkdirAll(filepath.Join(m.home, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			m.eachDatabase(func(db nssDatabase) {
				dir, err := filepath.Rel(m.home, db.dir)
				if err != nil {
					t.Fatal(err)
				}
				if db.create {
					dir = "+" + dir
				}
				got = append(got, filepath.ToSlash(dir))
			})
			if !slices.Equal(got, test.want) {
				t.Errorf("found %q; want %q", got, test.want)
			}
		})
	}
}

func TestNoDatabaseIsSoughtWithoutAHome(t *testing.T) {
	m, _ := fakeMachine(t)
	m.home = ""
	m.eachDatabase(func(db nssDatabase) { t.Errorf("found %s", db.dir) })
}

func TestWithoutCertutilTheReportSaysHowToGetIt(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	for _, test := range []struct{ goos, want string }{
		{"linux", "sudo apt install libnss3-tools"},
		{"darwin", "brew install nss"},
	} {
		m, _ := fakeMachine(t)
		m.goos = test.goos
		makeDatabase(t, filepath.Join(m.home, ".mozilla/firefox/abc.default"))
		reports := m.trust(t.Context(), ca.Root, []StoreKind{NSSStore})
		if len(reports) == 0 {
			t.Fatalf("on %s there is no report", test.goos)
		}
		for _, report := range reports {
			if report.Outcome != Failed || !strings.Contains(report.Err.Error(), "certutil") || !strings.Contains(report.Manual, test.want) ||
				!strings.Contains(report.Manual, ca.CertFile()) {
				t.Errorf("on %s the report is %v", test.goos, report)
			}
		}
		if hasDatabase(filepath.Join(m.home, ".pki/nssdb")) {
			t.Error("a database was made without certutil")
		}
	}
}

func TestAFailedCertutilIsReportedWithTheCommandByHand(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	m, _ := fakeMachine(t)
	dir := filepath.Join(m.home, ".pki", "nssdb")
	makeDatabase(t, dir)
	m.lookPath = func(string) (string, error) { return "certutil", nil }
	m.run = func(context.Context, string, ...string) ([]byte, error) {
		return []byte("certutil: function failed: SEC_ERROR_BAD_DATABASE: security library: bad database.\n"), errors.New("exit status 255")
	}
	reports := m.trust(t.Context(), ca.Root, []StoreKind{NSSStore})
	if len(reports) != 1 {
		t.Fatalf("the reports are %v", reports)
	}
	want := "Chromium, Chrome and relatives (" + dir + "): could not be changed: certutil -A: exit status 255 " +
		"(certutil: function failed: SEC_ERROR_BAD_DATABASE: security library: bad database.)\n" +
		"  by hand: close the browser, then: certutil -A -d sql:" + dir + " -t C,, -n '" + ca.nickname() + "' -i " + ca.CertFile()
	if got := reports[0].String(); got != want {
		t.Errorf("the report is\n%s\nwant\n%s", got, want)
	}
}

func TestAFolderForTheDatabaseThatCannotBeMadeIsReported(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	m, _ := fakeMachine(t)
	if err := os.WriteFile(filepath.Join(m.home, ".pki"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.lookPath = func(string) (string, error) { return "certutil", nil }
	reports := m.trust(t.Context(), ca.Root, []StoreKind{NSSStore})
	if len(reports) != 1 || reports[0].Outcome != Failed || !strings.Contains(reports[0].Err.Error(), ".pki") {
		t.Errorf("the reports are %v", reports)
	}
}

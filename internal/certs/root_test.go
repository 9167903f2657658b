package certs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestLoadCAFindsNothingWhereNothingIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	_, err := LoadCA(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadCA says %v; want it to wrap fs.ErrNotExist", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadCA made the folder (%v)", err)
	}
}

func TestLoadCANeedsNoKey(t *testing.T) {
	dir := t.TempDir()
	ca := mustOpen(t, dir)
	if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	root, err := LoadCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !root.Certificate().Equal(ca.Certificate()) || root.CertFile() != ca.CertFile() {
		t.Error("LoadCA loaded another authority")
	}
}

func TestLoadCARefusesADamagedCertificate(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, certFile), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := "the development CA in " + dir + ` is damaged: ca.pem holds no PEM block "CERTIFICATE" where one should be; delete ca.pem and ca-key.pem there, run holdfast again, and trust the new CA with "holdfast cert trust"`
	if _, err := LoadCA(dir); err == nil || err.Error() != want {
		t.Errorf("LoadCA says\n  %v\nwant\n  %s", err, want)
	}
}

func TestDefaultDirIsInTheUsersConfigurationFolder(t *testing.T) {
	config, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := DefaultDir()
	if want := filepath.Join(config, "holdfast", "ca"); err != nil || dir != want {
		t.Errorf("DefaultDir() = %q, %v; want %q", dir, err, want)
	}
}

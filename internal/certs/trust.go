package certs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// StoreKind is a kind of place that keeps the authorities a program trusts.
type StoreKind string

const (
	// SystemStore is the operating system's, used by curl, Go, and most programs; on macOS and
	// Windows by browsers too. Changing it may ask for an administrator's password.
	SystemStore StoreKind = "system"
	// NSSStore is the databases in the user's home that Chromium (on Linux) and Firefox read.
	NSSStore StoreKind = "nss"
)

// Outcome is what became of one store.
type Outcome string

// The outcomes of [Root.Trust] and [Root.Untrust].
const (
	Installed    Outcome = "installed"
	AlreadyThere Outcome = "already there"
	Removed      Outcome = "removed"
	NotThere     Outcome = "not there"
	Failed       Outcome = "failed"
)

// StoreReport says what was done to one store.
type StoreReport struct {
	Kind    StoreKind
	Store   string // what a person calls it, with its folder if there may be several
	Outcome Outcome
	Err     error  // why it failed; nil otherwise
	Manual  string // how to do it by hand, if it failed
}

// String returns the report as one line, or two with the manual step.
func (r StoreReport) String() string {
	if r.Outcome != Failed {
		return fmt.Sprintf("%s: %s", r.Store, r.Outcome)
	}
	return fmt.Sprintf("%s: could not be changed: %v\n  by hand: %s", r.Store, r.Err, r.Manual)
}

// Trust makes this machine trust the authority: it puts the certificate into the system's store and
// into the NSS databases of the user's browsers, or into those of the given kinds alone. It reports on
// each store, in the order in which it went through them; a failure in one does not stop it.
// A browser that is running sees the change when it is started again.
//
// On Linux and macOS the system's store is changed through sudo, which asks for the password on the
// terminal, and fails if there is none; ctx does not interrupt that, but does end the rest.
func (r *Root) Trust(ctx context.Context, kinds ...StoreKind) []StoreReport {
	return thisMachine().trust(ctx, r, kinds)
}

// Untrust takes the certificate out of every store, or out of those of the given kinds alone: the
// reverse of [Root.Trust]. What copies of the system's store other programs have made, such as Java's
// on Debian, it does not reach.
func (r *Root) Untrust(ctx context.Context, kinds ...StoreKind) []StoreReport {
	return thisMachine().untrust(ctx, r, kinds)
}

// Trusted says whether the system's store holds the authority, so that curl and other programs take
// its certificates. It does not look into browsers' own stores, and reads the store anew each time.
func (r *Root) Trusted() bool {
	return thisMachine().system.contains(r.cert)
}

// machine is what Trust works on, so that tests can put another one in its place.
type machine struct {
	goos     string
	home     string // the user's; "" if unknown
	dataHome string // for application data: $XDG_DATA_HOME or .local/share in home
	confHome string // for configuration: $XDG_CONFIG_HOME or .config in home
	system   systemStore
	lookPath func(program string) (string, error)
	run      func(ctx context.Context, program string, args ...string) (output []byte, err error)
}

func thisMachine() *machine {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	return &machine{
		goos:     runtime.GOOS,
		home:     home,
		dataHome: xdg("XDG_DATA_HOME", home, ".local", "share"),
		confHome: xdg("XDG_CONFIG_HOME", home, ".config"),
		system:   osStore{},
		lookPath: exec.LookPath,
		run: func(ctx context.Context, program string, args ...string) ([]byte, error) {
			return exec.CommandContext(ctx, program, args...).CombinedOutput()
		},
	}
}

// xdg returns a folder of the XDG base directory specification; relative values are to be ignored.
func xdg(variable, home string, fallback ...string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(append([]string{home}, fallback...)...)
}

func (m *machine) trust(ctx context.Context, r *Root, kinds []StoreKind) []StoreReport {
	var reports []StoreReport
	if includes(kinds, SystemStore) {
		reports = append(reports, m.trustSystem(r))
	}
	if includes(kinds, NSSStore) {
		m.eachDatabase(func(db nssDatabase) {
			reports = append(reports, m.trustDatabase(ctx, r, db))
		})
	}
	return reports
}

func (m *machine) untrust(ctx context.Context, r *Root, kinds []StoreKind) []StoreReport {
	var reports []StoreReport
	if includes(kinds, SystemStore) {
		reports = append(reports, m.untrustSystem(r))
	}
	if includes(kinds, NSSStore) {
		m.eachDatabase(func(db nssDatabase) {
			reports = append(reports, m.untrustDatabase(ctx, r, db))
		})
	}
	return reports
}

func includes(kinds []StoreKind, kind StoreKind) bool {
	return len(kinds) == 0 || slices.Contains(kinds, kind)
}

// shell quotes an argument for the command lines that are shown to people. Names with a quote in
// them are not made by us, but folders may be.
func (m *machine) shell(arg string) string {
	safe := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._@/:,+=", r)
	}
	switch {
	case m.goos == "windows":
		return `"` + arg + `"`
	case arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !safe(r) }) < 0:
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

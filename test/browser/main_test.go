// Package browser tests the holdfast command in a real browser: the binary serves, Chromium with the
// development CA in its store connects over wss.
//
// It needs chromium and certutil; make tools installs them or says what is missing.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = 30 * time.Second

// The binary and the folders that all tests of this package share.
var (
	binary string // the built command
	home   string // HOME of the browser, where it looks for certificates
	caDir  string // the development CA
	tabs   context.Context
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser tests:", err)
		code = 1
	}
	os.Exit(code)
}

// run builds the command, makes a CA by starting it once, lets the browser trust that CA, and runs
// the tests in one browser.
func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "holdfast-browser-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary, home, caDir = filepath.Join(dir, "holdfast"), filepath.Join(dir, "home"), filepath.Join(dir, "ca")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/holdfast").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the command: %v\n%s", err, out)
	}
	if err := trustInBrowser(); err != nil {
		return 0, err
	}
	chromium, err := findChromium()
	if err != nil {
		return 0, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium),
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"), "XDG_DATA_HOME="+filepath.Join(home, ".local/share")),
		chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1100, 800),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox can't be used by root
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(browser); err != nil { // starts it
		return 0, fmt.Errorf("starting %s: %w", chromium, err)
	}
	tabs = browser
	return m.Run(), nil
}

// trustInBrowser puts the development CA into the NSS database that Chromium reads below home.
func trustInBrowser() error {
	s, err := serve(filepath.Join(home, "data"))
	if err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	db := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"-N", "--empty-password"},
		{"-A", "-t", "C,,", "-n", "Holdfast development CA", "-i", s.caFile},
	} {
		args = append([]string{"-d", "sql:" + db}, args...)
		if out, err := exec.Command("certutil", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("certutil %v: %v\n%s", args, err, out)
		}
	}
	return nil
}

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium found; install it (Debian: apt-get install chromium), or run make tools")
}

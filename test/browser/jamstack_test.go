package browser

import (
	"bufio"
	"math/rand/v2"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// jamstackBinary is examples/jamstack, built when first asked for.
var jamstackBinary = sync.OnceValues(func() (string, error) {
	name := filepath.Join(filepath.Dir(binary), "jamstack")
	_, err := exec.Command("go", "build", "-o", name, "../../examples/jamstack").Output()
	return name, err
})

var (
	printedSite      = regexp.MustCompile(`Site +https://localhost:(\d+)/`)
	printedFunctions = regexp.MustCompile(`The functions are at`)
)

// startJamstack runs the example with its functions in a language until the end of the test, and returns the port
// that its site is at.
func startJamstack(t *testing.T, language string) (port string) {
	t.Helper()
	command, err := jamstackBinary()
	if err != nil {
		t.Fatalf("building the example: %v", err)
	}
	cmd := exec.Command(command, "-functions", language, "-functions-address", "127.0.0.1:"+freePort(t),
		"-https", "localhost:0", "-http", "localhost:0", "-data", t.TempDir(), "-ca-dir", caDir, "-holdfast", binary)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if m := printedSite.FindStringSubmatch(lines.Text()); m != nil {
				port = m[1]
			}
			if printedFunctions.MatchString(lines.Text()) {
				ready <- port
			}
		}
		ended <- cmd.Wait()
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the example ended: %v", err)
		}
	})
	select {
	case port = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("the example has ended: %v", err)
	case <-time.After(patience):
		t.Fatal("the example does not say that it is ready")
	}
	return port
}

// freePort returns the number of a port that nobody listens on, and that the system gives to nobody by itself.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20_000 + rand.IntN(10_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("there is no free port")
	return ""
}

// visit opens a page as a visitor of its own: a browser keeps what it knows of a visitor by the host.
func visit(t *testing.T, host, port, path string) *tab {
	t.Helper()
	page := url.URL{Scheme: "https", Host: net.JoinHostPort(host, port), Path: path}
	p := open(t, page.String())
	p.until(`document.querySelector(".comments").dataset.state === "live"`)
	return p
}

// comment writes a comment as a visitor does, and sends it with the keyboard.
func (p *tab) comment(name, text string) {
	p.t.Helper()
	p.do(
		chromedp.SetValue(chromedp.CSS("[name=name]"), name),
		chromedp.SetValue(chromedp.CSS("[name=text]"), text),
		chromedp.Click(chromedp.CSS(".send")),
	)
}

// reads waits until a comment with this text is shown, under this name.
func (p *tab) reads(name, text string) {
	p.t.Helper()
	p.until(`[...document.querySelectorAll(".comment")].some((c) =>
		c.querySelector(".text").textContent === %s && c.querySelector(".author").textContent === %s)`, text, name)
}

func inEachLanguage(t *testing.T, test func(t *testing.T, port string)) {
	for _, language := range []string{"go", "node"} {
		t.Run(language, func(t *testing.T) { test(t, startJamstack(t, language)) })
	}
}

func TestCommentsOfAStaticSiteAreLiveAndStay(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, port string) {
		ada := visit(t, "localhost", port, "/posts/fog")
		ada.comment("  Ada ", "It was  thick.\n\n\n\nAnd loud.  ")
		ada.reads("Ada", "It was  thick.\n\nAnd loud.")
		ada.until(`document.querySelector(".comment.mine") !== null`)

		bob := visit(t, "127.0.0.1", port, "/posts/fog")
		bob.reads("Ada", "It was  thick.\n\nAnd loud.")
		bob.until(`document.querySelector(".comment.mine") === null`)
		bob.comment("Bob", "We saw <b>nothing</b>")
		ada.reads("Bob", "We saw <b>nothing</b>")

		elsewhere := visit(t, "localhost", port, "/posts/tides")
		elsewhere.until(`document.querySelectorAll(".comment").length === 0`)
	})
}

func TestACommentThatTheFunctionRefusesReachesNobodyAndSaysWhy(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, port string) {
		ada := visit(t, "localhost", port, "/posts/fog")
		ada.comment("Ada", "http://a http://b http://c")
		ada.until(`document.querySelector(".status.wrong")?.textContent === "A comment has at most two links."`)
		if n := eval[int](ada, `document.querySelectorAll(".comment").length`); n != 0 {
			t.Errorf("%d comments are shown", n)
		}
		ada.comment("Ada", "Never mind.") // and can be put right
		ada.reads("Ada", "Never mind.")
	})
}

func TestWhoIsRepliedToIsNotifiedOnWhicheverPage(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, port string) {
		ada := visit(t, "localhost", port, "/posts/fog")
		ada.comment("Ada", "It was thick.")
		bob := visit(t, "127.0.0.1", port, "/posts/fog")
		bob.reads("Ada", "It was thick.")
		elsewhere := visit(t, "localhost", port, "/posts/tides") // Ada, in another tab

		bob.do(chromedp.Click(chromedp.CSS(".reply")))
		bob.until(`document.querySelector(".replying span").textContent === "Replying to Ada"`)
		bob.comment("Bob", "How thick?")

		elsewhere.until(`document.querySelector(".badge").textContent === "1"`)
		elsewhere.do(chromedp.Click(chromedp.CSS(".bell")))
		elsewhere.until(`document.querySelector(".notification strong")?.textContent === "Bob replied to you"`)
		elsewhere.until(`document.querySelector(".badge").textContent === ""`)
		elsewhere.do(chromedp.Click(chromedp.CSS(".notification")), chromedp.WaitVisible(chromedp.CSS("[data-page=fog]")))
		elsewhere.until(`document.activeElement.textContent.includes("How thick?")`)
		if n := eval[int](bob, `document.querySelectorAll(".notification").length`); n != 0 {
			t.Errorf("Bob has %d notifications", n)
		}
	})
}

func TestAnAddressThatTheSiteHasNotShowsItsOwnPage(t *testing.T) {
	port := startJamstack(t, "go")
	lost := open(t, "https://localhost:"+port+"/posts/none")
	lost.until(`document.querySelector("h1").textContent === "Not on the chart"`)
	if got := eval[string](lost, `performance.getEntriesByType("navigation")[0].responseStatus + ""`); !strings.HasPrefix(got, "404") {
		t.Errorf("its status is %s", got)
	}
}

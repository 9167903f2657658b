package browser

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// hook selects an element of the chat by the name that it has for tests.
func hook(name string) chromedp.CSS { return chromedp.CSS("[data-testid=" + name + "]") }

// ready waits until the chat of a tab is connected and gives its user a name.
func (p *tab) ready(name string) {
	p.t.Helper()
	p.until(`document.querySelector("[data-testid=connection]")?.dataset.state === "live"`)
	if eval[bool](p, `document.querySelector("[data-testid=naming]").hidden`) {
		p.do(chromedp.Click(hook("me")))
	}
	p.do(
		chromedp.SetValue(hook("name-input"), name),
		chromedp.SendKeys(hook("name-input"), "\r"),
	)
	p.until(`document.querySelector("[data-testid=me-name]").textContent === %s`, name)
}

// say types a message and sends it.
func (p *tab) say(text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(hook("composer"), text), chromedp.Click(hook("send")))
}

// sees waits until a message with exactly this text is shown.
func (p *tab) sees(text string) {
	p.t.Helper()
	p.until(`[...document.querySelectorAll("[data-testid=message] [data-testid=text]")].some(e => e.textContent === %s)`, text)
}

func TestTwoTabsChatOverWss(t *testing.T) {
	s := startServer(t)
	a, b, elsewhere := open(t, s.page+"/?room=design"), open(t, s.page+"/?room=design"), open(t, s.page+"/")
	a.ready("Ada")
	b.ready("Grace")
	elsewhere.ready("Edsger")
	a.do(chromedp.SendKeys(hook("composer"), "Hello, Grace\r")) // Enter sends, too
	b.sees("Hello, Grace")
	b.say("Ahoy, Ada 🧭")
	a.sees("Ahoy, Ada 🧭")
	b.until(`[...document.querySelectorAll("[data-testid=author]")].some(e => e.textContent === "Ada")`)
	a.until(`document.querySelectorAll("[data-testid=message][data-state=delivered]").length === 1`)
	if n := eval[int](elsewhere, `document.querySelectorAll("[data-testid=message]").length`); n != 0 {
		t.Errorf("another room shows %d messages", n)
	}
}

func TestWhoIsWritingIsToldUntilItIsSent(t *testing.T) {
	s := startServer(t)
	a, b := open(t, s.page), open(t, s.page)
	a.ready("Ada")
	b.ready("Grace")
	a.do(chromedp.SendKeys(hook("composer"), "Hello"))
	b.until(`document.querySelector("[data-testid=writers]").textContent === "Ada is writing…"`)
	a.do(chromedp.Click(hook("send")))
	b.sees("Hello")
	b.until(`document.querySelector("[data-testid=writers]").textContent === ""`)
	if own := eval[string](a, `document.querySelector("[data-testid=writers]").textContent`); own != "" {
		t.Errorf("whoever writes is told %q", own)
	}
}

func TestHowManyAreHereIsTold(t *testing.T) {
	s := startServer(t)
	a := open(t, s.page)
	a.until(`document.querySelector("[data-testid=here]").textContent === "1 here"`)
	b := open(t, s.page)
	b.until(`document.querySelector("[data-testid=here]").textContent === "2 here"`)
	b.do(chromedp.Navigate("about:blank"))
	a.until(`document.querySelector("[data-testid=here]").textContent === "1 here"`)
}

func TestAnImageAndAFileTravelAsBinaryMessages(t *testing.T) {
	s := startServer(t)
	a, b := open(t, s.page), open(t, s.page)
	a.ready("Ada")
	b.ready("Grace")
	dir := t.TempDir()
	picture, script := filepath.Join(dir, "picture.png"), filepath.Join(dir, "drawing.svg")
	if err := os.WriteFile(picture, somePNG(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{picture, script} {
		a.do(chromedp.SetUploadFiles(hook("file-input"), []string{file}))
		a.until(`document.querySelectorAll("[data-testid=attachment]").length === 1`)
		a.say("")
	}
	b.until(`[...document.querySelectorAll("[data-testid=message] img")].some(i => i.complete && i.naturalWidth === 3 && i.src.startsWith("blob:"))`)
	b.until(`[...document.querySelectorAll("[data-testid=download]")].some(d => d.download === "drawing.svg")`)
	got := eval[string](b, `(async () => {
		const link = [...document.querySelectorAll("[data-testid=message] img")][0];
		return btoa(String.fromCharCode(...new Uint8Array(await new Promise(done => {
			const canvas = new OffscreenCanvas(3, 2), pen = canvas.getContext("2d");
			pen.drawImage(link, 0, 0);
			done(pen.getImageData(0, 0, 3, 2).data.buffer);
		}))));
	})()`)
	want := bytes.Repeat([]byte{10, 200, 30, 255}, 6)
	if got != base64.StdEncoding.EncodeToString(want) {
		t.Errorf("the picture's pixels are %s", got)
	}
}

// somePNG is a picture of 3 by 2 equal pixels.
func somePNG(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range 6 {
		img.Set(i%3, i/3, color.RGBA{10, 200, 30, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsReceivedIsShownAsTextAndNeverRuns(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page)
	p.ready("Ada")
	const attack = `<img src=x onerror="window.owned = true"><script>window.owned = true</script>`
	post := `(async () => (await fetch("/channels/chat/lobby", {method: "POST", body: %s})).ok)()`
	for _, body := range []string{attack, `{"v":1,"id":"x1","from":"<b>Mallory</b>","text":"<i>x</i>"}`} {
		if !eval[bool](p, post, body) {
			t.Fatalf("publishing %s failed", body)
		}
	}
	p.sees(attack)
	p.sees("<i>x</i>")
	if eval[bool](p, `window.owned === true || document.querySelector("[data-testid=log] :is(i, b, script)") !== null`) {
		t.Error("a message was taken as HTML")
	}
}

func TestNamesOfPeopleRoomsAndFilesAreShownAsTextAndNeverRun(t *testing.T) {
	s := startServer(t)
	const attack = `<img src=x onerror=owned=1>`
	p := open(t, s.page+"/?room="+url.QueryEscape(attack))
	p.ready(attack) // which is also what the page's own user is called
	path := "/channels/chat/" + url.PathEscape(attack)
	header := `{"id":"x2","from":"` + attack + `","name":"` + attack + `","type":"text/html"}`
	file := "HFF\x01" + string([]byte{byte(len(header) >> 8), byte(len(header))}) + header + attack
	for _, body := range []string{`{"v":1,"id":"x1","from":"` + attack + `","text":"hello"}`, file} {
		post := `(async () => (await fetch(%s, {method: "POST", headers: {"Content-Type": %s}, body: Uint8Array.from(atob(%s), c => c.charCodeAt(0))})).ok)()`
		typ := "application/json"
		if body == file {
			typ = "application/octet-stream"
		}
		if !eval[bool](p, post, path, typ, base64.StdEncoding.EncodeToString([]byte(body))) {
			t.Fatalf("publishing %q failed", body)
		}
	}
	p.say(attack)
	p.sees("hello")
	p.until(`[...document.querySelectorAll("[data-testid=download]")].some(d => d.textContent.includes("onerror="))`)
	p.until(`document.querySelector("[data-testid=log]").textContent.split(%s).length > 3`, attack)
	p.until(`document.title.includes("onerror=") && document.querySelector("[data-testid=rooms]").textContent.includes("onerror=")`)
	if eval[bool](p, `window.owned !== undefined || document.querySelector("img[src=x], [onerror]") !== null`) {
		t.Error("a name was taken as HTML")
	}
}

func TestTheChatSaysTruthfullyThatTheServerIsGoneAndComesBack(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page)
	p.ready("Ada")
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	p.until(`document.querySelector("[data-testid=connection]").dataset.state === "reconnecting"`)
	p.say("is anybody there?")
	p.until(`document.querySelector("[data-testid=message]:not([data-state=delivered])") !== null`)
	if err := s.restart(); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-testid=try-now]")?.click()`))
	p.until(`document.querySelector("[data-testid=connection]").dataset.state === "live"`)
	p.until(`[...document.querySelectorAll("[data-testid=notice]")].some(n => n.textContent.startsWith("Caught up after"))`)
	p.until(`document.querySelectorAll("[data-testid=message][data-state=delivered]").length === 1`)
}

package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// microsofts are the files of Microsoft's client for browsers.
var microsofts = []string{
	"../../web/node_modules/@microsoft/signalr/dist/browser/signalr.min.js",
	"../../web/node_modules/@microsoft/signalr-protocol-msgpack/dist/browser/signalr-protocol-msgpack.min.js",
}

// withMicrosofts adds Microsoft's client to a directory.
func withMicrosofts(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range microsofts {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v; make web fetches it", err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheChatOfSignalRsTutorialRunsWithoutASPNET(t *testing.T) {
	example := t.TempDir()
	if err := os.CopyFS(example, os.DirFS("../../examples/signalr-chat")); err != nil {
		t.Fatal(err)
	}
	withMicrosofts(t, filepath.Join(example, "site", "js"))
	s := startServer(t, "--config", filepath.Join(example, "holdfast.yaml"))
	ada, grace := open(t, s.page), open(t, s.page)
	const connected = `document.getElementById("status").textContent === "Connected."`
	for _, p := range []*tab{ada, grace} {
		p.until(connected)
	}
	says := func(p *tab, name, text string) {
		p.do(chromedp.SetValue(chromedp.ID("user"), name), chromedp.SetValue(chromedp.ID("message"), text), chromedp.Click(chromedp.ID("send")))
	}
	const reads = `document.getElementById("messages").innerText.includes(%s)`
	says(ada, "Ada", "hello <b>all</b>")
	grace.until(reads, "Ada")
	grace.until(reads, "hello <b>all</b>")
	says(grace, "Grace", "and to you")
	ada.until(reads, "and to you")
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	ada.until(`document.getElementById("send").disabled`)
}

// talk is what one client does in a browser: it resolves to what it has heard.
const talk = `(async () => {
	const builder = new signalR.HubConnectionBuilder().withUrl("/signalr", { transport: signalR.HttpTransportType[%s] }).configureLogging("none");
	if (%s) builder.withHubProtocol(new signalR.protocols.msgpack.MessagePackHubProtocol());
	const connection = builder.build();
	const heard = [];
	let all;
	const done = new Promise((resolve) => (all = resolve));
	connection.on("message", (channel, data) => {
		heard.push(typeof data === "string" ? data : [...data].join());
		if (heard.length === 3) all();
	});
	await connection.start();
	const channel = "chat/" + Math.random();
	await connection.invoke("Subscribe", channel);
	await connection.invoke("Publish", channel, "text ü");
	await connection.invoke("Publish", channel, %s ? new Uint8Array([1, 255]) : { a: 1 });
	const subject = new signalR.Subject();
	const sent = connection.invoke("Publish", channel, subject);
	subject.next("streamed");
	subject.complete();
	await Promise.all([sent, done]);
	await connection.stop();
	return heard.join(" | ");
})()`

func TestMicrosoftsClientConnectsFromABrowser(t *testing.T) {
	site := t.TempDir()
	withMicrosofts(t, site)
	page := `<!doctype html><title>test</title><link rel="icon" href="data:,"><script src="signalr.min.js"></script><script src="signalr-protocol-msgpack.min.js"></script>`
	if err := os.WriteFile(filepath.Join(site, "index.html"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	p := open(t, startServer(t, "--static", site).page)
	for _, test := range []struct {
		transport string
		packed    bool
		want      string
	}{
		{"WebSockets", false, `text ü | {"a":1} | streamed`},
		{"WebSockets", true, `text ü | 1,255 | streamed`},
		{"ServerSentEvents", false, `text ü | {"a":1} | streamed`},
		{"LongPolling", false, `text ü | {"a":1} | streamed`},
		{"LongPolling", true, `text ü | 1,255 | streamed`},
	} {
		if got := eval[string](p, talk, test.transport, test.packed, test.packed); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

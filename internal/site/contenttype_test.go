package site

import (
	"strings"
	"testing"
)

func TestTheTypeIsThatOfTheName(t *testing.T) {
	for name, want := range map[string]string{
		"index.html": "text/html; charset=utf-8", "A.HTML": "text/html; charset=utf-8", "app.js": "text/javascript; charset=utf-8",
		"app.mjs": "text/javascript; charset=utf-8", "app.js.map": "application/json", "site.webmanifest": "application/manifest+json",
		"engine.wasm": "application/wasm", "font.woff2": "font/woff2", "icon.svg": "image/svg+xml", "data.xyz": "application/octet-stream",
		"LICENSE": "application/octet-stream", "site.css": "text/css; charset=utf-8",
	} {
		if got := contentType(name); got != want {
			t.Errorf("%s is %s; want %s", name, got, want)
		}
	}
}

func TestOnlyNamesWithAHashOfTheContentAreKeptForGood(t *testing.T) {
	for _, name := range []string{
		"assets/index-BMz8mF3g.js", "assets/index-BMz8mF3g.css", "assets/chart-CMu-kYzE.svg", "assets/inter-BMz8mF3g.woff2",
		"assets/index-BMz8mF3g.js.map", "app-HXK5B2QA.js", "static/js/main.3f2a1b9c.js", "static/css/main.3f2a1b9c.css",
		"_next/static/chunks/page-3f2a1b9c0d4e5f60.js", "_astro/hoisted.BMz8mF3g.js", "assets/logo.3f2a1b9c0d.png",
	} {
		if got := cacheControl(name); !strings.Contains(got, "immutable") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, name := range []string{
		"index.html", "assets/page-BMz8mF3g.html", "app.js", "sw.js", "jquery-3.7.1.min.js", "my-document.js", "assets/my-document.pdf",
		"assets/logo.png", "photo-IMG_1234.jpg", "report-20240101.js", "assets/style.css", "favicon.svg", "a.bundle.js", "BMz8mF3g.js",
		"BMz8mF3g-/app.js", "app-BMz8mF3.js", "app-BMz8mF3gX.js", "assets/app-BMz8mF3g",
	} {
		if got := cacheControl(name); got != "no-cache" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

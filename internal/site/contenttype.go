package site

import (
	"path"
	"regexp"
	"strings"
)

// contentTypes are the types of what sites are made of, by the ends of names. They are not left to the
// system's table, which differs from machine to machine.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".csv":   "text/csv; charset=utf-8",
	".htm":   "text/html; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".ics":   "text/calendar; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".md":    "text/markdown; charset=utf-8",
	".mjs":   "text/javascript; charset=utf-8",
	".txt":   "text/plain; charset=utf-8",
	".vtt":   "text/vtt; charset=utf-8",
	".xhtml": "application/xhtml+xml",

	".atom":        "application/atom+xml",
	".geojson":     "application/geo+json",
	".json":        "application/json",
	".jsonld":      "application/ld+json",
	".map":         "application/json",
	".rss":         "application/rss+xml",
	".webmanifest": "application/manifest+json",
	".xml":         "application/xml",

	".apng": "image/apng",
	".avif": "image/avif",
	".gif":  "image/gif",
	".ico":  "image/x-icon",
	".jpeg": "image/jpeg",
	".jpg":  "image/jpeg",
	".png":  "image/png",
	".svg":  "image/svg+xml",
	".webp": "image/webp",

	".otf":   "font/otf",
	".ttf":   "font/ttf",
	".woff":  "font/woff",
	".woff2": "font/woff2",

	".flac": "audio/flac",
	".m4a":  "audio/mp4",
	".mp3":  "audio/mpeg",
	".mp4":  "video/mp4",
	".oga":  "audio/ogg",
	".ogg":  "audio/ogg",
	".ogv":  "video/ogg",
	".opus": "audio/ogg",
	".wav":  "audio/wav",
	".webm": "video/webm",

	".glb":  "model/gltf-binary",
	".gz":   "application/gzip",
	".pdf":  "application/pdf",
	".wasm": "application/wasm",
	".zip":  "application/zip",
}

// contentType returns the type of a file by its name.
func contentType(name string) string {
	if known, ok := contentTypes[strings.ToLower(path.Ext(name))]; ok {
		return known
	}
	return "application/octet-stream"
}

// hashed matches names into which a build has put a hash of the content, so that a file of this name never
// changes: Vite's and esbuild's app-BMz8mF3g.js, webpack's app.3f2a1b9c0d.js, and their .map.
var hashed = regexp.MustCompile(`[-.]([A-Za-z0-9_-]{8}|[0-9a-f]{9,64})(\.[a-z0-9]+){1,2}$`)

// cacheControl returns for how long a file may be used without asking: for good, if its name changes with
// it; else never, and asking costs a 304. To take a name for hashed that is not costs visitors a year with
// the old file, so it has to look like one (a letter, and a digit or a capital letter: not "-document"),
// and be code or be where bundlers put what else they hash.
func cacheControl(name string) string {
	code := false
	switch contentType(strings.TrimSuffix(name, ".map")) {
	case contentTypes[".js"], contentTypes[".css"]:
		code = true
	case contentTypes[".html"], contentTypes[".xhtml"]:
		return "no-cache"
	}
	if match := hashed.FindStringSubmatch(name); match != nil && (code || strings.HasPrefix(name, "assets/")) {
		hash := match[1]
		if strings.ContainsFunc(hash, isLetter) && strings.ContainsFunc(hash, isDigitOrCapital) {
			return "public, max-age=31536000, immutable"
		}
	}
	return "no-cache"
}

func isLetter(c rune) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigitOrCapital(c rune) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' }

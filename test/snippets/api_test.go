package snippets

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// varies matches what differs each time in the answers of the server API, and what is compared in its place.
var varies = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`"(epoch|node|name|version|ref|token|id)":"[^"]*"`), `"$1":"…"`},
	{regexp.MustCompile(`"(position)":"(\d+):\w+"`), `"$1":"$2:…"`},
	{regexp.MustCompile(`"20[0-5]\d-[^"]*Z"`), `"(time)"`},
	{regexp.MustCompile(`"(uptime_seconds|bytes)":\d+`), `"$1":…`},
}

func withoutVarying(text string) string {
	for _, v := range varies {
		text = v.pattern.ReplaceAllString(text, v.with)
	}
	return text
}

// console matches the blocks of a page that show what somebody types and what is answered.
var console = regexp.MustCompile("(?s)```console\n(.*?)```\n")

func TestTheServerAnswersAsThePageOfTheAPIShows(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(docs, "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	helper := regexp.MustCompile(`(?m)^api\(\) .*$`).FindString(string(page))
	if helper == "" {
		t.Fatal("the page does not say what api is")
	}
	s, asked := startServer(t), 0
	for _, block := range console.FindAllStringSubmatch(string(page), -1) {
		for example := range strings.SplitSeq(strings.TrimPrefix(block[1], "$ "), "\n$ ") {
			command, want, _ := strings.Cut(example, "\n")
			cmd := exec.Command("sh", "-c", helper+"\n"+command)
			cmd.Env = append(os.Environ(), "HOLDFAST_URL="+s.url, "HOLDFAST_API_KEY="+s.key)
			got, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", command, err, got)
				continue
			}
			asked++
			if got, want := withoutVarying(string(got)), withoutVarying(strings.TrimSuffix(want, "\n")+"\n"); got != want {
				t.Errorf("%s\nanswers %sand the page says %s", command, got, want)
			}
		}
	}
	if asked < 20 {
		t.Errorf("only %d examples were found", asked)
	}
}

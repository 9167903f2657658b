package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestTheTemplateLoadsToTheDefaults(t *testing.T) {
	if got := mustLoad(t, Options{File: fileWith(t, Template())}); !reflect.DeepEqual(got, defaults(t)) {
		t.Errorf("got %+v", got)
	}
}

// setting matches a setting of the template that is commented out; explanations have a space.
var setting = regexp.MustCompile(`(?m)^( *)#([a-z])`)

func TestTheTemplateWithEverySettingUncommentedIsStillTheDefaults(t *testing.T) {
	before, _, found := strings.Cut(Template(), "#channels:")
	_, after, _ := strings.Cut(Template(), "\nlog:")
	if !found || after == "" {
		t.Fatal("the template has no rules, or no log")
	}
	text := setting.ReplaceAllString(before+"\nlog:"+after, "$1$2")
	for _, f := range everyKey() {
		if name := f.key() + ":"; !strings.Contains(f.path, ".") || strings.HasPrefix(f.path, "history.") || strings.HasPrefix(f.path, "access.") || strings.HasPrefix(f.path, "content.") {
			continue
		} else if !regexp.MustCompile(`(?m)^ +` + name).MatchString(text) {
			t.Errorf("the template lacks %s", f.path)
		}
	}
	got := mustLoad(t, Options{File: fileWith(t, text)})
	if !reflect.DeepEqual(got, defaults(t)) {
		t.Errorf("got %+v from\n%s", got, text)
	}
}

func TestTheRulesOfTheTemplateAreGood(t *testing.T) {
	_, rules, _ := strings.Cut(Template(), "\n#channels:")
	rules, _, _ = strings.Cut(rules, "\n\n")
	text := "channels:" + strings.ReplaceAll(rules, "\n#", "\n") + "\n"
	if text != exampleRules {
		t.Errorf("uncommented they are\n%s", text)
	}
	c := mustLoad(t, Options{File: fileWith(t, text)})
	var slow []string
	for _, r := range c.Channels {
		slow = append(slow, r.Slow)
	}
	if want := []string{"catch-up", "catch-up", "catch-up", "drop"}; !reflect.DeepEqual(slow, want) {
		t.Errorf("slow readers: %q, want %q", slow, want)
	}
}

func TestTheHooksOfTheTemplateAreGood(t *testing.T) {
	_, hooks, _ := strings.Cut(Template(), "\n#hooks:")
	hooks, _, _ = strings.Cut(hooks, "\n\n")
	text := "hooks:" + strings.ReplaceAll(hooks, "\n#", "\n") + "\n"
	if text != exampleHooks {
		t.Errorf("uncommented they are\n%s", text)
	}
	if c := mustLoad(t, Options{File: fileWith(t, text)}); len(c.Hooks) != 2 || c.Hooks[1].Batch != 100 {
		t.Errorf("got %+v", c.Hooks)
	}
}

func TestTheTemplateFitsIntoATerminal(t *testing.T) {
	for line := range strings.Lines(Template()) {
		if len(strings.TrimSuffix(line, "\n")) > templateWidth {
			t.Errorf("too wide: %s", line)
		}
	}
}

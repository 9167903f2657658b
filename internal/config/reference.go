package config

import (
	"fmt"
	"reflect"
	"strings"
)

const referenceHead = `# Configuration

Holdfast needs no configuration in development mode. What can be set is set in a YAML file, in environment variables, or with
flags; a variable takes precedence over the file, and a flag over both.

` + "```sh" + `
holdfast config init holdfast.yaml      # write a file that explains every key
holdfast config check holdfast.yaml     # say what is wrong with it, or what it means
holdfast dev --config holdfast.yaml     # use it in development mode
holdfast serve --config holdfast.yaml   # use it in production (tls.md)
` + "```" + `

A key or a variable that does not exist is an error, which names the nearest one that does. In the file, keys are nested at the
dots: ` + "`listen.https`" + ` is ` + "`https:`" + ` below ` + "`listen:`" + `. A key without a value has its default.

- A **duration** is a number and its unit: ` + "`200ms`, `30s`, `24h`, `7d`" + `.
- A **size** is in bytes, or in K, M, G or T of 1024: ` + "`65536`, `64K`, `1MiB`" + `.
- A **list of texts** is ` + "`[one, another]`" + ` in the file, and ` + "`one,another`" + ` in a variable.
- A **list of rules**, or of other things with keys, is YAML or JSON in a variable: ` + "`HOLDFAST_CHANNELS='[{\"pattern\": \"chat/#\", \"presence\": true}]'`" + `.

This page is what ` + "`holdfast config doc`" + ` prints.
`

const referenceRules = `Special rules come before general ones; a rule that could never apply is an error. A channel without a rule sends every
message to every subscriber, and disconnects who can't keep up.

` + "```yaml\n" + exampleRules + "```" + `

Without a file, development mode has one rule: what is below ` + "`chat/`" + ` keeps 1000 messages of each channel for 24 hours, lets slow
subscribers catch up, and has presence.

`

// lists are what is said of the keys at the top that are lists: in the reference, and in the template.
var lists = map[string]struct{ intro, one, example string }{
	"channels": {referenceRules, "a rule", exampleRules},
	"hooks":    {"```yaml\n" + exampleHooks + "```\n\n", "a hook", exampleHooks},
	"signalr":  {"```yaml\n" + exampleHubs + "```\n\n", "a hub", exampleHubs},
}

// exampleRules is part of the reference and of the template.
const exampleRules = `channels:
  - pattern: chat/#                       # chat, chat/lobby, chat/lobby/de
    history: {count: 1000, age: 24h}      # of each channel; who comes back gets what was missed
    presence: true
    access: {subscribe: users, publish: users}   # whoever has shown who it is
  - pattern: inbox/{user}                 # each user has one
    access: {subscribe: users}            # its owner alone; to publish takes a grant
    history: {age: 7d}
  - pattern: sensors/+/state
    retain_last: true                     # who subscribes gets the last one at once
  - pattern: cursors/#
    delivery: latest                      # who is slow skips to the newest
    slow: drop
    echo: false
`

// Reference returns the page of every key, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	for section := range fields(reflect.TypeFor[Config](), "") {
		fmt.Fprintf(&b, "\n## `%s`\n\n%s\n\n", section.key(), section.doc())
		if !section.isSection() {
			b.WriteString(lists[section.key()].intro)
			writeElement(&b, section.element())
			continue
		}
		b.WriteString("| key | type | default | variable | meaning |\n|---|---|---|---|---|\n")
		for f := range settings(section.Type, section.path) {
			fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | %s |\n", f.path, f.typeName(), code(f.Tag.Get("default")), f.env(), f.meaning())
		}
		for f := range settings(section.Type, section.path) {
			if f.element() != nil {
				fmt.Fprintf(&b, "\nEach of `%s`:\n\n", f.path)
				writeElement(&b, f.element())
			}
		}
	}
	return b.String()
}

// writeElement writes the table of what each element of a list has.
func writeElement(b *strings.Builder, element reflect.Type) {
	b.WriteString("| key of each | type | default | meaning |\n|---|---|---|---|\n")
	for f := range settings(element, "") {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.path, f.typeName(), code(f.Tag.Get("default")), f.meaning())
	}
}

// meaning returns what a key means, and the bounds of its value if there are two.
func (f field) meaning() string {
	if f.least() == "" || f.most() == "" {
		return f.doc()
	}
	return f.doc() + " From " + f.least() + " to " + f.most() + "."
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

package config

import (
	"reflect"
	"strings"
)

const templateHead = `# The configuration of Holdfast. Every key is here with its default, as "#key: value": remove the
# "#" to change one. A variable such as HOLDFAST_LISTEN_HTTPS takes precedence over this file, and
# a flag over both. "holdfast config check" tells what is wrong, or what it all means.
`

// templateWidth is where the lines of comments end, in bytes.
const templateWidth = 98

// Template returns a YAML file that explains every key and sets none, so that loading it gives the
// defaults. Settings are commented out with a "#" and no space behind it.
func Template() string {
	var b strings.Builder
	b.WriteString(templateHead)
	for section := range fields(reflect.TypeFor[Config](), "") {
		b.WriteByte('\n')
		if section.isSection() {
			sectionTemplate(&b, section, "")
			continue
		}
		comment(&b, "", section.doc())
		listTemplate(&b, section)
	}
	return b.String()
}

// sectionTemplate explains the keys of a section, and of those below it.
func sectionTemplate(b *strings.Builder, section field, indent string) {
	comment(b, indent, section.doc())
	b.WriteString(indent + section.key() + ":\n")
	indent += "  "
	for f := range fields(section.Type, section.path) {
		if f.isSection() {
			sectionTemplate(b, f, indent)
			continue
		}
		comment(b, indent, f.meaning())
		if f.element() != nil {
			b.WriteString(indent + "# Each has:\n")
			elementTemplate(b, indent, f.element())
		}
		b.WriteString(indent + "#" + f.key() + ": " + f.example() + "\n")
	}
}

// listTemplate explains the keys of what a list is of in a comment, and shows some.
func listTemplate(b *strings.Builder, list field) {
	says := lists[list.key()]
	b.WriteString("#\n# The keys of " + says.one + ":\n")
	elementTemplate(b, "", list.element())
	for line := range strings.Lines(says.example) {
		b.WriteString("#" + line)
	}
}

// elementTemplate explains the keys of an element of a list in a comment.
func elementTemplate(b *strings.Builder, indent string, element reflect.Type) {
	for f := range settings(element, "") {
		text := f.path
		if d := f.Tag.Get("default"); d != "" {
			text += " (" + d + ")"
		} else if words := f.values(); len(words) > 0 {
			text += " (" + strings.Join(words, ", ") + ")"
		}
		comment(b, indent, "- "+text+": "+f.meaning())
	}
}

// example returns the default as it is written in YAML.
func (f field) example() string {
	text := f.Tag.Get("default")
	switch {
	case f.Type.Kind() == reflect.Slice:
		return "[]"
	case text == "":
		return `""`
	case len(f.values()) > 0:
		return text + " # " + f.typeName()
	}
	return text
}

// comment writes a text, which may be an item of a list, as lines of comments.
func comment(b *strings.Builder, indent, text string) {
	line, hang := indent+"#", ""
	if strings.HasPrefix(text, "- ") {
		hang = "  "
	}
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(" ")+len(word) > templateWidth {
			b.WriteString(line + "\n")
			line = indent + "#" + hang
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

package config

import (
	"bytes"
	"path/filepath"
	"reflect"
	"testing"
)

func TestTheFileOfASchemaIsFoundBesideTheConfiguration(t *testing.T) {
	file := fileWith(t, "channels:\n- {pattern: a, schema: schemas/chat.json}\n- {pattern: b, schema: /etc/chat.json}\n- {pattern: c}\n"+
		"- pattern: d\n  schema: |\n    {\"type\": \"object\"}\n")
	rules := mustLoad(t, Options{File: file}).Channels
	for i, want := range []string{filepath.Join(filepath.Dir(file), "schemas/chat.json"), "/etc/chat.json", "", "{\"type\": \"object\"}\n"} {
		if text, inline := rules[i].SchemaText(); text != want || inline != (i == 3) {
			t.Errorf("rule %d: %q, %v; want %q", i, text, inline, want)
		}
	}
	inVariable := mustLoad(t, Options{Environ: []string{"HOLDFAST_CHANNELS=[{pattern: a, schema: chat.json}]"}}).Channels[0]
	if inVariable.Schema != "chat.json" {
		t.Errorf("got %q", inVariable.Schema)
	}
}

func TestAContentIsReadWithItsBytes(t *testing.T) {
	c := mustLoad(t, Options{File: fileWith(t, "channels: [{pattern: a, content: {types: [Image/PNG], magic: [89504e47, 47494638]}}, {pattern: b}]")})
	content := c.Channels[0].Content
	magic, err := content.Bytes()
	if err != nil || !reflect.DeepEqual(content.Types, []string{"image/png"}) || len(magic) != 2 || !bytes.Equal(magic[0], []byte("\x89PNG")) || string(magic[1]) != "GIF8" {
		t.Errorf("got %+v, %q, %v", content, magic, err)
	}
	if !content.Given() || c.Channels[1].Content.Given() {
		t.Error("what is asked for is not what is written")
	}
}

package config

import (
	"encoding/hex"
	"fmt"
	"mime"
	"path/filepath"
	"strings"
)

// Content says what binary messages are.
type Content struct {
	Types []string `key:"types" doc:"What a POST has to say that it is, one of these media types, as in [image/png, image/gif]; messages are binary then. A WebSocket does not say."`
	Magic []string `key:"magic" doc:"What a message has to begin with, one of these, in hexadecimal, as in [89504e47, 47494638]; messages are binary then."`
}

// Bytes returns the beginnings that Magic names.
func (c *Content) Bytes() ([][]byte, error) {
	var all [][]byte
	for _, digits := range c.Magic {
		magic, err := hex.DecodeString(digits)
		if err != nil || len(magic) == 0 {
			return nil, fmt.Errorf("%q is not hexadecimal; write two digits for each byte, as in 89504e47", digits)
		}
		all = append(all, magic)
	}
	return all, nil
}

// Given tells whether anything is asked for.
func (c *Content) Given() bool { return len(c.Types)+len(c.Magic) > 0 }

func (c *Content) settle(d *decoder, path string) {
	for i, s := range c.Types {
		media, parameters, err := mime.ParseMediaType(s)
		if err != nil || len(parameters) > 0 || !strings.Contains(media, "/") {
			d.wrong(fmt.Sprintf("%s.types[%d]", path, i), "%s.types: %q is no media type; write one as in image/png", path, s)
			continue
		}
		c.Types[i] = media
	}
	if _, err := c.Bytes(); err != nil {
		d.wrong(path+".magic", "%s.magic: %v", path, err)
	}
}

// SchemaText returns the schema that is written in the rule itself, if it is.
func (r *ChannelRule) SchemaText() (string, bool) {
	return r.Schema, strings.HasPrefix(strings.TrimSpace(r.Schema), "{")
}

// settleSchema finds the file of the schema beside that of the configuration.
func (r *ChannelRule) settleSchema() {
	if _, inline := r.SchemaText(); !inline && r.Schema != "" && !filepath.IsAbs(r.Schema) && r.Place.Line > 0 {
		r.Schema = filepath.Join(filepath.Dir(r.Place.Source), r.Schema)
	}
}

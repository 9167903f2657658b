package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// header is what a token says of its signature (RFC 7515 section 4.1). Keys in it, or where to get
// some (jwk, jku, x5c, x5u), are not read: it is not for a token to say what it is checked with.
type header struct {
	Algorithm   Algorithm      `json:"alg"`
	KeyID       string         `json:"kid"`
	Type        string         `json:"typ"`
	ContentType string         `json:"cty"`
	Critical    jsontext.Value `json:"crit"`
	Compression jsontext.Value `json:"zip"`
	Encryption  jsontext.Value `json:"enc"`
}

// token is a token taken apart. Nothing in it is known to be true.
type token struct {
	header    header
	signed    string // header and payload as they were sent
	payload   []byte // JSON, not looked at yet
	signature []byte
}

// strict refuses bits behind the end, with which one token would have several forms.
var strict = base64.RawURLEncoding.Strict()

// parseToken takes a token apart (RFC 7515 section 7.1), and refuses what no signature could make good.
func parseToken(s string) (*token, error) {
	if len(s) > MaxTokenBytes {
		return nil, tooLong(s)
	}
	if strings.ContainsFunc(s, neverInToken) { // the decoder would skip line feeds
		return nil, refuse(CheckForm, "the token has characters that no token has; send it as it was issued, without quotes or spaces")
	}
	parts := strings.Split(s, ".")
	switch len(parts) {
	case 3:
	case 5:
		return nil, refuse(CheckForm, "the token is encrypted, which is not supported; send one that is only signed")
	default:
		return nil, refuse(CheckForm, "the token has %d parts instead of three; send a JSON Web Token as it was issued", min(len(parts), 9))
	}
	t := &token{signed: s[:len(parts[0])+1+len(parts[1])]}
	head, err := strict.DecodeString(parts[0])
	if err == nil {
		t.payload, err = strict.DecodeString(parts[1])
	}
	if err == nil {
		t.signature, err = strict.DecodeString(parts[2])
	}
	if err != nil {
		return nil, refuse(CheckForm, "the token is not base64url; send it as it was issued")
	}
	if err := json.Unmarshal(head, &t.header); err != nil {
		return nil, refuse(CheckHeader, "the token's header is not a JSON object with names that are there once; get another token").because("%s", problemOf(err))
	}
	if err := t.header.check(); err != nil {
		return nil, err
	}
	if len(t.signature) == 0 {
		return nil, refuse(CheckSignature, "the token has no signature; get one that is signed")
	}
	return t, nil
}

// looksLikeJWT tells whether s has the parts of a JSON Web Token, or of an encrypted one, and begins with a header.
func looksLikeJWT(s string) bool {
	if dots := strings.Count(s, "."); dots != 2 && dots != 4 {
		return false
	}
	head, _, _ := strings.Cut(s, ".")
	text, err := strict.DecodeString(head)
	return err == nil && len(text) > 0 && text[0] == '{'
}

func tooLong(s string) error {
	return refuse(CheckSize, "the token has %d bytes, and may have %d; put less into it", len(s), MaxTokenBytes)
}

func neverInToken(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
		return false
	}
	return true
}

// check refuses what is not a plain signed token for access.
func (h *header) check() error {
	kind := strings.TrimPrefix(strings.ToLower(h.Type), "application/")
	switch {
	case h.Encryption != nil:
		return refuse(CheckHeader, "the token is encrypted, which is not supported; send one that is only signed")
	case h.Compression != nil:
		return refuse(CheckHeader, "the token is compressed, which is not supported; send it plain")
	case h.ContentType != "":
		return refuse(CheckHeader, "the token has another one inside, which is not supported; send that alone")
	case h.Critical != nil:
		return refuse(CheckHeader, "the token wants extensions (crit) that are not supported; get one without them")
	case kind != "" && kind != "jwt" && kind != "at+jwt":
		// A token for something else that has been signed with the same key (RFC 8725 section 3.11).
		return refuse(CheckHeader, "the token is of the type %s; get one of the type JWT", quote(h.Type))
	case strings.EqualFold(string(h.Algorithm), "none"):
		return refuse(CheckAlgorithm, "the token is not signed (alg none); get one that is")
	case methods[h.Algorithm] == nil:
		return refuse(CheckAlgorithm, "the token is signed with %s, which is not supported; use HS256, RS256, ES256 or EdDSA", quote(string(h.Algorithm)))
	case len(h.KeyID) > maxKeyIDBytes:
		return refuse(CheckHeader, "the token's kid has %d bytes, and may have %d; get another token", len(h.KeyID), maxKeyIDBytes)
	}
	return nil
}

// problemOf says what is wrong with JSON without repeating any of it.
func problemOf(err error) string {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return "a name is there twice"
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf("not JSON at byte %d", syntactic.ByteOffset)
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		// Only names that are read can be in the way: they are ours.
		if name := semantic.JSONPointer.LastToken(); name != "" {
			return name + " has a value of the wrong type"
		}
		return "not an object"
	}
	return "not JSON"
}

package auth

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// OpenSecret reads the secret of HS256 tokens from a file, or makes one if the file is not there. It is a
// key file as ParseKey reads it.
func OpenSecret(path string) (Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 48)
		rand.Read(random) // never fails
		text, err = makeSecretFile(path, base64.StdEncoding.EncodeToString(random))
	}
	if err != nil {
		return Key{}, fmt.Errorf("the secret of the tokens can't be read or made: %w", err)
	}
	k, err := ParseKey("", HS256, text)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w; or remove it to get a new one, with which no old token counts", path, err)
	}
	return k, nil
}

// OpenAPIKey reads an API key from a file, or makes one if the file is not there, for a server of a name that may look
// after this one and do what the grants let it.
func OpenAPIKey(path, name string, grants map[string]string) (key string, known APIKey, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, _, _ = NewAPIKey()
		text, err = makeSecretFile(path, key)
	}
	if err != nil {
		return "", APIKey{}, fmt.Errorf("the API key can't be read or made: %w", err)
	}
	key = string(bytes.TrimSpace(text))
	id, hash := describeAPIKey(key)
	if known, err = ParseAPIKey(name, id, hash, grants, true); err != nil {
		return "", APIKey{}, fmt.Errorf("%s has no API key; remove it to get a new one", path)
	}
	return key, known, nil
}

// makeSecretFile writes a secret to a file of its own first, and then links it, so that there is a whole one or
// none, and of two that make one at the same time both have the first, which is returned.
func makeSecretFile(path, secret string) (text []byte, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // only the owner may read it
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	text = []byte(secret + "\n")
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path)
	} else if err != nil {
		return nil, err
	}
	return text, nil
}

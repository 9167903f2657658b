package auth

import (
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
		text, err = makeSecret(path)
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

// makeSecret writes a secret to a file of its own first, and then links it, so that there is a whole one or
// none, and of two that make one at the same time both have the first.
func makeSecret(path string) (text []byte, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // only the owner may read it
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	random := make([]byte, 48)
	rand.Read(random) // never fails
	text = []byte(base64.StdEncoding.EncodeToString(random) + "\n")
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

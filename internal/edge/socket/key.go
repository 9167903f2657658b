package socket

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyBytes is the length of a key, that of the hash it is used with.
const keyBytes = 32

// NewKey returns a key for the secrets of sessions.
func NewKey() []byte {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	return key
}

// OpenKey reads the key that the secrets of sessions are signed with, or makes one if the file is not
// there. Nodes with the same key take each other's sessions; who has it can make up any.
func OpenKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the sessions can't be read: %w", err)
	}
	return parseKey(path, text)
}

func parseKey(path string, text []byte) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("%s does not hold a key of sessions (%d bytes as base64); put back the right file, or remove it to get a new key, which ends all sessions", path, keyBytes)
	}
	return key, nil
}

// makeKey writes a key to a file of its own first, and then links it, so that there is a whole key or
// none, and of two that make one at the same time both have the first.
func makeKey(path string) (key []byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("the key of the sessions can't be written: %w", err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // only the owner may read it
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	key = NewKey()
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	err = os.Link(f.Name(), path)
	if !errors.Is(err, fs.ErrExist) {
		return key, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseKey(path, text)
}

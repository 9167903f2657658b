package certs

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// The files of the authority's folder.
const (
	certFile = "ca.pem"
	keyFile  = "ca-key.pem"
	leafFile = "localhost.pem"
)

const (
	certBlock = "CERTIFICATE"
	keyBlock  = "PRIVATE KEY" // PKCS #8
)

// keepsModes is false on Windows, which has access lists instead; those of the user's own folder
// keep others out already.
const keepsModes = runtime.GOOS != "windows"

// damagedError says that a file was read but does not hold what it should.
type damagedError struct {
	file, problem string
}

func (e *damagedError) Error() string { return e.file + " " + e.problem }

// encodePair returns a key and its certificate as the content of one file.
func encodePair(key *ecdsa.PrivateKey, certDER []byte) ([]byte, error) {
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: keyDER}), encodeCert(certDER)...), nil
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certBlock, Bytes: der})
}

// readPair reads what encodePair made. The error is a *damagedError if the file holds anything else.
func readPair(path string) (*ecdsa.PrivateKey, []byte, error) {
	blocks, err := readBlocks(path, keyBlock, certBlock)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(blocks[0])
	if err != nil {
		return nil, nil, &damagedError{filepath.Base(path), "holds a key that does not parse"}
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, &damagedError{filepath.Base(path), fmt.Sprintf("holds a key of the type %T instead of ECDSA", parsed)}
	}
	return key, blocks[1], nil
}

// readCert reads a certificate alone, in DER. The error is a *damagedError if the file holds anything else.
func readCert(path string) ([]byte, error) {
	blocks, err := readBlocks(path, certBlock)
	if err != nil {
		return nil, err
	}
	return blocks[0], nil
}

// readBlocks reads a PEM file of the given blocks, in their order.
func readBlocks(path string, types ...string) ([][]byte, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var blocks [][]byte
	for _, want := range types {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != want {
			return nil, &damagedError{filepath.Base(path), fmt.Sprintf("holds no PEM block %q where one should be", want)}
		}
		blocks, rest = append(blocks, block.Bytes), after
	}
	return blocks, nil
}

// writeAtomic replaces the file at path: a reader sees the old content or the new, never a part.
func writeAtomic(path string, content []byte, mode os.FileMode) error {
	return writeAside(path, content, mode, os.Rename)
}

// writeOnce creates the file at path, complete from the first moment. The error wraps
// [fs.ErrExist] if it is there already. It needs a file system with hard links.
func writeOnce(path string, content []byte, mode os.FileMode) error {
	return writeAside(path, content, mode, os.Link)
}

// writeAside writes content to a new file beside path and puts that there with place.
func writeAside(path string, content []byte, mode os.FileMode, place func(from, to string) error) (err error) {
	aside, err := os.CreateTemp(filepath.Dir(path), ".new-"+filepath.Base(path)+"-*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() {
		// After a rename there is nothing left to remove; after a link, the second name.
		_ = os.Remove(aside.Name())
	}()
	if _, err := aside.Write(content); err != nil {
		_ = aside.Close()
		return err
	}
	if err := setMode(aside, mode); err != nil {
		_ = aside.Close()
		return err
	}
	// A file that is there but empty after a power cut would count as a damaged authority.
	if err := aside.Sync(); err != nil {
		_ = aside.Close()
		return err
	}
	if err := aside.Close(); err != nil {
		return err
	}
	return place(aside.Name(), path)
}

// setMode sets who may read a file and makes sure that the file system keeps it: some shared and
// removable ones do not.
func setMode(file *os.File, mode os.FileMode) error {
	if err := file.Chmod(mode); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if got := info.Mode().Perm(); keepsModes && got != mode {
		return fmt.Errorf("the file system does not keep who may read a file (asked for mode %04o, got %04o)", mode, got)
	}
	return nil
}

// readableByOthers says whether other users could have read a file that should be private, and
// its mode.
func readableByOthers(path string) (mode os.FileMode, open bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false, err
	}
	mode = info.Mode().Perm()
	return mode, keepsModes && mode&0o077 != 0, nil
}

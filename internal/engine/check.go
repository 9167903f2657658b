package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"
)

// streamsDir is where JetStream keeps the streams of the embedded engine, each in a directory of its
// name.
func streamsDir(dir string) string {
	return filepath.Join(dir, server.JetStreamStoreDir, "$G", "streams")
}

// checkDir looks, before the engine does, for what the engine would leave out with no more than a
// warning, or would cut off. It changes nothing.
func checkDir(dir string) error {
	streams, err := os.ReadDir(streamsDir(dir))
	if os.IsNotExist(err) {
		return nil // a new one
	}
	if err != nil {
		return dirError(dir, err)
	}
	for _, stream := range streams {
		if strings.HasPrefix(stream.Name(), ".") {
			continue // deleted
		}
		what := checkStreamDir(filepath.Join(streamsDir(dir), stream.Name()), stream.Name())
		if what == "" {
			what = checkBlocks(filepath.Join(streamsDir(dir), stream.Name()), stream.Name())
		}
		if what != "" {
			return &DamageError{Dir: dir, What: fmt.Sprintf("the stream %q: %s", stream.Name(), what)}
		}
	}
	return nil
}

// checkStreamDir says what is wrong with a stream's description.
func checkStreamDir(dir, name string) string {
	description, err := os.ReadFile(filepath.Join(dir, server.JetStreamMetaFile))
	if os.IsNotExist(err) && !hasMessages(dir) {
		return "" // the process was killed while it created the stream, which it will do again
	}
	if err != nil {
		return err.Error()
	}
	sum, err := os.ReadFile(filepath.Join(dir, server.JetStreamMetaFileSum))
	if err != nil {
		return err.Error()
	}
	key := sha256.Sum256([]byte(name))
	hash, err := highwayhash.New64(key[:])
	if err != nil {
		return err.Error()
	}
	if _, err := hash.Write(description); err != nil {
		return err.Error()
	}
	if hex.EncodeToString(hash.Sum(nil)) != string(sum) {
		return "its description does not have the checksum that it should"
	}
	return ""
}

// hasMessages tells whether a stream's directory holds files of messages.
func hasMessages(dir string) bool {
	blocks, err := filepath.Glob(filepath.Join(dir, "msgs", "*.blk"))
	return err != nil || len(blocks) > 0
}

// CheckRecovered makes sure, by asking for each, that no stream that is in the directory was left out.
func (e *Engine) CheckRecovered(ask func(stream string) error) error {
	streams, err := os.ReadDir(streamsDir(e.dir))
	if err != nil && !os.IsNotExist(err) {
		return dirError(e.dir, err)
	}
	for _, stream := range streams {
		if strings.HasPrefix(stream.Name(), ".") {
			continue
		}
		if err := ask(stream.Name()); err != nil {
			return &DamageError{Dir: e.dir, What: fmt.Sprintf("the stream %q was not recovered: %v", stream.Name(), err)}
		}
	}
	return nil
}

package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
)

// metaDir is where JetStream keeps what the nodes have agreed on: who is one, and which streams there are.
func metaDir(dir string) string {
	return filepath.Join(dir, server.JetStreamStoreDir, server.DEFAULT_SYSTEM_ACCOUNT, "_js_", "_meta_")
}

// seedPeers says how many nodes come together for the first time, where this one has never been one of a cluster.
//
// JetStream itself wants at least two, and as many as there are addresses: a node alone would wait for ever, and three
// for the third. Nodes without a past agree only if all that are expected are there, and what they agree on later
// takes more than half of them. So of n nodes it is to be the largest even number: more than half of that is more
// than half of n, and two groups of nodes that do not see each other can't both begin. A node that comes later is
// taken in by those that are there.
//
// The file is JetStream's, peers.idx: the number expected, that of those known, which is none, and a mark for domains.
func seedPeers(dir string, nodes int) error {
	expected := max(nodes&^1, 1)
	path := filepath.Join(metaDir(dir), "peers.idx")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err // it has been one before
	}
	state := binary.LittleEndian.AppendUint32(nil, uint32(expected))
	state = binary.LittleEndian.AppendUint32(state, 0)
	state = binary.LittleEndian.AppendUint16(state, 0)
	err := os.MkdirAll(filepath.Dir(path), dirMode)
	if err == nil {
		err = os.WriteFile(path, state, fileMode)
	}
	if err == nil {
		err = syncFile(path)
	}
	if err != nil {
		return fmt.Errorf("the directory %s can't be made that of a node: %w", dir, err)
	}
	return nil
}

package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"time"

	"github.com/minio/highwayhash"
)

// JetStream keeps messages in blocks, files of records. When it finds a record broken after it was
// stopped by force it cuts the block off there, and all behind it is gone. That is right for a
// write that was cut short at the end of the newest block, and for nothing else, so the blocks that
// JetStream is going to read are looked through first.
const (
	recordHeadBytes = 22       // length 4, offset 8, time 8, length of the subject 2
	recordSumBytes  = 8        // at the end
	recordHasHeader = 1 << 31  // in the length: a header and its length, 4, follow the subject
	maxRecordLength = 32 << 20 // JetStream's, beyond which it takes a length for rubbish

	// indexSlack is how much older than the index a block may be and still be looked through, because
	// file systems tell time by steps.
	indexSlack = 2 * time.Second
)

// checkBlocks says what is wrong with the blocks of a stream that were written after its index, or
// with all if it has no index. Cost: reading them once, about 1 GB a second when they are in memory.
func checkBlocks(dir, stream string) string {
	messages := filepath.Join(dir, "msgs")
	blocks, err := filepath.Glob(filepath.Join(messages, "*.blk"))
	if err != nil {
		return err.Error()
	}
	var indexed time.Time
	if index, err := os.Stat(filepath.Join(messages, "index.db")); err == nil {
		indexed = index.ModTime().Add(-indexSlack)
	}
	newest := 0
	numbers := make(map[int]string, len(blocks))
	for _, block := range blocks {
		var number int
		if _, err := fmt.Sscanf(filepath.Base(block), "%d.blk", &number); err != nil {
			return fmt.Sprintf("%s is not the name of a block of messages", block)
		}
		numbers[number], newest = block, max(newest, number)
	}
	for number, block := range numbers {
		info, err := os.Stat(block)
		if err != nil {
			return err.Error()
		}
		if info.ModTime().Before(indexed) {
			continue
		}
		content, err := os.ReadFile(block)
		if err != nil {
			return err.Error()
		}
		good := soundRecords(content, fmt.Sprintf("%s-%d", stream, number))
		if good < len(content) && (number != newest || !cutShort(content[good:])) {
			return fmt.Sprintf("%s is not what was written from byte %d on", block, good)
		}
	}
	return ""
}

// soundRecords returns how many bytes of a block are records as they should be.
func soundRecords(block []byte, key string) int {
	sum := sha256.Sum256([]byte(key))
	hash, err := highwayhash.New64(sum[:])
	if err != nil {
		panic(err) // the key has the right length
	}
	at := 0
	for at < len(block) {
		n := soundRecord(block[at:], hash)
		if n == 0 {
			break
		}
		at += n
	}
	return at
}

// soundRecord returns the length of the record at the front of b, 0 if it is broken.
func soundRecord(b []byte, sum hash.Hash64) int {
	if len(b) < recordHeadBytes {
		return 0
	}
	length := binary.LittleEndian.Uint32(b)
	hasHeader := length&recordHasHeader != 0
	n := int(length &^ recordHasHeader)
	subject := recordHeadBytes + int(binary.LittleEndian.Uint16(b[20:]))
	rest := subject
	if hasHeader {
		rest += 4 // the header's length is not in the sum
	}
	if n > maxRecordLength || n > len(b) || rest > n-recordSumBytes {
		return 0
	}
	sum.Reset()
	for _, part := range [][]byte{b[4:20], b[recordHeadBytes:subject], b[rest : n-recordSumBytes]} {
		if _, err := sum.Write(part); err != nil {
			return 0
		}
	}
	var have [recordSumBytes]byte
	if !bytes.Equal(sum.Sum(have[:0]), b[n-recordSumBytes:n]) {
		return 0
	}
	return n
}

// cutShort tells whether the end of a block is a record that was not written to its end, or space
// that was never written to, as a machine leaves it that lost its power.
func cutShort(b []byte) bool {
	if len(b) < recordHeadBytes {
		return true
	}
	n := int(binary.LittleEndian.Uint32(b) &^ uint32(recordHasHeader))
	if n >= recordHeadBytes && n <= maxRecordLength && n > len(b) {
		return true
	}
	return len(bytes.TrimLeft(b, "\x00")) == 0
}

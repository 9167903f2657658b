package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"
	"time"
)

// Journal writes records to a file, a line each, in the order in which they are given to it. Its methods may be called
// from any goroutine.
type Journal struct {
	began time.Time
	file  *os.File

	mu     sync.Mutex // guards what follows
	to     *bufio.Writer
	failed error
	count  int
}

// Create begins a journal, whose clock begins now.
func Create(name string) (*Journal, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return &Journal{began: time.Now(), file: file, to: bufio.NewWriterSize(file, 1<<20)}, nil
}

// Now returns the time on the clock of the journal.
func (j *Journal) Now() Time { return Time(time.Since(j.began).Microseconds()) }

// Add writes a record, with the present time unless it has one. What fails is told by Close.
func (j *Journal) Add(r Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.At == 0 {
		r.At = j.Now()
	}
	line, err := json.Marshal(r)
	if err == nil {
		_, err = j.to.Write(append(line, '\n'))
	}
	j.count++
	if j.failed == nil {
		j.failed = err // the first says it
	}
}

// Count returns how many records there are.
func (j *Journal) Count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.count
}

// Close writes the rest, and tells what could not be written.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.failed, j.to.Flush(), j.file.Close())
}

// Read yields the records of a journal. An error, which names the line, is the last thing that it yields.
func Read(from io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := bufio.NewReaderSize(from, 1<<20)
		for number := 1; ; number++ {
			line, err := lines.ReadBytes('\n')
			if err == io.EOF && len(line) == 0 {
				return
			}
			var r Record
			if err == nil {
				err = json.Unmarshal(line, &r)
			}
			if err != nil {
				yield(r, fmt.Errorf("line %d: %w", number, err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

package main

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/config"
)

// maxSize is the largest size that a flag takes: a message must fit in memory with room to spare.
const maxSize = 1 << 30

// byteSize is a flag that counts bytes: "65536", "64K" and "64KiB" are the same.
type byteSize int64

// parseSize reads a size from 1 byte to [maxSize].
func parseSize(s string) (byteSize, error) {
	n, err := config.ParseSize(s)
	switch {
	case err != nil:
		return 0, err
	case n > maxSize:
		return 0, fmt.Errorf("%s is too large; the most is %s", s, byteSize(maxSize))
	case n == 0:
		return 0, fmt.Errorf("%s is too small; the least is 1", s)
	}
	return byteSize(n), nil
}

// String returns the size as parseSize reads it, in the largest unit that divides it.
func (b byteSize) String() string { return config.Size(b).String() }

// Set implements the flag's parsing.
func (b *byteSize) Set(s string) error {
	n, err := parseSize(s)
	if err == nil {
		*b = n
	}
	return err
}

// Type is the word for the value in help texts.
func (b *byteSize) Type() string { return "SIZE" }

//go:build race

package wstest_test

// maxMessage is the limit of the engine's endpoints here. The race detector makes megabytes slow
// and finds nothing in them that it does not find in less.
const maxMessage = 1 << 20

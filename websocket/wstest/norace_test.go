//go:build !race

package wstest_test

// maxMessage is the limit of the engine's endpoints here, the largest that the suite tries out.
const maxMessage = 16 << 20

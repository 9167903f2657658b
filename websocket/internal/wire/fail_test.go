package wire

// failer is what *testing.T, *testing.F and *rapid.T have in common that the checks here need.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

package cluster

import "strings"

// Compatible tells whether nodes of two versions understand each other: those of the same major and minor version do. What
// is no version, as of a program that was built from somewhere in between, is taken to be compatible.
func Compatible(a, b string) bool {
	one, ok := minorOf(a)
	other, also := minorOf(b)
	return !ok || !also || one == other
}

// minorOf returns the first two numbers of a version such as "v1.4.2-rc.1".
func minorOf(version string) (string, bool) {
	rest, ok := strings.CutPrefix(version, "v")
	major, rest, more := strings.Cut(rest, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if !ok || !more || !digits(major) || !digits(minor) {
		return "", false
	}
	return major + "." + minor, true
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

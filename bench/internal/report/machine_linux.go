package report

import (
	"bufio"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// processors returns the name of the processors and how many are online, whichever of them this
// process may run on.
func processors() (model string, n int) {
	model = "unknown processor"
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return model, 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch strings.TrimSpace(name) {
		case "processor":
			n++
		case "model name":
			model = strings.TrimSpace(value)
		}
	}
	return model, n
}

// kernel returns the name and release of the operating system.
func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "Linux"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// loadAverage returns that of the last minute: how much else was going on.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	average, _, _ := strings.Cut(string(b), " ")
	return average
}

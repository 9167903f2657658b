package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/holdfast-dev/holdfast/internal/certs/acmetest"
)

// acmeOfScript is the authority of the one script that has one.
type acmeOfScript struct {
	t         *testing.T
	authority *acmetest.Authority
}

const acmeConfig = `listen: {https: "127.0.0.1:0", http: "127.0.0.1:0"}
data: {dir: data}
tls:
  acme: {domains: [chat.example.com], agree: true, ca: %q, ca_root: ca.pem}
`

func (a *acmeOfScript) begin(ts *testscript.TestScript, _ bool, args []string) {
	a.authority = acmetest.Begin(a.t)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), a.authority.Root, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), fmt.Appendf(nil, acmeConfig, a.authority.Directory), 0o600))
}

func (a *acmeOfScript) reach(ts *testscript.TestScript, _ bool, args []string) {
	http, err := strconv.Atoi(args[0])
	ts.Check(err)
	https, err := strconv.Atoi(args[1])
	ts.Check(err)
	a.authority.Reach(http, https, 90*24*time.Hour)
}

package wstest

import "testing"

// Test runs all cases for servers against t, each as a subtest named by its ID. A case that does
// not apply is logged.
func Test(t *testing.T, target Target) {
	t.Helper()
	testAll(t, Server, func(c Case) Result { return c.Run(t.Context(), target) })
}

// TestClient runs all cases for clients against target, each as a subtest named by its ID.
func TestClient(t *testing.T, target ClientTarget) {
	t.Helper()
	testAll(t, Client, func(c Case) Result { return c.RunClient(t.Context(), target) })
}

func testAll(t *testing.T, side Side, run func(Case) Result) {
	t.Helper()
	for _, c := range selectCases(nil, side) {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			switch r := run(c); r.Verdict {
			case Fail:
				t.Errorf("%s\nRFC %s\nexpected %s\ngot      %s", c.Name, c.RFC, r.Expected, r.Got)
			case NotApplicable:
				t.Logf("not applicable: %s", r.Got)
			}
		})
	}
}

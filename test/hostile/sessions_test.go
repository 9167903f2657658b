package hostile

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

var aSession = regexp.MustCompile(`"session":\{"id":"([^"]+)","secret":"([^"]+)"\}`)

// join connects with what else there is to say, and returns the session.
func (c *talker) join(fields string) (id, secret, answer string) {
	c.t.Helper()
	c.say(`{"id":1,"connect":{` + fields + `}}`)
	answer = c.next()
	if found := aSession.FindStringSubmatch(answer); found != nil {
		return found[1], found[2], answer
	}
	return "", "", answer
}

func TestASessionThatIsNotOnesOwnIsNotResumed(t *testing.T) {
	n, elsewhere := newNode(t, nil), newNode(t, nil)
	ada := `"token":"` + tokenOf(t, signing, adas()) + `"`
	owner := n.talk(t, "holdfast.v1.json")
	id, secret, _ := owner.join(ada)
	ofBob, bobs, _ := n.talk(t, "holdfast.v1.json").join(`"token":"` + tokenOf(t, signing, as("bob")) + `"`)
	_, foreign, _ := elsewhere.talk(t, "holdfast.v1.json").join(ada)
	_, nobodys, _ := n.talk(t, "holdfast.v1.json").join("")
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int) string {
		b := append([]byte(nil), raw...)
		b[at] ^= 1
		return base64.RawURLEncoding.EncodeToString(b)
	}
	root := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "ada", "bob", 1)))
	for _, in := range []struct{ name, id, secret string }{
		{"a session that there is not", "AAAAAAAAAAAAAAAA", secret},
		{"a secret that is made up", id, strings.Repeat("A", len(secret))},
		{"a secret that is cut", id, secret[:len(secret)-4]},
		{"a secret with something behind", id, secret + "AAAA"},
		{"a secret with padding", id, secret + "=="},
		{"the secret of another session", id, bobs},
		{"the secret of a session of nobody", id, nobodys},
		{"another session with one's own secret", ofBob, secret},
		{"the secret of another server", id, foreign},
		{"a changed version", id, change(0)},
		{"a changed node", id, change(1)},
		{"a changed time", id, change(20)},
		{"a changed identity", id, change(40)},
		{"another user", id, root},
		{"a changed signature", id, change(len(raw) - 1)},
		{"no signature", id, base64.RawURLEncoding.EncodeToString(raw[:len(raw)-32])},
		{"the id in lower case", strings.ToLower(id), secret},
	} {
		t.Run(in.name, func(t *testing.T) {
			fresh, _, answer := n.talk(t, "holdfast.v1.json").join(fmt.Sprintf(`"session":{"id":%q,"secret":%q}`, in.id, in.secret))
			if fresh == "" || fresh == id || fresh == ofBob || !strings.Contains(answer, `"resumed":false,"why":"unknown"`) || strings.Contains(answer, `"user"`) {
				t.Errorf("got %s", answer)
			}
			n.flows(t)
		})
	}
	owner.say(`{"id":2,"ping":{}}`)
	if got := owner.hear(); got != `{"id":2,"ok":{}}` {
		t.Errorf("the owner is answered with %s", got)
	}
}

func TestASessionIsWhereItWasResumedLast(t *testing.T) {
	n := newNode(t, nil)
	first := n.talk(t, "holdfast.v1.json")
	id, secret, _ := first.join("")
	session := fmt.Sprintf(`"session":{"id":%q,"secret":%q}`, id, secret)
	for range 3 {
		next := n.talk(t, "holdfast.v1.json")
		if again, _, answer := next.join(session); again != id || !strings.Contains(answer, `"resumed":true`) {
			t.Fatalf("got %s", answer)
		}
		if got := first.hear(); got != "close 4409 a newer connection has taken over the session" {
			t.Errorf("the one before: %s", got)
		}
		first = next
	}
	n.flows(t)
}

package compression

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

var (
	names = strings.Fields("alice bastien chiara dmitri elif farid grace hiro ines jonas kavya liam maja nora omar priya rosa sven tariq uma")
	words = strings.Fields(`the of and to in is that it was for on are as with they be at this have from or had by but some
		what there we can out other were all your when up use how said an each which do their time if will way about many then
		them would write like so these long make thing see him two has look more day could go come did number no most people
		my over know water than call first who may down side been now find any new work part take get place made live where
		after back little only round year came show every good me give our under name very through just form great think say
		deploy branch ticket review release rollback latency meeting lunch tomorrow thanks weird broken fixed`)
)

// chat returns n messages as a chat server sends them: JSON with identifiers, a clock, and sentences
// that do not repeat.
func chat(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	messages := make([][]byte, n)
	for i := range messages {
		now = now.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
		var text []string
		for range 3 + r.IntN(20) {
			text = append(text, words[r.IntN(len(words))])
		}
		who := r.IntN(len(names))
		messages[i] = fmt.Appendf(nil, `{"type":"message","id":"%016x","room":"lobby","from":{"id":%d,"name":%q},"at":%q,"text":%q}`,
			r.Uint64(), 1000+who, names[who], now.Format(time.RFC3339Nano), strings.Join(text, " "))
	}
	return messages
}

package deflate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// chat makes the messages of a busy chat server as JSON: five kinds, 100 to 300 bytes each, with
// fresh identifiers, advancing clocks, a few dozen people and sentences that do not repeat.
type chat struct {
	rnd    *rand.Rand
	now    time.Time
	people []person
	rooms  []string
	seq    int
}

type person struct{ id, name string }

const chatWords = `the of and to in is that it was for on are as with they be at one have this from or had by not but some what there we can out other were all your when up use word how said an each she which do their time if will way about many then them would write like so these her long make thing see him two has look more day could go come did my sound no most number who over know water than call first people may down side been now find any new work part take get place made live where after back little only round man year came show every good me give our under name very through just form much great think say help low line before turn cause same mean differ move right boy old too does tell sentence set three want air well also play small end put home read hand port large spell add even land here must big high such follow act why ask men change went light kind off need house picture try us again animal point mother world near build self earth father deploy merge review branch ticket release rollback latency meeting coffee lunch tomorrow sorry thanks okay great weird broken fixed`

const base32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func newChat(seed uint64) *chat {
	c := &chat{rnd: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC), seq: 48000}
	first := strings.Fields("Alice Bastien Chiara Dmitri Elif Farid Grace Hiro Ines Jonas Kavya Liam Maja Nora Omar Priya Quentin Rosa Sven Tariq Uma Viktor Wen Ximena Yusuf Zoë")
	last := strings.Fields("Moreau Okafor Lindqvist Tanaka García Novak Haddad Silva Weber Kowalska Nguyen Brandt Ito Demir Rossi")
	for range 40 {
		name := first[c.rnd.IntN(len(first))] + " " + last[c.rnd.IntN(len(last))]
		c.people = append(c.people, person{c.token(8), name})
	}
	c.rooms = strings.Fields("lobby engineering random support design on-call")
	return c
}

func (c *chat) token(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = base32[c.rnd.IntN(len(base32))]
	}
	return string(b)
}

func (c *chat) sentence(atLeast int) string {
	words := strings.Fields(chatWords)
	var b strings.Builder
	for b.Len() < atLeast {
		b.WriteString(words[c.rnd.IntN(len(words))])
		b.WriteByte(" ,"[c.rnd.IntN(12)/11])
	}
	return b.String()
}

// next returns the next message.
func (c *chat) next() []byte {
	c.now = c.now.Add(time.Duration(c.rnd.IntN(4_000_000)) * time.Microsecond)
	c.seq += 1 + c.rnd.IntN(3)
	who := c.people[int(c.rnd.ExpFloat64()*8)%len(c.people)]
	room := c.rooms[int(c.rnd.ExpFloat64()*2)%len(c.rooms)]
	ulid := fmt.Sprintf("01JP%c%s", base32[c.now.Second()/2], c.token(21))
	at := c.now.Format("2006-01-02T15:04:05.000Z")
	switch k := c.rnd.IntN(20); {
	case k < 13:
		return fmt.Appendf(nil, `{"type":"message","channel":"chat/%s","offset":%d,"data":{"id":"%s","user":{"id":"u_%s","name":"%s"},"text":"%s","sent_at":"%s"}}`,
			room, c.seq, ulid, who.id, who.name, c.sentence(10+c.rnd.IntN(100)), at)
	case k < 15:
		return fmt.Appendf(nil, `{"type":"typing","channel":"chat/%s","data":{"user":{"id":"u_%s","name":"%s"},"until":"%s"}}`,
			room, who.id, who.name, at)
	case k < 17:
		return fmt.Appendf(nil, `{"type":"reaction","channel":"chat/%s","offset":%d,"data":{"to":"%s","user":{"id":"u_%s","name":"%s"},"emoji":":%s:","sent_at":"%s"}}`,
			room, c.seq, ulid, who.id, who.name, strings.Fields("+1 heart joy tada eyes rocket")[c.rnd.IntN(6)], at)
	case k < 19:
		return fmt.Appendf(nil, `{"type":"presence","channel":"chat/%s","data":{"event":"%s","user":{"id":"u_%s","name":"%s"},"connections":%d,"at":"%s"}}`,
			room, strings.Fields("join leave")[c.rnd.IntN(2)], who.id, who.name, 1+c.rnd.IntN(4), at)
	default:
		return fmt.Appendf(nil, `{"type":"metrics","channel":"ops/%s","data":{"node":"n%d","cpu":%.3f,"rss":%d,"clients":%d,"p99_ms":%.2f,"at":"%s"}}`,
			room, 1+c.rnd.IntN(3), c.rnd.Float64(), 40_000_000+c.rnd.IntN(9_000_000), 1000+c.rnd.IntN(300), 2+c.rnd.Float64()*3, at)
	}
}

// chatMessages returns n consecutive messages of one chat.
func chatMessages(n int) [][]byte {
	c := newChat(1)
	all := make([][]byte, n)
	for i := range all {
		all[i] = c.next()
	}
	return all
}

package signalr

import (
	"fmt"
	pathpkg "path"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
)

// Hub is a URL that clients connect to, and what is invoked there: what their methods mean for channels, and which methods
// of theirs the messages of channels invoke.
type Hub struct {
	path      string
	subscribe []channel.Name
	methods   map[string]*method // by name in lower case: clients are not particular about it
	targets   []target           // the first that matches counts
}

// verb is what a method does with a channel.
type verb string

const (
	publishes    verb = "publish"
	subscribes   verb = "subscribe"
	unsubscribes verb = "unsubscribe"
)

// method is a method of a hub that the configuration names.
type method struct {
	does verb
	to   template
}

// target is the clients' method that is invoked with the messages of channels.
type target struct {
	channels channel.Pattern
	method   string
}

// groups are the methods that every hub has unless the configuration has others of their names: a group is a channel.
var groups = []string{"JoinGroup=subscribe {0}", "LeaveGroup=unsubscribe {0}", "SendToGroup=publish {0}"}

// NewHub returns the hub at a path. Every client is subscribed to the channels of subscribe from the beginning. methods
// says what methods do, each as in "SendMessage=publish chat/lobby" or "JoinRoom=subscribe rooms/{0}", where {0} is the
// first argument; what publishes sends its other arguments, as a JSON array. messages says which method of the clients the messages of
// channels invoke, as in "rooms/+=ReceiveMessage", with the elements of the array as arguments; other channels' invoke
// message(channel, data, meta).
func NewHub(path string, subscribe, methods, messages []string) (*Hub, error) {
	h := &Hub{path: path, methods: make(map[string]*method)}
	if !strings.HasPrefix(path, "/") || pathpkg.Clean(path) != path || strings.ContainsAny(path, "?#%{}") {
		return nil, fmt.Errorf("the path %q has to begin with /, not to end with it, and to be without //, ., .., ?, #, %%, { and }", path)
	}
	for _, s := range subscribe {
		name, err := channel.Parse(s)
		if err != nil {
			return nil, err
		}
		h.subscribe = append(h.subscribe, name)
	}
	for i, line := range append(groups[:len(groups):len(groups)], methods...) {
		name, m, err := parseMethod(line)
		if err != nil {
			return nil, err
		}
		key := strings.ToLower(name)
		if builtin[key] != nil || i >= len(groups) && h.methods[key] != nil && !isGroup(key) {
			return nil, fmt.Errorf("the method %s is there already; give this one another name", name)
		}
		h.methods[key] = m
	}
	for _, line := range messages {
		pattern, name, ok := strings.Cut(line, "=")
		channels, err := channel.ParsePattern(strings.TrimSpace(pattern))
		if err != nil {
			return nil, err
		}
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("%q does not say which method is invoked; write it as in rooms/+=ReceiveMessage", line)
		}
		h.targets = append(h.targets, target{channels, name})
	}
	return h, nil
}

func isGroup(key string) bool {
	return key == "joingroup" || key == "leavegroup" || key == "sendtogroup"
}

func parseMethod(line string) (name string, m *method, err error) {
	name, does, ok := strings.Cut(line, "=")
	word, to, _ := strings.Cut(strings.TrimSpace(does), " ")
	name = strings.TrimSpace(name)
	if !ok || name == "" || word != string(publishes) && word != string(subscribes) && word != string(unsubscribes) {
		return "", nil, fmt.Errorf("%q does not say what a method does; write it as in SendMessage=publish chat/lobby (publish, subscribe or unsubscribe)", line)
	}
	t, err := parseTemplate(strings.TrimSpace(to))
	if err != nil {
		return "", nil, fmt.Errorf("%q: %w", line, err)
	}
	return name, &method{verb(word), t}, nil
}

// targetOf returns the clients' method that the messages of a channel invoke, "" for the general one.
func (h *Hub) targetOf(name channel.Name) string {
	for _, t := range h.targets {
		if t.channels.Matches(name) {
			return t.method
		}
	}
	return ""
}

// template is a channel's name, some segments of which are arguments.
type template struct {
	segments []string
	argument []int // which argument a segment is, -1 for none
	most     int   // arguments that it takes
}

func parseTemplate(s string) (t template, err error) {
	sample := []string{}
	for segment := range strings.SplitSeq(s, "/") {
		at := -1
		if inner, ok := strings.CutPrefix(segment, "{"); ok {
			if at, err = strconv.Atoi(strings.TrimSuffix(inner, "}")); err != nil || at < 0 || at >= hubproto.MaxArguments || !strings.HasSuffix(inner, "}") {
				return t, fmt.Errorf("%s is no argument; the first is {0}", segment)
			}
			t.most = max(t.most, at+1)
			sample = append(sample, "x")
		} else {
			sample = append(sample, segment)
		}
		t.segments, t.argument = append(t.segments, segment), append(t.argument, at)
	}
	_, err = channel.Parse(strings.Join(sample, "/"))
	return t, err
}

// expand returns the channel that the template names with arguments, and the other arguments. An argument is one segment; if it is
// the whole template, it is a whole name.
func (t *template) expand(arguments []hubproto.Value) (name channel.Name, others []hubproto.Value, err error) {
	if len(arguments) < t.most {
		return "", nil, fmt.Errorf("the method takes %d arguments at least, and has %d", t.most, len(arguments))
	}
	taken := make([]bool, len(arguments))
	segments := make([]string, len(t.segments))
	for i, at := range t.argument {
		if at < 0 {
			segments[i] = t.segments[i]
			continue
		}
		text, ok := arguments[at].Text()
		if !ok || len(t.segments) > 1 && strings.Contains(text, "/") {
			return "", nil, fmt.Errorf("argument %d is part of a channel's name: text without a slash", at)
		}
		segments[i], taken[at] = text, true
	}
	for i, a := range arguments {
		if !taken[i] {
			others = append(others, a)
		}
	}
	name, err = channel.Parse(strings.Join(segments, "/"))
	return name, others, err
}

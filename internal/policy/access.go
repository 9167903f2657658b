package policy

import (
	"strings"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Access says who may do what with the channels of a rule. The zero value lets nobody do anything
// without a grant.
type Access struct {
	Subscribe Who // get what is published
	Publish   Who
	Presence  Who // see who is there
	History   Who // read what is kept
}

// Open lets everybody do everything.
var Open = Access{Anyone, Anyone, Anyone, Anyone}

// Who is a circle of clients. Where a rule has a channel's owner in its pattern, it means the owner alone.
type Who string

const (
	Anyone  Who = "anyone"  // also those whom the server does not know
	Users   Who = "users"   // whoever has shown who it is
	Granted Who = "granted" // whose token names the channel; the zero value means the same
	Nobody  Who = "nobody"  // whatever a token says; backends with a key of the server's are not concerned
)

// user is the segment of a rule's pattern that stands for the name of a channel's owner.
const user = "{user}"

// ParseChannels reads the pattern of a rule, in which a segment may be {user}. owner is the index of that
// segment, or -1.
func ParseChannels(s string) (p channel.Pattern, owner int, err error) {
	segments := strings.Split(s, "/")
	for i, segment := range segments {
		if segment == user && owner == 0 {
			owner, segments[i] = i+1, "+"
		}
	}
	p, err = channel.ParsePattern(strings.Join(segments, "/"))
	return p, owner, err
}

// Name returns the rule's pattern as it was written, for people.
func (r *Rule) Name() string {
	if r.Owner == 0 {
		return string(r.Channels)
	}
	segments := strings.Split(string(r.Channels), "/")
	segments[r.Owner-1] = user
	return strings.Join(segments, "/")
}

// OwnedBy tells whether every channel that p selects belongs to a user, as far as the rule has owners: its
// channels do not belong to anybody else then.
func (r *Rule) OwnedBy(name string, p channel.Pattern) bool {
	if r.Owner == 0 {
		return true
	}
	segment := segmentAt(string(p), r.Owner-1)
	return name != "" && segment == name && segment != "+" && segment != "#"
}

// segmentAt returns a segment of a path, or "" if it has fewer.
func segmentAt(path string, index int) string {
	for ; index > 0; index-- {
		_, rest, more := strings.Cut(path, "/")
		if !more {
			return ""
		}
		path = rest
	}
	segment, _, _ := strings.Cut(path, "/")
	return segment
}

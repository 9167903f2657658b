package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Action is something that can be done with a channel; several are a set.
type Action uint8

// The actions, and their letters in a claim.
const (
	Subscribe Action = 1 << iota // r: get what is published. It lets read History too
	Publish                      // w
	Presence                     // p: see who is there
	History                      // h: read what is kept
)

// letters are those of a claim, in the order in which they are written.
//
// Subscribing includes history: who subscribes with a position is sent what is kept since then, or
// no client could come back without loss. To withhold the same from another command would be a pretence.
var letters = []struct {
	letter rune
	means  Action
}{
	{'r', Subscribe | History},
	{'w', Publish},
	{'p', Presence},
	{'h', History},
}

// whatLetters ends a sentence about letters that are wrong.
const whatLetters = "write r (subscribe, and history), w (publish), p (presence) or h (history alone)"

// maxGrants bounds the patterns of one identity, and so what a decision costs.
const maxGrants = 256

// userPlaceholder is the segment of a pattern that stands for the user's name.
const userPlaceholder = "{user}"

// Grants are what may be done, by patterns of channels: whatever at least one of them allows. They
// never change. The zero value allows nothing.
type Grants struct {
	all []grant
}

type grant struct {
	pattern channel.Pattern
	prefix  string // what every name that the pattern selects begins with
	allows  Action
}

func newGrant(pattern channel.Pattern, allows Action) grant {
	prefix := string(pattern)
	// A segment that only begins with + or ends with # makes the prefix shorter than it could be.
	if at := strings.Index("/"+prefix, "/+"); at >= 0 {
		prefix = prefix[:at]
	}
	prefix = strings.TrimSuffix(strings.TrimSuffix(prefix, "#"), "/")
	return grant{pattern, prefix, allows}
}

// NewGrants reads grants as they are in a token: letters by pattern, as in {"chat/#": "rw"}. A segment
// {user} of a pattern stands for the user's name. If the name can't be a segment, because it has a slash,
// means something in a pattern or is too long, the grant is for no channel at all.
func NewGrants(claim map[string]string, user string) (Grants, error) {
	if len(claim) > maxGrants {
		return Grants{}, fmt.Errorf("there are %d patterns of channels, and there may be %d; write wider ones", len(claim), maxGrants)
	}
	all := make([]grant, 0, len(claim))
	for _, written := range slices.Sorted(maps.Keys(claim)) {
		allows, err := parseActions(claim[written])
		if err != nil {
			return Grants{}, fmt.Errorf("the grant for %s: %w", quote(written), err)
		}
		pattern, ok := expand(written, user)
		if !ok {
			continue
		}
		p, err := channel.ParsePattern(pattern)
		if err != nil {
			return Grants{}, err
		}
		if same := slices.IndexFunc(all, func(g grant) bool { return g.pattern == p }); same >= 0 {
			all[same].allows |= allows
			continue
		}
		all = append(all, newGrant(p, allows))
	}
	return Grants{all}, nil
}

// ParseGrants reads grants as they are on a command line: "chat/#=rw".
func ParseGrants(list []string) (map[string]string, error) {
	claim := make(map[string]string, len(list))
	for _, one := range list {
		at := strings.LastIndexByte(one, '=')
		if at < 0 {
			return nil, fmt.Errorf(`%s has no letters; write PATTERN=LETTERS, as in "chat/#=rw"`, quote(one))
		}
		pattern, actions := one[:at], one[at+1:]
		if _, twice := claim[pattern]; twice {
			return nil, fmt.Errorf("there are two grants for %s; write one with all letters", quote(pattern))
		}
		claim[pattern] = actions
	}
	_, err := NewGrants(claim, "somebody")
	return claim, err
}

// expand puts the user's name into a pattern, and reports whether that is possible.
func expand(pattern, user string) (string, bool) {
	if !strings.Contains(pattern, userPlaceholder) {
		return pattern, true
	}
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		if segment != userPlaceholder {
			continue
		}
		if _, err := channel.Parse(user); err != nil || strings.Contains(user, "/") {
			return "", false
		}
		segments[i] = user
	}
	expanded := strings.Join(segments, "/")
	return expanded, len(expanded) <= channel.MaxNameBytes
}

func parseActions(text string) (Action, error) {
	var allows Action
	for _, r := range text {
		var means Action
		for _, l := range letters {
			if l.letter == r {
				means = l.means
			}
		}
		if means == 0 {
			return 0, fmt.Errorf("%s is not understood; %s", quote(text), whatLetters)
		}
		allows |= means
	}
	if allows == 0 {
		return 0, fmt.Errorf("it has no letters; %s", whatLetters)
	}
	return allows, nil
}

// Allows tells whether all of the action may be done with a channel. It allocates nothing; the cost
// grows with the number of grants.
func (g Grants) Allows(action Action, name channel.Name) bool {
	return g.AllowsPattern(action, name.Pattern())
}

// AllowsPattern tells whether the action may be done with every channel that a pattern selects. It
// takes one grant that is at least as wide: several that are only together are not looked for.
func (g Grants) AllowsPattern(action Action, p channel.Pattern) bool {
	for i := range g.all {
		one := &g.all[i]
		// The prefix settles most of them, at a tenth of the cost.
		if one.allows&action == action && strings.HasPrefix(string(p), one.prefix) && one.pattern.Covers(p) {
			return true
		}
	}
	return false
}

// Covers tells whether g allows all that other does, or else what it does not, as "PATTERN=LETTERS".
func (g Grants) Covers(other Grants) (without string, ok bool) {
	for _, one := range other.all {
		for _, l := range letters {
			if one.allows&l.means == l.means && !g.AllowsPattern(l.means, one.pattern) {
				return string(one.pattern) + "=" + string(l.letter), false
			}
		}
	}
	return "", true
}

// None tells whether nothing is allowed.
func (g Grants) None() bool { return len(g.all) == 0 }

// IsZero is None, for omitzero.
func (g Grants) IsZero() bool { return g.None() }

// Patterns returns the patterns that there are grants for.
func (g Grants) Patterns() []channel.Pattern {
	all := make([]channel.Pattern, len(g.all))
	for i, one := range g.all {
		all[i] = one.pattern
	}
	return all
}

// Claim returns the grants as they are in a token. {user} has been replaced.
func (g Grants) Claim() map[string]string {
	claim := make(map[string]string, len(g.all))
	for _, one := range g.all {
		claim[string(one.pattern)] = one.allows.String()
	}
	return claim
}

// String returns the fewest letters that mean the actions.
func (a Action) String() string {
	var b strings.Builder
	for _, l := range letters {
		if a&l.means == l.means {
			b.WriteRune(l.letter)
			a &^= l.means
		}
	}
	return b.String()
}

// MarshalJSON writes the grants as [Grants.Claim] returns them.
func (g Grants) MarshalJSON() ([]byte, error) {
	return json.Marshal(g.Claim(), json.Deterministic(true))
}

// UnmarshalJSON reads what MarshalJSON has written.
func (g *Grants) UnmarshalJSON(text []byte) error {
	claim := map[string]string{}
	if err := json.Unmarshal(text, &claim); err != nil {
		return err
	}
	read, err := NewGrants(claim, "")
	if err == nil {
		*g = read
	}
	return err
}

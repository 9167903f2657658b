package broker

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestAChannelsSubjectCanBeReadByAPerson(t *testing.T) {
	for name, want := range map[channel.Name]string{
		"chat":                "chat._",
		"chat/lobby":          "chat.lobby._",
		"großer/Saal 1":       "großer.Saal=201._",
		"v1.2/a*b/c>d/e=f":    "v1=2e2.a=2ab.c=3ed.e=3df._",
		"chat/_":              "chat._._",
		"no-break\u00a0space": "no-break\u00a0space._",
	} {
		if got := string(appendChannel(nil, name)); got != want {
			t.Errorf("the subject of %q is %q, want %q", name, got, want)
		}
	}
}

func TestALogsStreamIsALowerCaseDirectoryName(t *testing.T) {
	got, err := logToken("Chat/+/#")
	if want := "=43hat=2f=2b=2f=23"; err != nil || got != want {
		t.Errorf("logToken = %q, %v; want %q", got, err, want)
	}
	if _, err := logToken(strings.Repeat("#", 100)); err == nil {
		t.Error("a name that is too long for a directory is taken")
	}
	if _, err := logToken(""); err == nil {
		t.Error("an empty name is taken")
	}
}

// segment draws what channels are made of, with a liking for what NATS gives a meaning.
var segment = rapid.OneOf(
	rapid.SampledFrom([]string{"_", "a", "A", "=", "=2e", "$JS", "a.b", "*x", ">x", "x>", "a b", "é", "日本", "{{1}}", "\u00a0", "\u2028", `"\`}),
	rapid.StringN(1, 6, 24),
)

func name(t *rapid.T) channel.Name {
	for {
		n, err := channel.Parse(strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "segments"), "/"))
		if err == nil {
			return n
		}
	}
}

func pattern(t *rapid.T) channel.Pattern {
	for {
		segments := rapid.SliceOfN(rapid.OneOf(segment, rapid.Just("+")), 0, 4).Draw(t, "segments")
		if rapid.Bool().Draw(t, "open end") {
			segments = append(segments, "#")
		}
		p, err := channel.ParsePattern(strings.Join(segments, "/"))
		if err == nil {
			return p
		}
	}
}

func TestAChannelIsReadBackFromItsSubject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := name(t)
		subject := string(appendChannel([]byte(logPrefix+"x."), n))
		if !server.IsValidPublishSubject(subject) || strings.ContainsAny(subject, " \t\r\n") {
			t.Fatalf("NATS refuses the subject %q of %q", subject, n)
		}
		back, err := parseChannel(strings.TrimPrefix(subject, logPrefix+"x."))
		if err != nil || back != n {
			t.Fatalf("%q became %q and then %q (%v)", n, subject, back, err)
		}
	})
}

func TestALogIsReadBackFromItsStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(1, -1, 80).Draw(t, "name")
		token, err := logToken(name)
		if err != nil {
			t.Fatal(err)
		}
		back, err := unescape(token)
		if err != nil || back != name || strings.ToLower(token) != token || strings.ContainsAny(token, `./\*> `) {
			t.Fatalf("%q became %q and then %q (%v)", name, token, back, err)
		}
	})
}

func TestNATSSelectsByAFilterWhatThePatternSelects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, n := pattern(t), name(t)
		if rapid.Bool().Draw(t, "related") { // or they seldom match
			if related, err := channel.Parse(strings.NewReplacer("+", "any", "/#", "", "#", "any").Replace(string(p))); err == nil {
				n = related
			}
		}
		filter, subject := filter("l.", p), string(appendChannel([]byte("l."), n))
		if !server.IsValidSubject(filter) {
			t.Fatalf("NATS refuses the filter %q of %q", filter, p)
		}
		if got, want := server.SubjectsCollide(filter, subject), p.Matches(n); got != want {
			t.Fatalf("%q selects %q: %v; its filter %q selects %q: %v", p, n, want, filter, subject, got)
		}
	})
}

func FuzzParseChannel(f *testing.F) {
	for _, seed := range []string{"chat.lobby._", "=2e._", "=._", "=2._", "=2f._", "a..b._", "_", "._", "a=3D._"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		n, err := parseChannel(subject)
		if err != nil {
			return
		}
		if back := string(appendChannel(nil, n)); back != subject {
			t.Errorf("%q was read as %q, which is written %q", subject, n, back)
		}
	})
}

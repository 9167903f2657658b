package auth

import (
	stdjson "encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestAnIdentitySurvivesBeingWrittenInAFewBytes(t *testing.T) {
	for name, test := range map[string]struct {
		id   Identity
		most int // bytes
	}{
		"of nobody": {Identity{}, 2},
		"of a user": {Identity{
			User: "ada", Grants: mustGrants(t, map[string]string{"chat/#": "rw", "inbox/{user}": "r"}, "ada"), Info: `{"name":"Ada"}`,
			TokenID: "t1", Issued: time.Unix(1795269600, 0).UTC(), Expires: time.Unix(1795273200, 0).UTC(), By: `key "2026-11"`,
		}, 180},
	} {
		text := must(stdjson.Marshal(test.id))
		var again Identity
		if err := stdjson.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, test.id) {
			t.Errorf("%s: %s is read as %+v, %v", name, text, again, err)
		}
		if len(text) > test.most {
			t.Errorf("%s: %d bytes: %s", name, len(text), text)
		}
	}
}

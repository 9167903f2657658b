package protocol

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestAClientIgnoresWhatItDoesNotKnow(t *testing.T) {
	got, err := JSON.DecodeServer([]byte(`[{"news":{"a":[1,{"b":null}]}},{"live":{"sub":1,"position":"5:e","mood":"good"}},
		{"id":3,"ok":{"offset":5,"epoch":"e","extra":[{}]},"cost":1},{"error":{"code":"own_code","message":"m","extra":1}}]`))
	if err != nil || len(got) != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if want := (&Live{Sub: 1, Position: Positions{{5, "e"}}}); !reflect.DeepEqual(got[0].Push, want) {
		t.Errorf("got %+v; want %+v", got[0].Push, want)
	}
	var ok PublishOK
	if err := got[1].Reply.Result(&ok); err != nil || ok != (PublishOK{Offset: 5, Epoch: "e"}) {
		t.Errorf("got %+v, %v", ok, err)
	}
	var refused *Error
	if err := got[2].Reply.Result(&ok); !errors.As(err, &refused) || refused.Code != "own_code" {
		t.Errorf("got %v", err)
	}
}

func TestAClientRefusesWhatTheServerCannotMean(t *testing.T) {
	for _, message := range []string{
		``, `{`, `5`, `{"live":{}}`, `{"live":{"sub":"one"}}`, `{"message":{"sub":1}}`, `{"message":{"sub":1,"data":"-","binary":true}}`,
		`{"error":{}}`, `{"move":{"after":-1,"spread":0}}`, `{"live":{"sub":1,"position":"x"}}`, `{"live":{"sub":1}} {}`,
	} {
		got, err := JSON.DecodeServer([]byte(message))
		var notTheServers *Error
		if err == nil || errors.As(err, &notTheServers) {
			t.Errorf("%s is read as %+v, %v", message, got, err)
		}
	}
	got, err := JSON.DecodeServer([]byte(`{"id":1,"ok":{"sub":"x"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := got[0].Reply.Result(new(SubscribeOK)); err == nil || !strings.Contains(err.Error(), `"sub"`) {
		t.Errorf("a result of the wrong type: %v", err)
	}
}

func TestRepliesAndPushesShareAnArrayInTheirOrder(t *testing.T) {
	for _, e := range encodings {
		message := e.Join(nil, e.AppendOK(nil, 1, &SubscribeOK{Sub: 1}), e.AppendPush(nil, &Live{Sub: 1}), e.AppendError(nil, 2, Errorf(CodeInternal, "broken")))
		got, err := e.DecodeServer(message)
		if err != nil || len(got) != 3 || got[0].Reply == nil || got[1].Push == nil || got[2].Reply == nil || !got[2].Reply.Err.Retry {
			t.Errorf("%v: got %+v, %v", e, got, err)
		}
	}
}

func TestAFieldThatAClientNeedsMayComeBehindManyThatItDoesNotKnow(t *testing.T) {
	var fields strings.Builder
	for i := range 100 {
		fmt.Fprintf(&fields, `"new%d":%d,`, i, i)
	}
	got, err := JSON.DecodeServer([]byte(`{"live":{` + fields.String() + `"sub":5}}`))
	if want := (&Live{Sub: 5}); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0].Push, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

package door

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

func TestAnErrorMeansTheSameOnEveryEdge(t *testing.T) {
	for _, test := range []struct {
		err  error
		want Verdict
	}{
		{&session.LimitError{Limit: "limits.messages", After: 3 * time.Second}, Verdict{"limits.messages", protocol.CodeRateLimited, http.StatusTooManyRequests, 3 * time.Second}},
		{&session.DeniedError{Known: true}, Verdict{"not_permitted", protocol.CodeNotPermitted, http.StatusForbidden, 0}},
		{&session.DeniedError{}, Verdict{"not_permitted", protocol.CodeUnauthorized, http.StatusUnauthorized, 0}},
		{&auth.Error{Code: auth.TokenExpired}, Verdict{"token_expired", protocol.CodeTokenExpired, http.StatusUnauthorized, 0}},
		{&auth.Error{Code: auth.Unavailable}, Verdict{"unavailable", protocol.CodeUnavailable, http.StatusServiceUnavailable, retrySoon}},
		{&session.InvalidDataError{}, Verdict{"invalid_data", protocol.CodeInvalidData, http.StatusUnprocessableEntity, 0}},
		{fmt.Errorf("wrapped: %w", &session.TooLargeError{}), Verdict{"too_large", protocol.CodeTooLarge, http.StatusRequestEntityTooLarge, 0}},
		{broker.ErrTooLarge, Verdict{"too_large", protocol.CodeTooLarge, http.StatusRequestEntityTooLarge, 0}},
		{broker.ErrFull, Verdict{"log_full", protocol.CodeLogFull, http.StatusInsufficientStorage, retrySoon}},
		{broker.ErrUnavailable, Verdict{"log_unavailable", protocol.CodeLogUnavailable, http.StatusServiceUnavailable, retrySoon}},
		{session.ErrNoHistory, Verdict{"no_history", protocol.CodeNoHistory, http.StatusNotFound, 0}},
		{session.ErrClosing, Verdict{"shutting_down", protocol.CodeShuttingDown, http.StatusServiceUnavailable, retrySoon}},
		{&RequestError{Kind: "host", Status: http.StatusMisdirectedRequest, Err: errors.New("no")}, Verdict{"host", protocol.CodeBadCommand, http.StatusMisdirectedRequest, 0}},
		{errors.New("something else"), Verdict{"internal", protocol.CodeInternal, http.StatusInternalServerError, retrySoon}},
	} {
		if got := VerdictOf(test.err); got != test.want {
			t.Errorf("%v: got %+v, want %+v", test.err, got, test.want)
		}
	}
}

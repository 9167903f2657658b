package broker

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

// Errors of appending and reading. What is returned wraps one of them and says more.
var (
	// ErrUnavailable says that the log did not answer. The same call may succeed later. A message
	// whose Append ends with it may have been stored all the same: repeat it with the same ID.
	ErrUnavailable = errors.New("the log of the channel cannot be reached now; try again")

	// ErrFull says that the log has no room for the message, which was not stored. The same call
	// may succeed when there is room again.
	ErrFull = errors.New("the log of the channel is full; try again later")

	// ErrTooLarge says that the message is larger than the log takes. It will never be stored.
	ErrTooLarge = errors.New("the message is larger than the log takes")

	// ErrNotLast says that the channel has got another message meanwhile, so that AppendAfter stored none.
	ErrNotLast = errors.New("the channel has got another message meanwhile")
)

// ErrNoPurge says that the log was made when channels could not be purged, and keeps what it has until it expires.
var ErrNoPurge = errors.New("the log was made by a version that could not purge channels, and keeps what it has")

// The codes of JetStream's errors that mean something to us (server/errors.json of nats-server).
const (
	codeInsufficientResources = 10023
	codeMemoryExceeded        = 10028
	codeNoMessage             = 10037
	codeStorageExceeded       = 10047
	codeMessageTooLarge       = 10054
	codeRollupFailed          = 10111
	codeWrongLast             = 10071
	codeHeaderTooLarge        = 10097
	codeWrongLastConstant     = 10164
)

// apiError is how JetStream says no.
type apiError struct {
	Code        int    `json:"err_code"`
	Description string `json:"description"`
}

// Error returns the server's words.
func (e *apiError) Error() string {
	return fmt.Sprintf("%s (JetStream error %d)", e.Description, e.Code)
}

// storeError turns the refusal to store a message into an error of ours.
func storeError(refusal *apiError) error {
	switch refusal.Code {
	case codeWrongLast, codeWrongLastConstant:
		return fmt.Errorf("%w (%w)", ErrNotLast, refusal)
	case codeInsufficientResources, codeMemoryExceeded, codeStorageExceeded:
		return fmt.Errorf("%w (%w)", ErrFull, refusal)
	case codeMessageTooLarge, codeHeaderTooLarge:
		return fmt.Errorf("%w (%w)", ErrTooLarge, refusal)
	case codeRollupFailed:
		return fmt.Errorf("%w (%w)", ErrNoPurge, refusal)
	}
	if engine.TellsNoRoom(refusal.Description) {
		return fmt.Errorf("%w (%w)", ErrFull, refusal)
	}
	return fmt.Errorf("%w (%w)", ErrUnavailable, refusal)
}

// engineError turns what keeps the embedded engine from storing into an error of ours.
func engineError(err error) error {
	if errors.Is(err, engine.ErrFull) {
		return fmt.Errorf("%w (%w)", ErrFull, err)
	}
	return fmt.Errorf("%w (%w)", ErrUnavailable, err)
}

// unmarshalAPI reads an answer of JetStream's API. A refusal is an *apiError.
func unmarshalAPI(answer []byte, into any) error {
	var refused struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(answer, &refused); err != nil {
		return fmt.Errorf("the answer of JetStream cannot be read: %w", err)
	}
	if refused.Error != nil {
		return refused.Error
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the answer of JetStream cannot be read: %w", err)
	}
	return nil
}

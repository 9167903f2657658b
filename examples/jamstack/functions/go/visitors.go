package functions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/holdfast-dev/holdfast/client/webhook"
)

// visitor is somebody who connects.
type visitor struct {
	Token string `json:"token"`
}

// identity says who that is.
type identity struct {
	User string `json:"user"`
}

// Visitors answers the hook for connect: who is this? The site has no accounts. Each browser keeps a random
// secret, and its user is the hash of that, which nobody else can claim. A site with accounts looks up its session
// or token here instead.
func Visitors(from *webhook.Verifier) http.Handler {
	return hook(from, func(_ context.Context, e event[visitor]) (any, error) {
		const fewest = 32 // characters of a secret that nobody guesses
		switch {
		case e.Data.Token == "":
			return nothing{}, nil // it may read
		case len(e.Data.Token) < fewest:
			return nil, &refusal{"unauthorized", "This visitor's secret is too short."}
		}
		sum := sha256.Sum256([]byte(e.Data.Token))
		return identity{"v" + hex.EncodeToString(sum[:8])}, nil
	})
}

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
)

func Example() {
	ctx := context.Background()
	key, err := auth.NewSecret("2026-11", []byte("a secret of at least thirty-two bytes"))
	if err != nil {
		panic(err)
	}
	a, err := auth.New(ctx, auth.Config{Keys: []auth.Key{key}, Leeway: 30 * time.Second, MaxLifetime: time.Hour})
	if err != nil {
		panic(err)
	}
	defer a.Close()

	token, err := key.Sign(auth.Claims{
		User:     "ada",
		Channels: map[string]string{"chat/#": "rw", "inbox/{user}": "r"},
		Issued:   time.Now(), Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest("GET", "/socket", nil)
	r.Header.Set("Sec-WebSocket-Protocol", "holdfast.v1.json, holdfast.token."+token)

	found, err := auth.FromRequest(r, auth.Sources{})
	if err != nil {
		panic(err)
	}
	who, err := a.Authenticate(ctx, found.Credentials)
	if err != nil {
		panic(err)
	}
	fmt.Println(who.User, "by", who.By, "asks for", found.Subprotocols)
	fmt.Println("publish to chat/lobby:", who.Grants.Allows(auth.Publish, "chat/lobby"))
	fmt.Println("subscribe to inbox/ada:", who.Grants.Allows(auth.Subscribe, "inbox/ada"))
	fmt.Println("subscribe to inbox/+:", who.Grants.AllowsPattern(auth.Subscribe, "inbox/+"))

	_, err = a.Authenticate(ctx, auth.Credentials{Token: token + "A"})
	if refused, ok := errors.AsType[*auth.Error](err); ok {
		fmt.Println(refused.Code, "by the check of the", refused.Check)
	}
	// Output:
	// ada by key "2026-11" asks for [holdfast.v1.json]
	// publish to chat/lobby: true
	// subscribe to inbox/ada: true
	// subscribe to inbox/+: false
	// unauthorized by the check of the signature
}

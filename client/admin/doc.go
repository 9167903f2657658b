// Package admin is for backends that look after a Holdfast server: they publish, read histories and presence, find
// clients, disconnect and revoke them, and make tokens, by the server API (docs/api.md).
//
//	c, err := admin.New("https://holdfast.example", os.Getenv("HOLDFAST_API_KEY"), nil)
//	…
//	_, err = c.Publish(ctx, admin.Message{Channel: "chat/lobby", Payload: admin.Text("hello")})
//
// A request is sent again when it may not have arrived, with the same Idempotency-Key, so that it counts once. What
// the server refuses is a [*Problem].
package admin

// Package auth says who a client is and what its token lets it do: JSON Web Tokens of pinned keys,
// keys from JWKS URLs, API keys of servers, names from client certificates, and what has been revoked.
//
// An [Authenticator] turns [Credentials], which [FromRequest] finds in a request, into an [Identity]
// with [Grants]. It decides nothing about channels: what the rules of the server say is for others.
//
//	found, err := auth.FromRequest(r, auth.Sources{Cookie: "holdfast"})
//	…
//	who, err := a.Authenticate(ctx, found.Credentials)
//	if refused, ok := errors.AsType[*auth.Error](err); ok {
//		log.Warn("refused", "error", refused) // with what only the operator may know
//		return protocol.Errorf(protocol.Code(refused.Code), "%s", refused.Message)
//	}
//	if !who.Grants.Allows(auth.Subscribe, "chat/lobby") { … }
//
// No error, log line or name of anything here holds a token, a key or a secret.
package auth

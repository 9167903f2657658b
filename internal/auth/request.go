package auth

import (
	"net/http"
	"strings"
)

// Sources says where a request may bring a token besides the headers Authorization, X-API-Key and
// Sec-WebSocket-Protocol.
type Sources struct {
	Cookie string // its name; "" for none
	Query  bool   // as token or access_token, where it ends up in logs and histories
}

// Found is what [FromRequest] finds.
type Found struct {
	Credentials

	// ByCookie tells that the browser has sent the credentials of its own accord, for whatever page. They
	// count only for pages of the server's own origin, which is for the caller to check: or else every page
	// could act for whoever visits it (cross-site WebSocket hijacking).
	ByCookie bool

	// Subprotocols are those that the client asks for, without the one that is a token, which must never be
	// answered.
	Subprotocols []string
}

// TokenSubprotocol begins the subprotocol that carries a token, for browsers, which can set no header:
// new WebSocket(url, ["holdfast.v1.json", "holdfast.token." + token]).
const TokenSubprotocol = "holdfast.token."

// FromRequest finds the credentials of a request. A cookie counts only without others. The client's
// certificate is not looked at. The error is an [*Error]: two tokens, or one in a query that may have none.
func FromRequest(r *http.Request, s Sources) (Found, error) {
	var f Found
	var places []string // where there are credentials
	note := func(place, value string, into *string) {
		places = append(places, place)
		*into = value
	}
	for _, value := range r.Header.Values("Authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			note("Authorization", strings.TrimSpace(token), &f.Token)
		}
	}
	for _, value := range r.Header.Values("X-API-Key") {
		note("X-API-Key", value, &f.APIKey)
	}
	for list := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		name := strings.TrimSpace(list)
		if token, ok := strings.CutPrefix(name, TokenSubprotocol); ok {
			note("Sec-WebSocket-Protocol", token, &f.Token)
		} else if name != "" {
			f.Subprotocols = append(f.Subprotocols, name)
		}
	}
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		for _, key := range []string{"token", "access_token"} {
			for _, value := range query[key] {
				if !s.Query {
					return Found{}, refuse(CheckCredentials, "the URL has a token (%s), which would end up in logs; send it in the header Authorization, as the subprotocol %sTOKEN or in connect, or allow it with auth.allow_query_token", key, TokenSubprotocol)
				}
				note("the query", value, &f.Token)
			}
		}
	}
	switch {
	case len(places) > 1:
		return Found{}, refuse(CheckCredentials, "the request has more than one token or API key (%s); send one", strings.Join(places[:2], ", "))
	case len(places) == 1 && f.Token == "" && f.APIKey == "":
		return Found{}, refuse(CheckCredentials, "the token in %s is empty; send one, or nothing at all", places[0])
	case len(places) == 0 && s.Cookie != "":
		if c, err := r.Cookie(s.Cookie); err == nil && c.Value != "" {
			f.Token, f.ByCookie = c.Value, true
		}
	}
	return f, nil
}

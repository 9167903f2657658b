package auth

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// request returns one with headers: name, value, name, ….
func request(query string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/socket"+query, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestCredentialsAreFoundWhereTheyMayBe(t *testing.T) {
	all := Sources{Cookie: "holdfast", Query: true}
	for name, test := range map[string]struct {
		r    *http.Request
		s    Sources
		want Found
	}{
		"nowhere":                        {request(""), all, Found{}},
		"in the header":                  {request("", "Authorization", "Bearer abc"), Sources{}, Found{Credentials: Credentials{Token: "abc"}}},
		"in the header, bearer":          {request("", "Authorization", "bearer  abc "), Sources{}, Found{Credentials: Credentials{Token: "abc"}}},
		"an API key in the header":       {request("", "Authorization", "Bearer hfk_x"), Sources{}, Found{Credentials: Credentials{Token: "hfk_x"}}},
		"in a header of its own":         {request("", "X-API-Key", "hfk_x"), Sources{}, Found{Credentials: Credentials{APIKey: "hfk_x"}}},
		"of another scheme":              {request("", "Authorization", "Basic YTpi"), all, Found{}},
		"in the cookie":                  {request("", "Cookie", "a=b; holdfast=abc"), all, Found{Credentials: Credentials{Token: "abc"}, ByCookie: true}},
		"in another cookie":              {request("", "Cookie", "token=abc"), all, Found{}},
		"in a cookie that is not named":  {request("", "Cookie", "holdfast=abc; =abc"), Sources{}, Found{}},
		"in the header before a cookie":  {request("", "Authorization", "Bearer abc", "Cookie", "holdfast=def"), all, Found{Credentials: Credentials{Token: "abc"}}},
		"in the query":                   {request("?since=0&token=abc"), all, Found{Credentials: Credentials{Token: "abc"}}},
		"in the query by its other name": {request("?access_token=abc"), all, Found{Credentials: Credentials{Token: "abc"}}},
		"in an escaped query":            {request("?%74oken=a%62c"), all, Found{Credentials: Credentials{Token: "abc"}}},
		"as a subprotocol": {
			request("", "Sec-WebSocket-Protocol", "holdfast.v1.json, holdfast.token.a.b.c"), Sources{},
			Found{Credentials: Credentials{Token: "a.b.c"}, Subprotocols: []string{"holdfast.v1.json"}},
		},
		"as the first of several lines": {
			request("", "Sec-WebSocket-Protocol", "holdfast.token.abc", "Sec-WebSocket-Protocol", "a,b"), Sources{},
			Found{Credentials: Credentials{Token: "abc"}, Subprotocols: []string{"a", "b"}},
		},
		"among others": {request("", "Sec-WebSocket-Protocol", "a, holdfast.tokens"), Sources{}, Found{Subprotocols: []string{"a", "holdfast.tokens"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FromRequest(test.r, test.s)
			if err != nil || got.Credentials != test.want.Credentials || got.ByCookie != test.want.ByCookie || !slices.Equal(got.Subprotocols, test.want.Subprotocols) {
				t.Errorf("token %q, API key %q, by cookie %t, subprotocols %q, %v", got.Token, got.APIKey, got.ByCookie, got.Subprotocols, err)
			}
		})
	}
}

func TestCredentialsThatContradictOrAreMisplacedAreRefused(t *testing.T) {
	const inURL = ", which would end up in logs; send it in the header Authorization, as the subprotocol holdfast.token.TOKEN or in connect, or allow it with auth.allow_query_token"
	for name, test := range map[string]struct {
		r       *http.Request
		s       Sources
		message string
	}{
		"two headers":            {request("", "Authorization", "Bearer a", "Authorization", "Bearer b"), Sources{}, "the request has more than one token or API key (Authorization, Authorization); send one"},
		"a header and a key":     {request("", "Authorization", "Bearer a", "X-API-Key", "hfk_x"), Sources{}, "the request has more than one token or API key (Authorization, X-API-Key); send one"},
		"a header and a query":   {request("?token=a", "Authorization", "Bearer a"), Sources{Query: true}, "the request has more than one token or API key (Authorization, the query); send one"},
		"two queries":            {request("?token=a&access_token=a"), Sources{Query: true}, "the request has more than one token or API key (the query, the query); send one"},
		"two subprotocols":       {request("", "Sec-WebSocket-Protocol", "holdfast.token.a,holdfast.token.b"), Sources{}, "the request has more than one token or API key (Sec-WebSocket-Protocol, Sec-WebSocket-Protocol); send one"},
		"an empty header":        {request("", "Authorization", "Bearer ", "Cookie", "holdfast=abc"), Sources{Cookie: "holdfast"}, "the token in Authorization is empty; send one, or nothing at all"},
		"an empty query":         {request("?token="), Sources{Query: true}, "the token in the query is empty; send one, or nothing at all"},
		"a query":                {request("?token=abc"), Sources{}, "the URL has a token (token)" + inURL},
		"another query":          {request("?access_token=abc"), Sources{}, "the URL has a token (access_token)" + inURL},
		"a query beside a token": {request("?token=abc", "Authorization", "Bearer a"), Sources{}, "the URL has a token (token)" + inURL},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FromRequest(test.r, test.s)
			wantRefused(t, err, Unauthorized, CheckCredentials, test.message)
			if got.Token != "" || got.APIKey != "" {
				t.Error("there are credentials all the same")
			}
			if strings.Contains(text(err), "abc") {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

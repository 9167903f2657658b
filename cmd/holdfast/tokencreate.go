package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/auth"
)

type tokenCreateOptions struct {
	tokenKeys
	user     string
	channels []string
	ttl      lifetime
	info     string
	id       string
	issuer   string
	audience string
	key      string // file
	keyID    string
	apiKey   string // name
	manage   bool
}

func newTokenCreate(std streams) *cobra.Command {
	o := tokenCreateOptions{ttl: lifetime(time.Hour)}
	cmd := &cobra.Command{
		Use:   "create [flags]",
		Short: "Make a token, or an API key",
		Long: `Make a token and print it. Channels are patterns with letters: r is subscribe and
history, w publish, p presence, h history alone. A segment {user} stands for the user's
name. With --api-key it makes an API key for a server instead, and prints it once, with
what to write into the configuration.`,
		Example: `  holdfast token create --user ada --channels 'chat/#=rw' --ttl 1h
  holdfast token create --user ada --channels 'inbox/{user}=r' --key private.pem
  holdfast token create --api-key backend --channels '#=rwp'`,
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			grants, err := auth.ParseGrants(o.channels)
			if err != nil {
				return fail(exitUsage, "--channels: %w", err)
			}
			switch {
			case o.apiKey != "" && o.user != "":
				return fail(exitUsage, "--user and --api-key are both given; an API key is a server's, and no user's")
			case o.apiKey != "":
				return o.createAPIKey(std, grants)
			case o.manage:
				return fail(exitUsage, "--manage is for an API key; name the server with --api-key NAME")
			case o.user == "":
				return fail(exitUsage, "token create needs --user NAME, or --api-key NAME; %s", advise(cmd, "", ""))
			}
			return o.createToken(std, grants)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.user, "user", "", "whom the token is for: `NAME`")
	flags.StringArrayVar(&o.channels, "channels", nil, "what may be done: `PATTERN=LETTERS`, as in chat/#=rw (repeatable)")
	flags.Var(&o.ttl, "ttl", "for how long the token counts; 0s for ever")
	flags.StringVar(&o.info, "info", "", "what others see of the user: JSON or `TEXT`")
	flags.StringVar(&o.id, "id", "", "the `ID` to revoke the token by (default a random one)")
	flags.StringVar(&o.issuer, "issuer", "", "`NAME` of who issues it (default the first of auth.issuers)")
	flags.StringVar(&o.audience, "audience", "", "`NAME` of the server that it is for (default the first of auth.audiences)")
	flags.StringVar(&o.key, "key", "", "sign with the private key or the secret in `FILE`")
	flags.StringVar(&o.keyID, "key-id", "", "the `ID` of the key (kid)")
	flags.StringVar(&o.apiKey, "api-key", "", "make an API key instead, for the server `NAME`")
	flags.BoolVar(&o.manage, "manage", false, "let the API key look after the server too")
	o.tokenKeys.add(flags)
	return cmd
}

// createToken prints a token that the server would take.
func (o *tokenCreateOptions) createToken(std streams, grants map[string]string) error {
	a, err := o.load()
	if err != nil {
		return err
	}
	key, err := signingKey(o.key, o.keyID, a)
	if err != nil {
		return err
	}
	now := time.Now()
	claims := auth.Claims{
		User: o.user, Channels: grants, Info: infoOf(o.info), TokenID: o.id, Issued: now,
		Issuer: o.issuer, Audience: o.audience,
	}
	if o.ttl > 0 {
		claims.Expires = now.Add(time.Duration(o.ttl))
	}
	signer := a.SignerWith(key)
	token, err := signer.Sign(signer.Complete(claims))
	if err != nil {
		return fail(exitUsage, "cannot make the token: %w", err)
	}
	a.Keys, a.JWKS = []auth.Key{key}, nil // what else the server knows does not matter
	if _, err := authenticate(a, token); err != nil {
		return fail(exitUsage, "the server would refuse it: %w", err)
	}
	_, err = fmt.Fprintln(std.out, token)
	return err
}

// authenticate checks a token as a server would.
func authenticate(a auth.Config, token string) (auth.Identity, error) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	server, err := auth.New(ctx, a)
	if err != nil {
		return auth.Identity{}, err
	}
	defer server.Close()
	return server.Authenticate(ctx, auth.Credentials{Token: token})
}

// checkTimeout bounds how long keys are waited for.
const checkTimeout = 15 * time.Second

// infoOf returns a flag's text as JSON, which it may be already.
func infoOf(text string) jsontext.Value {
	switch v := jsontext.Value(text); {
	case text == "":
		return nil
	case v.IsValid():
		return v
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return jsontext.Value(text) // not UTF-8: Sign says so
	}
	return quoted
}

// createAPIKey prints an API key, which is kept nowhere, and what the server has to know of it.
func (o *tokenCreateOptions) createAPIKey(std streams, grants map[string]string) error {
	if len(grants) == 0 && !o.manage {
		return fail(exitUsage, "an API key without --channels could do nothing; write what it may do, as in --channels '#=rwp'")
	}
	key, id, hash := auth.NewAPIKey()
	may := ""
	if len(o.channels) > 0 {
		channels, err := json.Marshal(o.channels)
		if err != nil {
			return fail(exitUsage, "--channels: %w", err)
		}
		may = ", channels: " + string(channels)
	}
	if o.manage {
		may += ", manage: true"
	}
	name, err := json.Marshal(o.apiKey)
	if err != nil {
		return fail(exitUsage, "--api-key: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", key)
	b.WriteString("It is shown this once. What the server has to know of it, in its configuration:\n\n")
	fmt.Fprintf(&b, "auth:\n  api_keys:\n    - {name: %s, id: %s, sha256: %s%s}\n", name, id, hash, may)
	_, err = io.WriteString(std.out, b.String())
	return err
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/config"
)

// What development mode keeps in the data directory.
const (
	tokenSecretFile = "token.key" // the secret of tokens
	apiKeyFile      = "api.key"   // an API key that may do everything
)

// authOf returns how the configuration has clients vouched for. It reads the files of keys. The error is
// [config.Errors].
func authOf(c *config.Config) (auth.Config, error) {
	a := auth.Config{
		JWKS:        c.Auth.JWKS,
		Issuers:     c.Auth.Issuers,
		Audiences:   c.Auth.Audiences,
		Leeway:      c.Auth.Leeway,
		MaxLifetime: c.Auth.MaxLifetime,
		MayLast:     !c.Auth.RequireExpiry,
	}
	var wrong config.Errors
	if c.Auth.Secret != "" {
		k, err := auth.NewSecret("", []byte(c.Auth.Secret))
		if err != nil {
			wrong = append(wrong, &config.Error{Problem: fmt.Sprintf("auth.secret: %v", err)})
		}
		a.Keys = append(a.Keys, k)
	}
	for i, k := range c.Auth.Keys {
		key, err := readTokenKey(k.File, k.ID, auth.Algorithm(k.Algorithm))
		if err != nil {
			wrong = append(wrong, &config.Error{Place: k.Place, Problem: fmt.Sprintf("auth.keys[%d]: %v", i, err)})
		}
		a.Keys = append(a.Keys, key)
	}
	for i, k := range c.Auth.APIKeys {
		key, err := apiKeyOf(k)
		if err != nil {
			wrong = append(wrong, &config.Error{Place: k.Place, Problem: fmt.Sprintf("auth.api_keys[%d]: %v", i, err)})
		}
		a.APIKeys = append(a.APIKeys, key)
	}
	if len(wrong) > 0 {
		return auth.Config{}, wrong
	}
	return a, nil
}

// developmentAuthOf is authOf for development mode: if nothing is configured that tokens could be checked
// with, it is a secret in the data directory, so that `holdfast token create` has one to sign with.
func developmentAuthOf(c *config.Config, dataDir string) (auth.Config, error) {
	a, err := authOf(c)
	if err != nil || len(a.Keys) > 0 || len(a.JWKS) > 0 {
		return a, err
	}
	k, err := auth.OpenSecret(filepath.Join(dataDir, tokenSecretFile))
	if err != nil {
		return auth.Config{}, err
	}
	a.Keys = []auth.Key{k}
	return a, nil
}

// developmentAPIKey returns the API key of development mode, and what the server knows of it.
func developmentAPIKey(dataDir string) (string, auth.APIKey, error) {
	return auth.OpenAPIKey(filepath.Join(dataDir, apiKeyFile), "development", map[string]string{"#": "rwp"})
}

func readTokenKey(file, id string, algorithm auth.Algorithm) (auth.Key, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return auth.Key{}, fmt.Errorf("the key can't be read: %w", err)
	}
	k, err := auth.ParseKey(id, algorithm, text)
	if err != nil {
		return auth.Key{}, fmt.Errorf("%s: %w", file, err)
	}
	return k, nil
}

func apiKeyOf(k config.APIKey) (auth.APIKey, error) {
	grants, err := auth.ParseGrants(k.Channels)
	if err != nil {
		return auth.APIKey{}, err
	}
	return auth.ParseAPIKey(k.Name, k.ID, k.SHA256, grants, k.Manage)
}

// describeAuth returns who vouches for clients, in words.
func describeAuth(c *config.Auth) string {
	keys := len(c.Keys)
	if c.Secret != "" {
		keys++
	}
	words := []string{count(keys, "key")}
	if len(c.JWKS) > 0 {
		words = append(words, count(len(c.JWKS), "JWKS URL"))
	}
	words = append(words, count(len(c.APIKeys), "API key"))
	if len(c.Issuers) > 0 {
		words = append(words, "from "+strings.Join(c.Issuers, " or "))
	}
	if len(c.Audiences) > 0 {
		words = append(words, "for "+strings.Join(c.Audiences, " or "))
	}
	return strings.Join(words, ", ")
}

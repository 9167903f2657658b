package api

import (
	_ "embed"

	"github.com/go-json-experiment/json/jsontext"
)

// document describes the API (OpenAPI 3.1). The tests hold every request and answer of theirs to it.
//
//go:embed openapi.json
var document []byte

// openAPI answers with the document, as it is.
func openAPI(c *call) (any, error) { return jsontext.Value(document), c.query.done() }

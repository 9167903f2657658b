package admin

import (
	"context"
	"iter"
	"net/url"
)

// page is a part of what there is.
type page[T any] struct {
	entries []T
	next    string // "" for the last one
}

// paged yields the entries of all pages. An error ends it.
func paged[T any](ctx context.Context, query url.Values, get func(context.Context, url.Values) (page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			p, err := get(ctx, query)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, entry := range p.entries {
				if !yield(entry, nil) {
					return
				}
			}
			if p.next == "" {
				return
			}
			query.Set("after", p.next)
		}
	}
}

// pageSize is how many entries are asked for at a time.
const pageSize = "1000"

package admin

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"
)

// page is a part of what there is.
type page[T any] struct {
	entries []T
	next    string   // "" for the last one
	missing []string // nodes that have not answered
}

// paged yields the entries of all pages. An error ends it.
func paged[T any](ctx context.Context, query url.Values, get func(context.Context, url.Values) (page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var missing []string
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
			missing = append(missing, p.missing...)
			if p.next == "" {
				if err := unanswered(missing); err != nil {
					var none T
					yield(none, err)
				}
				return
			}
			query.Set("after", p.next)
		}
	}
}

// pageSize is how many entries are asked for at a time.
const pageSize = "1000"

// Unanswered is an answer without what some nodes have, because these have not answered in time.
type Unanswered struct{ Nodes []string }

func (e *Unanswered) Error() string {
	return "holdfast: nodes of the cluster have not answered, and what they have is left out: " + strings.Join(e.Nodes, ", ")
}

// unanswered returns an *Unanswered, or nil if all nodes have answered.
func unanswered(nodes []string) error {
	if len(nodes) == 0 {
		return nil
	}
	slices.Sort(nodes)
	return &Unanswered{slices.Compact(nodes)}
}

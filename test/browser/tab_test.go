package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is one page of the browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// open opens url in a tab of its own until the end of the test.
func open(t *testing.T, url string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(tabs)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*patience)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	p.do(chromedp.Navigate(url))
	return p
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// eval returns the value of a JavaScript expression; a promise is awaited.
func eval[T any](p *tab, js string, args ...any) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](fmt.Sprintf(js, quoteAll(args)...), func(e *runtime.EvaluateParams) {
		await := true
		e.AwaitPromise = &await
	}))
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits until a JavaScript expression is true.
func (p *tab) until(js string, args ...any) {
	p.t.Helper()
	js = fmt.Sprintf(js, quoteAll(args)...)
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](js, chromedp.WithPollingInterval(pollEvery), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		state, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		p.t.Fatalf("waiting for %s: %v; the page shows:\n%s", js, err, state)
	}
}

// quoteAll makes JavaScript literals of Go values.
func quoteAll(args []any) []any {
	quoted := make([]any, len(args))
	for i, a := range args {
		b, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		quoted[i] = string(b)
	}
	return quoted
}

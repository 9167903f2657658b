package wstest

import "context"

const defaultParallel = 4

// Run tests a server with the cases that o selects and returns their results in the order of Cases.
func Run(ctx context.Context, t Target, o Options) []Result {
	return runAll(o, Server, func(c Case) Result { return c.Run(ctx, t) })
}

// RunClient tests a client with the cases that o selects and that are for clients, and returns their
// results in the order of Cases.
func RunClient(ctx context.Context, t ClientTarget, o Options) []Result {
	return runAll(o, Client, func(c Case) Result { return c.RunClient(ctx, t) })
}

func runAll(o Options, side Side, run func(Case) Result) []Result {
	parallel := o.Parallel
	if parallel <= 0 {
		parallel = defaultParallel
	}
	var results []chan Result
	turn := make(chan struct{}, parallel)
	selected := selectCases(o.Match, side)
	for range selected {
		results = append(results, make(chan Result, 1))
	}
	go func() {
		for i, c := range selected {
			turn <- struct{}{}
			go func() {
				results[i] <- run(c)
				<-turn
			}()
		}
	}()
	all := make([]Result, 0, len(selected))
	for _, result := range results {
		r := <-result
		all = append(all, r)
		if o.Report != nil {
			o.Report(r)
		}
	}
	return all
}

// selectCases returns the cases for one side that match.
func selectCases(match func(Case) bool, side Side) []Case {
	var selected []Case
	for _, c := range Cases() {
		if c.Side&side != 0 && (match == nil || match(c)) {
			selected = append(selected, c)
		}
	}
	return selected
}

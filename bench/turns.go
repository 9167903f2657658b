//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/load"
	"github.com/holdfast-dev/holdfast/bench/internal/report"
	"github.com/holdfast-dev/holdfast/bench/internal/stat"
)

// sample is what one round says of one peer.
type sample struct {
	value      float64 // in the load's unit
	rate       float64 // messages per second
	p50, p99   time.Duration
	serverBusy float64 // of one CPU
	clientBusy float64 // of one CPU
}

// sampleOf returns what the result of a load with traffic says.
func sampleOf(r *load.Result) sample {
	return sample{
		value:      float64(r.Messages) / r.ServerCPU.Seconds(),
		rate:       float64(r.Messages) / r.Elapsed.Seconds(),
		p50:        r.Latency.Quantile(0.50),
		p99:        r.Latency.Quantile(0.99),
		serverBusy: r.ServerCPU.Seconds() / r.Elapsed.Seconds(),
		clientBusy: r.ClientCPU.Seconds() / r.Elapsed.Seconds(),
	}
}

// contender is a peer that takes its turns under a load.
type contender struct {
	name    string
	role    report.Role
	measure func(context.Context) (sample, error)
}

// takeTurns measures every contender and fills the table, in turns, so that what else happens on the
// machine strikes them alike. One that fails once is not tried again. The error is that the run was
// interrupted.
func (s *settings) takeTurns(ctx context.Context, table *report.Table, contenders []contender) error {
	samples := make([][]sample, len(contenders))
	failures := make([]error, len(contenders))
	rounds := s.pace.rounds
	if table.Memory {
		rounds = 1 // it takes long, and hardly varies
	}
	for round := range rounds {
		for i, one := range contenders {
			if failures[i] != nil {
				continue
			}
			got, err := one.measure(ctx)
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted: %w", context.Cause(ctx))
			}
			if err != nil {
				failures[i] = err
				fmt.Fprintf(s.progress, "%-14s %-9s %v\n", table.Name, one.name, err)
				continue
			}
			samples[i] = append(samples[i], got)
			fmt.Fprintf(s.progress, "%-14s %-9s round %d of %d: %.0f %s\n", table.Name, one.name, round+1, rounds, got.value, table.Unit)
		}
	}
	for i, one := range contenders {
		table.Rows = append(table.Rows, one.row(samples[i], failures[i]))
	}
	return nil
}

// row makes one row of the samples of one contender.
func (c *contender) row(samples []sample, failure error) report.Row {
	if failure != nil {
		return report.Row{Peer: c.name, Role: c.role, Err: failure.Error()}
	}
	summary := func(of func(sample) float64) stat.Summary {
		var values []float64
		for _, s := range samples {
			values = append(values, of(s))
		}
		return stat.Summarize(values)
	}
	return report.Row{
		Peer:       c.name,
		Role:       c.role,
		Value:      summary(func(s sample) float64 { return s.value }),
		Rate:       summary(func(s sample) float64 { return s.rate }).Median,
		P50:        time.Duration(summary(func(s sample) float64 { return float64(s.p50) }).Median),
		P99:        time.Duration(summary(func(s sample) float64 { return float64(s.p99) }).Median),
		ServerBusy: summary(func(s sample) float64 { return s.serverBusy }).Median,
		ClientBusy: summary(func(s sample) float64 { return s.clientBusy }).Median,
	}
}

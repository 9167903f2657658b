package main

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/plan"
)

type planOptions struct {
	load    plan.Load
	machine plan.Machine
	size    byteSize
	memory  config.Size
	network float64 // Gbit/s
	keep    string
	back    time.Duration
	json    bool
}

func newPlan(std streams) *cobra.Command {
	o := planOptions{size: 300, memory: 32 << 30}
	cmd := &cobra.Command{
		Use:   "plan --connections COUNT [flags]",
		Short: "Reckon how many nodes a load needs, and what gives first",
		Long: `Reckon how many nodes carry a load while one of them is lost, what they are busy with, and
what gives first. It asks nobody: the costs are those that were measured on one node, and
docs/scaling.md says where the model ends.`,
		Example: `  holdfast plan --connections 1e6 --messages 5000 --fanout 200 --size 300
  holdfast plan --connections 50000 --messages 2000 --fanout 10 --cores 4 --memory 8GiB --json`,
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			if err := o.finish(); err != nil {
				return fail(exitUsage, "%w", err)
			}
			p := plan.Make(o.load, o.machine)
			if o.json {
				return json.NewEncoder(std.out).Encode(p)
			}
			return printPlan(std.out, p)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Float64Var(&o.load.Connections, "connections", 10_000, "`COUNT` of clients at a time")
	flags.Float64Var(&o.load.Messages, "messages", 100, "`COUNT` of messages that are published in a second, in all channels")
	flags.Float64Var(&o.load.Fanout, "fanout", 10, "`COUNT` of clients that get each message, on average")
	flags.Var(&o.size, "size", "of a message")
	flags.Float64Var(&o.load.Kept, "history", 1, "`SHARE` of the messages in channels with history")
	flags.StringVar(&o.keep, "keep", "24h", "for how long (`DURATION`) they are kept")
	flags.DurationVar(&o.back, "back", time.Minute, "`DURATION` in which the clients of a lost node are back")
	flags.BoolVar(&o.load.Plain, "plain", false, "a load balancer ends TLS")
	flags.Float64Var(&o.machine.Cores, "cores", 8, "`COUNT` of a node's cores")
	flags.Var(&sizeFlag{&o.memory}, "memory", "of a node")
	flags.Float64Var(&o.network, "network", 10, "`GBITS` a second of a node's network, each way")
	flags.BoolVar(&o.json, "json", false, "print an object")
	return cmd
}

// finish puts the flags together.
func (o *planOptions) finish() (err error) {
	if o.load.Keep, err = config.ParseDuration(o.keep); err != nil {
		return err
	}
	o.load.Bytes, o.load.Back = float64(o.size), o.back
	o.machine.Memory, o.machine.Network = float64(o.memory), o.network*1e9
	if err := o.load.Check(); err != nil {
		return err
	}
	return o.machine.Check()
}

// sizeFlag is a flag for sizes of any size.
type sizeFlag struct{ *config.Size }

// Set implements the flag's parsing.
func (f *sizeFlag) Set(s string) error {
	n, err := config.ParseSize(s)
	if err == nil {
		*f.Size = n
	}
	return err
}

// Type is the word for the value in help texts.
func (f *sizeFlag) Type() string { return "SIZE" }

package main

import "github.com/spf13/pflag"

// clusterFlags are the keys of the section cluster that are flags too. The secret itself is none: whoever lists the
// processes of the machine sees flags.
type clusterFlags struct {
	texts map[string]*string
	lists map[string]*[]string
}

func addClusterFlags(flags *pflag.FlagSet) *clusterFlags {
	c := &clusterFlags{texts: map[string]*string{}, lists: map[string]*[]string{}}
	list := func(key, usage string) { c.lists[key] = flags.StringSlice(key, nil, usage) }
	text := func(key, usage string) { c.texts[key] = flags.String(key, "", usage) }
	list("cluster.peers", "be one of a cluster, with nodes at `ADDRESSES`, separated by commas")
	text("cluster.node", "call this node `NAME` (default the machine's)")
	text("cluster.listen", "let other nodes connect to `ADDR` (default :6222)")
	text("cluster.advertise", "tell other nodes that this one is at `ADDR`")
	text("cluster.secret_file", "read the secret of the cluster from `FILE`")
	list("cluster.endpoints", "tell clients that this node is at `URLS`, separated by commas")
	return c
}

// given puts the flags that were given among others, by their keys.
func (c *clusterFlags) given(flags *pflag.FlagSet, others map[string]any) {
	flags.Visit(func(f *pflag.Flag) {
		if text := c.texts[f.Name]; text != nil {
			others[f.Name] = *text
		} else if list := c.lists[f.Name]; list != nil {
			others[f.Name] = *list
		}
	})
}

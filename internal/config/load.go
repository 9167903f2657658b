package config

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// Options says where a configuration comes from. The later fields take precedence.
type Options struct {
	File    string         // a YAML file; "" for none
	Environ []string       // as from [os.Environ]
	Flags   map[string]any // by key, as in "listen.https": a string, or a []string for a list

	// Development asks for [DevelopmentChannels] if there is no file and nothing else gives rules.
	Development bool

	// Production asks for no listeners unless they are configured, and lets there be none.
	Production bool
}

// Load reads and checks the configuration. The error is [Errors], with everything that was found
// wrong; or, if the file cannot be read, an [*os.PathError].
//
// What channels rules mean together is for others to check.
func Load(o Options) (*Config, error) {
	c := &Config{}
	setDefaults(reflect.ValueOf(c).Elem())
	if c.Development = o.Development; c.Development {
		c.Limits.withoutRates()
	}
	if o.Production {
		c.Listen.HTTPS, c.Listen.HTTP, c.Listen.MQTT, c.Listen.MQTTS = "", "", "", ""
	}
	d := &decoder{places: places{}, production: o.Production}
	if o.File != "" {
		parser := &yamlReader{source: o.File, lines: true, places: d.places}
		inFile := koanf.New(".")
		if err := inFile.Load(file.Provider(o.File), parser); err != nil {
			return nil, asErrors(err)
		}
		// On its own first, so that nothing that is wrong with it is hidden by variables or flags.
		d.section("", inFile.Raw(), reflect.ValueOf(c).Elem())
	} else if o.Development {
		c.Channels = DevelopmentChannels()
	}
	above := koanf.New(".")
	if err := above.Load(env.Provider(".", environment(d, o.Environ)), nil); err != nil {
		return nil, err
	}
	if err := above.Load(confmap.Provider(flags(d, o.Flags), "."), nil); err != nil {
		return nil, err
	}
	d.section("", above.Raw(), reflect.ValueOf(c).Elem())
	if len(d.errs) == 0 {
		c.settle(d)
	}
	if err := d.errs.sorted(); err != nil {
		return nil, err
	}
	return c, nil
}

// flags returns the values of flags as a tree of the kinds that other sources give.
func flags(d *decoder, given map[string]any) map[string]any {
	tree := make(map[string]any, len(given))
	for key, value := range given {
		d.places.set(key, Place{Source: "command line"})
		if list, ok := value.([]string); ok {
			items := make([]any, len(list))
			for i, item := range list {
				items[i] = item
			}
			value = items
		}
		tree[key] = value
	}
	return tree
}

// asErrors returns the one error that kept a file from being read in the form that Load promises.
func asErrors(err error) error {
	if one, ok := errors.AsType[*Error](err); ok {
		return Errors{one}
	}
	return fmt.Errorf("cannot read the configuration: %w", err)
}

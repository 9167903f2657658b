package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/env/v2"

	"github.com/holdfast-dev/holdfast/internal/config/nearest"
)

// ofKubernetes matches the variables that Kubernetes gives every container for a service whose name
// is or begins with "holdfast". Nobody wrote them to configure anything.
var ofKubernetes = regexp.MustCompile(`^HOLDFAST_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// APIKeyVariable has the API key of commands that look after a running server. It is none of the configuration.
const APIKeyVariable = "HOLDFAST_API_KEY"

// environment returns how koanf is to read the variables that begin with HOLDFAST_. An unknown one
// is an error: it is a key that somebody believes to be set.
func environment(d *decoder, environ []string) env.Opt {
	known := map[string]field{}
	var names []string // in lower case, for suggestions
	for f := range settings(reflect.TypeFor[Config](), "") {
		known[f.env()] = f
		names = append(names, strings.ToLower(f.env()))
	}
	return env.Opt{
		Prefix:      EnvPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, text string) (string, any) {
			at := Place{Source: name}
			f, ok := known[name]
			if !ok {
				if name != APIKeyVariable && !ofKubernetes.MatchString(name) {
					d.errs = append(d.errs, &Error{at, "unknown variable; " + suggestVariable(name, names)})
				}
				return "", nil
			}
			d.places.set(f.path, at)
			value, err := f.fromVariable(text, &yamlReader{source: name, root: f.path, places: d.places})
			if err != nil {
				d.errs = append(d.errs, err)
				return "", nil
			}
			return f.path, value
		},
	}
}

// fromVariable returns the value of a variable as a tree. A list of texts is separated by commas; one
// of rules is YAML, and so may be JSON.
func (f field) fromVariable(text string, yaml *yamlReader) (any, *Error) {
	switch {
	case f.element() != nil:
		return yaml.read([]byte(text))
	case f.Type.Kind() == reflect.Slice:
		list := []any{}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		return list, nil
	}
	return text, nil
}

func suggestVariable(name string, names []string) string {
	if meant := nearest.Word(name, names); meant != "" {
		return "did you mean " + strings.ToUpper(meant) + "?"
	}
	slices.Sort(names)
	return "the known ones are " + strings.ToUpper(strings.Join(names, ", "))
}

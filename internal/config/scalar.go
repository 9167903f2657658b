package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parse gives v the value that text means for the key.
func (f field) parse(text string, v reflect.Value) error {
	if err := parseScalar(text, v); err != nil {
		return err
	}
	if allowed := f.values(); len(allowed) > 0 && !slices.Contains(allowed, text) {
		// No guess: "none" is near "anyone", but whoever writes it means nobody.
		return fmt.Errorf("there is no %q; use one of %s", text, strings.Join(allowed, ", "))
	}
	if least := f.least(); least != "" && v.Int() < bound(least, v.Type()) {
		return fmt.Errorf("%s is too small; the least is %s", text, least)
	}
	if most := f.most(); most != "" && v.Int() > bound(most, v.Type()) {
		return fmt.Errorf("%s is too large; the most is %s", text, most)
	}
	return nil
}

// bound returns the value of a tag, which is well written.
func bound(text string, t reflect.Type) int64 {
	v := reflect.New(t).Elem()
	if err := parseScalar(text, v); err != nil {
		panic(err)
	}
	return v.Int()
}

func parseScalar(text string, v reflect.Value) error {
	switch v.Type() {
	case reflect.TypeFor[Size]():
		n, err := ParseSize(text)
		v.SetInt(int64(n))
		return err
	case reflect.TypeFor[time.Duration]():
		d, err := ParseDuration(text)
		v.SetInt(int64(d))
		return err
	}
	switch v.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("%s is too large", text)
		}
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(n)
	case reflect.String:
		v.SetString(text)
	default:
		panic("config: no key can have the type " + v.Type().String())
	}
	return nil
}

// setDefaults gives each key of a section, which is a struct, its default.
func setDefaults(section reflect.Value) {
	for f := range fields(section.Type(), "") {
		v := section.FieldByIndex(f.Index)
		if f.isSection() {
			setDefaults(v)
		} else if text, ok := f.Tag.Lookup("default"); ok {
			if err := f.parse(text, v); err != nil {
				panic(f.path + ": " + err.Error())
			}
		}
	}
}

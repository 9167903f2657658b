package main

import (
	"github.com/spf13/pflag"

	"github.com/holdfast-dev/holdfast/internal/certs"
)

// addCADir adds the flag that names the directory of the local certificate authority.
func addCADir(flags *pflag.FlagSet, dir *string) {
	flags.StringVar(dir, "ca-dir", "", "the local certificate authority is in `DIR` (default in your configuration directory)")
}

// caDirOf returns dir, or the default folder if dir is empty.
func caDirOf(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	dir, err := certs.DefaultDir()
	if err != nil {
		return "", fail(exitFiles, "%w", err)
	}
	return dir, nil
}

// openCA opens the local authority, and creates it if there is none.
func openCA(dir string) (*certs.CA, error) {
	dir, err := caDirOf(dir)
	if err != nil {
		return nil, err
	}
	ca, err := certs.OpenCA(dir)
	if err != nil {
		return nil, fail(exitFiles, "%w", err)
	}
	return ca, nil
}

// loadRoot loads the local authority's certificate, and creates nothing.
func loadRoot(dir string) (*certs.Root, error) {
	dir, err := caDirOf(dir)
	if err != nil {
		return nil, err
	}
	root, err := certs.LoadCA(dir)
	if err != nil {
		return nil, fail(exitFiles, "%w", err)
	}
	return root, nil
}

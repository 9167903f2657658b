// Package functions has what a static site with live comments needs besides its pages: three functions that
// Holdfast's hooks call. Each is an http.Handler of its own, which runs in any server, or as a serverless
// function. Those in ../node do the same.
package functions

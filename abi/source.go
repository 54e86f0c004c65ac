package abi

import _ "embed" // names.go travels with the authors' tool

// NamesSource is the source of package names, for tools that lay a guest SDK
// beside an author's code. A program that does not use it does not hold it.
//
//go:embed names/names.go
var NamesSource string

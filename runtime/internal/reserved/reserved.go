// Package reserved keeps the names that begin with "aril_" for this module.
package reserved

// A Key is what a function asks for that only packages below runtime may call:
// no other package can import this one to write the type down.
type Key struct{ _ int }

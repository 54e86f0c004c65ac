// Package host is the thinnest layer over the imports of ABI v1: one function
// each, with slices in place of pointers. Compiled for wasip1 they are the
// imports themselves, and one that nothing calls is not in the module, so that
// a module's imports are what it may do. Compiled for anything else they go to
// the [Host] of the activation that runs, which package guesttest provides.
//
// What each one does is in abi/ABI.md.
package host

// Unpack splits what an import returns into its status and its figure.
func Unpack(r uint64) (status, n uint32) { return uint32(r >> 32), uint32(r) }

// Package dwarf reads from a module's debugging information which lines of
// which sources its code came from, and which calls the compiler inlined:
// DWARF 2 to 5, in custom sections whose addresses are offsets in the code
// section.
//
// What it reads was written by whoever made the module. debug/dwarf allocates
// what counts in the file claim, and out-of-memory cannot be recovered from, so
// this reader is its own: what it allocates is bounded by the constants beside
// Read, and so is its work. What is malformed, or past a bound, is left out; it
// is never an error.
//
// https://dwarfstd.org/dwarf5std.html
// https://yurydelendik.github.io/webassembly-dwarf/
package dwarf

// Package httpguard fetches URLs that somebody untrusted chose. Every hop of a
// request is checked against a grant, its name is resolved once, each address
// is checked, and the address that was checked is the one dialled. Sizes,
// counts and time are bounded.
//
// Nothing is shared between two hops: each has a connection of its own, which
// is closed when the fetch ends. There are no cookies, no proxy and nothing
// from the environment.
package httpguard

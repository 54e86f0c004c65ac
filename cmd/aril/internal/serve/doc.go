// Package serve is the service of `aril serve`: it puts the API, its
// definitions and its database together, listens, and ends in good order.
package serve

//go:build !unix || aril_heap

package runtime_test

// Here an instance's memory is of Go's heap and wholly resident, so that one
// more that lies idle counts with all that it reserved.
func init() { residentGrowth = 512 << 20 }

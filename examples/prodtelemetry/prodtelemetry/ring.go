package prodtelemetry

import (
	"strconv"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// A ring keeps the last entries that were added, in the State: a number says
// how many there have been, and each entry has the place of the one that it
// pushes out.
type ring[T any] struct {
	count   guest.Counter
	entries guest.Map[T]
}

func (r ring[T]) add(size int64, entry T) error {
	n, err := r.count.Add(1)
	if err != nil {
		return err
	}
	return r.entries.Set(strconv.FormatInt((n-1)%size, 10), entry)
}

// last gives the last n entries of a ring of that size, oldest first.
func (r ring[T]) last(n, size int64) ([]T, error) {
	list := []T{}
	count, err := r.count.Get()
	if err != nil {
		return list, err
	}
	for i := max(count-min(n, size), 0); i < count; i++ {
		entry, err := r.entries.Get(strconv.FormatInt(i%size, 10))
		if err == guest.ErrNotFound { // counted, and not yet set
			continue
		}
		if err != nil {
			return list, err
		}
		list = append(list, entry)
	}
	return list, nil
}

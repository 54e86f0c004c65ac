package roles

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

const lastWords = "the roof is on fire"

func trap(*extension, *guest.Operation, guest.Next) (guest.Value, error) { panic(lastWords) }

func trapAfter(_ *extension, _ *guest.Operation, next guest.Next) (guest.Value, error) {
	_, _ = next()
	panic(lastWords)
}

// sink keeps compilers from leaving work out.
var sink uint64

func loop(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	for {
		sink++
	}
}

func recurse(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	return guest.Of(deeper(1)), nil
}

func deeper(n uint64) uint64 {
	if sink = n; n == 0 {
		return 0 // never: it would have to count up to 2⁶⁴
	}
	return deeper(n+1) + sink
}

func hog(*extension, *guest.Operation, guest.Next) (guest.Value, error) {
	var all [][]byte
	for {
		b := make([]byte, 1<<16)
		for i := range b {
			b[i] = byte(len(all))
		}
		all = append(all, b)
		sink += uint64(len(all))
	}
}

package wasm

import (
	"runtime"
	"sync"
)

// maxParts bounds how many goroutines look at one module.
const maxParts = 4

// inParts splits the functions into runs of about equal code and calls do for
// each at once. The error is that of the first run that has one, so it does
// not depend on chance.
func (m *Module) inParts(do func(part, from, to int) error) error {
	total := 0
	for i := range m.Bodies {
		total += len(m.Bodies[i].Code)
	}
	n := min(runtime.GOMAXPROCS(0), maxParts, 1+total>>16) // small modules are not worth a goroutine
	var (
		errs [maxParts]error
		wg   sync.WaitGroup
	)
	from, seen := 0, 0
	for part := range n {
		to := from
		for to < len(m.Bodies) && (part == n-1 || seen*n < total*(part+1)) {
			seen += len(m.Bodies[to].Code)
			to++
		}
		first := from
		wg.Go(func() { errs[part] = do(part, first, to) })
		from = to
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"bytes"
	"context"
)

// native is the floor: an interceptor compiled into the program.
func native() *peer {
	return &peer{
		name: "native",
		how:  "A Go function that calls another: no isolation, no limits. The floor.",
		skip: "isolated",
		open: func(_ context.Context, w *workload, _ int, next operation) (operation, func() error, error) {
			return func(ctx context.Context, in []byte) ([]byte, error) {
				out, err := next(ctx, in)
				if err != nil || w.work == pass {
					return out, err
				}
				out = bytes.Clone(out)
				w.work.apply(out)
				return out, nil
			}, func() error { return nil }, nil
		},
	}
}

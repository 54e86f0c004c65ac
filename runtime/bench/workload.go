package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
)

// A work is what a guest does in one operation.
type work string

const (
	pass    work = "pass"    // call next, read nothing
	echo    work = "echo"    // read the input, call next, read the result, return as many new bytes
	compute work = "compute" // echo, with 10,000 rounds of a generator over the first four bytes
)

// A workload is one row of the comparison.
type workload struct {
	name     string
	about    string
	work     work
	bytes    int  // of the payload
	isolated bool // each operation starts with new guest state
}

var workloads = []workload{
	{name: "pass", about: "calls `next`, reads nothing; payload 128 B", work: pass, bytes: 128},
	{name: "pass-64k", about: "the same; payload 64 KiB", work: pass, bytes: 64 << 10},
	{name: "echo", about: "reads 128 B, calls `next`, reads the result, returns 128 new bytes", work: echo, bytes: 128},
	{name: "echo-64k", about: "the same with 64 KiB", work: echo, bytes: 64 << 10},
	{name: "compute", about: "echo of 128 B with 10,000 iterations of compute", work: compute, bytes: 128},
	{name: "isolated", about: "echo of 128 B, each operation in new guest state", work: echo, bytes: 128, isolated: true},
}

// An operation is what is wrapped, and what comes out of the wrapping.
type operation func(ctx context.Context, in []byte) ([]byte, error)

// identity is the operation inside: the cheapest there is.
func identity(_ context.Context, in []byte) ([]byte, error) { return in, nil }

// input makes a payload for w.
func (w *workload) input() []byte { return bytes.Repeat([]byte{7}, w.bytes) }

// check says whether out is what w makes of in, so that no peer is measured at
// doing nothing.
func (w *workload) check(in, out []byte) error {
	want := in
	if w.work != pass {
		want = bytes.Clone(in)
		w.work.apply(want)
		if len(out) > 0 && &out[0] == &in[0] {
			return fmt.Errorf("%s: the result is the input's own memory", w.name)
		}
	}
	if !bytes.Equal(out, want) {
		return fmt.Errorf("%s: wrong result: %d bytes, %x…; want %d, %x…", w.name, len(out), out[:min(8, len(out))], len(want), want[:8])
	}
	return nil
}

// apply does in Go what guest/work.h does in C.
func (w work) apply(data []byte) {
	if w != compute {
		data[0]++
		return
	}
	x := binary.LittleEndian.Uint32(data)
	for range 10_000 {
		x = x*1664525 + 1013904223
	}
	binary.LittleEndian.PutUint32(data, x)
}

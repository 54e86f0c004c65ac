//go:build wasip1

// A guest for knqyf263/go-plugin, written as its README does.
package main

import (
	"context"
	"encoding/binary"

	"github.com/aril-wasm/aril/runtime/bench/guest/goplugin"
)

type extension struct{ host goplugin.Host }

func (e extension) Wrap(ctx context.Context, in *goplugin.Payload) (*goplugin.Payload, error) {
	result, err := e.host.Next(ctx, &goplugin.Payload{})
	if err != nil || in.Work == "pass" {
		return &goplugin.Payload{}, err
	}
	out := append([]byte(nil), result.Data...)
	if in.Work == "compute" {
		x := binary.LittleEndian.Uint32(out)
		for range 10_000 {
			x = x*1664525 + 1013904223
		}
		binary.LittleEndian.PutUint32(out, x)
	} else {
		out[0]++
	}
	return &goplugin.Payload{Data: out}, nil
}

func main() {}
func init() { goplugin.RegisterExtension(extension{goplugin.NewHost()}) }

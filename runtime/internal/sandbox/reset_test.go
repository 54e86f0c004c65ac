package sandbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// generous is a budget that no test uses up.
var generous = Budget{Fuel: 1e9, SelfTime: time.Minute, WaitTime: time.Minute, Stack: 1 << 20, HostCalls: 1e6}

// scribbler brings up testdata/guests/scribble.wat.
func scribbler(t testing.TB, track bool) *Template {
	t.Helper()
	raw, err := os.ReadFile("../../../testdata/guests/scribble.wasm")
	require.NoError(t, err)
	m, err := wasm.Parse(raw, wasm.Caps{})
	require.NoError(t, err)
	require.NoError(t, m.Validate())
	rw, err := wasm.Rewrite(m, wasm.RewriteOptions{Track: track, SparePage: true})
	require.NoError(t, err)
	require.Equal(t, track, rw.MemoryBase > 0)
	e, err := NewEngine(t.Context(), Config{MemoryQuota: -1, CompileTime: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close(context.Background())) })
	code, err := e.Compile(t.Context(), rw, 0, 2, 4)
	require.NoError(t, err)
	tpl, _, err := code.NewTemplate(t.Context(), Init{MemoryBytes: 16 << 20, Budget: generous})
	require.NoError(t, err)
	return tpl
}

// requireTemplate fails unless an instance is the template, byte for byte,
// and what it could grow into is zero.
func requireTemplate(t *testing.T, tpl *Template, i *Instance) {
	t.Helper()
	require.Equal(t, tpl.size, i.memory.length)
	require.EqualValues(t, (i.memory.hidden+tpl.size)/wasm.PageSize, i.module.Memory().Size()/wasm.PageSize)
	mem := i.memory.region.bytes()[i.memory.hidden:]
	n := len(tpl.image)
	require.True(t, bytes.Equal(tpl.image, mem[:n]), "memory is not the template's")
	require.True(t, len(bytes.TrimLeft(mem[n:], "\x00")) == 0, "memory beyond the image is not zero")
	for k, g := range i.globals {
		require.Equal(t, tpl.globals[k], g.Get(), "global %d", k)
	}
	require.Zero(t, len(bytes.Trim(i.memory.region.bytes()[:i.memory.hidden], "\x00")), "marks are left")
}

const scribbleRecord = 16

// randomScribbles is a message for the guest.
func randomScribbles(r *rand.Rand) []byte {
	var b []byte
	for range 1 + r.IntN(40) {
		address := r.Uint32N(4 * wasm.PageSize)
		switch r.IntN(8) {
		case 0:
			address = address / wasm.PageSize * wasm.PageSize
		case 1:
			address = address/wasm.TrackPage*wasm.TrackPage - 1 - r.Uint32N(20)
		case 2:
			address = r.Uint32N(8 * wasm.PageSize) // past the end, unless it grew
		}
		b = binary.LittleEndian.AppendUint32(b, r.Uint32())
		b = binary.LittleEndian.AppendUint32(b, address)
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b
}

// scribbleAndReset runs one message, writes from the host as well, and checks
// the reset. It reports whether the guest ended well.
func scribbleAndReset(t *testing.T, tpl *Template, message, host []byte) bool {
	t.Helper()
	i, err := tpl.NewInstance(t.Context(), false)
	require.NoError(t, err)
	defer func() { require.NoError(t, i.Close()) }()
	requireTemplate(t, tpl, i)
	require.True(t, i.Act.Deliver(message))
	_, _, err = i.Run(t.Context(), PhaseWrap, generous, uint64(len(message)))
	if err != nil {
		require.True(t, i.Poisoned(), "what trapped is not used again")
		require.Error(t, tpl.Reset(i))
		return false
	}
	for k := 0; k+4 <= len(host); k += 4 {
		at := binary.LittleEndian.Uint32(host[k:])
		i.Act.Write(uint64(at%(8*wasm.PageSize)), host[:k+4])
	}
	copy(i.Act.Mailbox(), host)
	i.Act.Wrote(min(len(host), len(i.Act.Mailbox())))
	require.NoError(t, tpl.Reset(i))
	requireTemplate(t, tpl, i)

	// As good as new: what it does now it did the first time.
	require.True(t, i.Act.Deliver(message))
	_, _, err = i.Run(t.Context(), PhaseWrap, generous, uint64(len(message)))
	require.NoError(t, err)
	require.NoError(t, tpl.Reset(i))
	requireTemplate(t, tpl, i)
	return true
}

func TestAResetLeavesTheTemplateByteForByte(t *testing.T) {
	t.Parallel()
	for _, track := range []bool{false, true} {
		tpl := scribbler(t, track)
		r := rand.New(rand.NewPCG(1, 2))
		well := 0
		const rounds = 400
		for range rounds {
			host := make([]byte, r.IntN(300))
			for k := range host {
				host[k] = byte(r.Uint32())
			}
			if scribbleAndReset(t, tpl, randomScribbles(r), host) {
				well++
			}
		}
		require.Greater(t, well, rounds/10, "most traps teach nothing")
	}
}

func TestMemoryThatGrewShrinksAndIsZeroWhenItGrowsAgain(t *testing.T) {
	t.Parallel()
	record := func(what, address uint32, v uint64) []byte {
		b := binary.LittleEndian.AppendUint32(nil, what)
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(b, address), v)
	}
	grow := record(10, 1, 0)
	for _, track := range []bool{false, true} {
		tpl := scribbler(t, track)
		quota := tpl.code.engine.quota
		i, err := tpl.NewInstance(t.Context(), false)
		require.NoError(t, err)
		used := quota.Used()
		for _, pages := range []int{1, 4} { // 4 is all that the module may have
			message := bytes.Repeat(grow, pages)
			message = append(message, record(7, 3*wasm.PageSize+5, 0xff|uint64(wasm.PageSize-10)<<8)...)
			message = append(message, record(0, uint32(4+pages)*wasm.PageSize-1, 0xee)...)
			require.True(t, i.Act.Deliver(message))
			_, u, err := i.Run(t.Context(), PhaseWrap, generous, uint64(len(message)))
			require.NoError(t, err)
			require.EqualValues(t, (4+pages)*wasm.PageSize, u.Memory)
			require.EqualValues(t, used+int64(pages*wasm.PageSize), quota.Used())
			require.NoError(t, tpl.Reset(i))
			require.Equal(t, used, quota.Used(), "what it grew is given back")
			requireTemplate(t, tpl, i)
		}
		require.True(t, i.Act.Deliver(bytes.Repeat(grow, 5)))
		_, u, err := i.Run(t.Context(), PhaseWrap, generous, 5*scribbleRecord)
		require.NoError(t, err)
		require.EqualValues(t, 8*wasm.PageSize, u.Memory, "the spare page is the host's")
		require.NoError(t, i.Close())
	}
}

func FuzzReset(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	f.Add(randomScribbles(r), []byte("host"))
	tracked, plain := scribbler(f, true), scribbler(f, false)
	f.Fuzz(func(t *testing.T, message, host []byte) {
		message = message[:min(len(message), 8192)/scribbleRecord*scribbleRecord]
		well := scribbleAndReset(t, tracked, message, host)
		require.Equal(t, well, scribbleAndReset(t, plain, message, host))
	})
}

// BenchmarkReset is what a reset costs by how many pages of 4 KiB were
// written, of an instance of 256 KiB.
func BenchmarkReset(b *testing.B) {
	for _, track := range []bool{true, false} {
		tpl := scribbler(b, track)
		i, err := tpl.NewInstance(b.Context(), false)
		require.NoError(b, err)
		for _, pages := range []int{1, 6, 32} {
			b.Run(map[bool]string{true: "tracked", false: "copied"}[track]+"/pages="+string(rune('0'+pages/10))+string(rune('0'+pages%10)), func(b *testing.B) {
				for b.Loop() {
					for p := range pages {
						i.mark(uint64(2*p*wasm.TrackPage)%tpl.size, 1)
					}
					if err := tpl.Reset(i); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		require.NoError(b, i.Close())
	}
}

package capability

import (
	"encoding/hex"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
)

var (
	sectionRE = regexp.MustCompile(`(?m)^#{3,4} (?:(aril_\w+|env)\.(\w+))?.*$`)
	exampleRE = regexp.MustCompile("(?s)\n```\n((?:before|call).*?)```")
	lineRE    = regexp.MustCompile(`^(before|memory) +(\d+): ([0-9a-f ]+)$`)
	callRE    = regexp.MustCompile(`^call +\w+\((.*)\)$`)
	answerRE  = regexp.MustCompile(`^answer +0x([0-9a-f]{16})`)
)

// exampleState is what the document says is there before an example.
var exampleState = map[string]map[string]string{
	"get":              {"k": "abc"},
	"delete":           {"k": "abc"},
	"list":             {"a": "", "b": "", "long key": ""},
	"add":              {"k": "\x28\x00\x00\x00\x00\x00\x00\x00"},
	"append":           {"k": "abc"},
	"compare_and_swap": {"k": "abc"},
}

// The examples of abi/ABI.md are run as they stand.
func TestTheExamplesOfTheDocumentAreTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../abi/ABI.md")
	require.NoError(t, err)
	sections := sectionRE.FindAllSubmatchIndex(text, -1)
	ran := map[string]bool{}
	for i, at := range sections {
		if at[2] < 0 {
			continue
		}
		module, name := string(text[at[2]:at[3]]), string(text[at[4]:at[5]])
		f := hostFuncs[module][name]
		if f == nil {
			continue
		}
		end := len(text)
		if i+1 < len(sections) {
			end = sections[i+1][0]
		}
		for _, example := range exampleRE.FindAllStringSubmatch(string(text[at[0]:end]), -1) {
			ran[module+"."+name] = true
			t.Run(module+"."+name, func(t *testing.T) {
				t.Parallel()
				runExample(t, name, f, example[1])
			})
		}
	}
	for _, spec := range abi.Imports() {
		if hostFuncs[spec.Module][spec.Name] != nil {
			require.True(t, ran[spec.Module+"."+spec.Name], "%s.%s has no example", spec.Module, spec.Name)
		}
	}
}

func runExample(t *testing.T, name string, f hostFunc, example string) {
	b := newBench(t)
	for key, value := range exampleState[name] {
		require.NoError(t, b.owner.state.Put(t.Context(), key, []byte(value)))
	}
	var answer uint64
	for _, line := range strings.Split(strings.TrimSpace(example), "\n") {
		if m := callRE.FindStringSubmatch(line); m != nil {
			status, n := f(b.call(), numbers(t, m[1]))
			answer = abi.Pack(status, n)
			continue
		}
		if m := answerRE.FindStringSubmatch(line); m != nil {
			want, err := strconv.ParseUint(m[1], 16, 64)
			require.NoError(t, err)
			require.Equal(t, want, answer)
			continue
		}
		m := lineRE.FindStringSubmatch(line)
		require.NotNil(t, m, line)
		ptr, err := strconv.ParseUint(m[2], 10, 32)
		require.NoError(t, err)
		want, err := hex.DecodeString(strings.ReplaceAll(m[3], " ", ""))
		require.NoError(t, err)
		if m[1] == "before" {
			b.put(ptr, string(want))
			continue
		}
		got, ok := b.guest.Read(ptr, uint64(len(want)))
		require.True(t, ok)
		switch name {
		case "fill", "now": // other bytes each time
			require.Equal(t, want[0], got[0])
			require.Equal(t, want[len(want)-1], got[len(got)-1])
			require.NotEqual(t, want[1:len(want)-1], got[1:len(got)-1])
		default:
			require.Equal(t, want, got)
		}
	}
}

func numbers(t *testing.T, list string) (args []uint64) {
	for _, s := range strings.Split(list, ", ") {
		v, err := strconv.ParseInt(s, 0, 64)
		require.NoError(t, err)
		args = append(args, uint64(v))
	}
	return args
}

// env.abort has its example in prose, and none of the answers.
func TestTheExampleOfAbortIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../abi/ABI.md")
	require.NoError(t, err)
	require.Contains(t, string(text), "`abort(1028, 0, 3, 7)` over these bytes ends the activation with `trap: abort: no (:3:7)`.")
	b := newBench(t)
	b.put(1024, "\x04\x00\x00\x00n\x00o\x00")
	unwound(t, func() { abort(b.call(), []uint64{1028, 0, 3, 7}) })
	require.Equal(t, "abort: no (:3:7)", b.owner.panicked)
}

package abi_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
)

// These tests read ABI.md's examples and links as a careful reader would.

var (
	callRE   = regexp.MustCompile(`^call +(\w+)\(([^)]*)\)$`)
	answerRE = regexp.MustCompile(`^answer +0x([0-9a-f]{16}) +([A-Z_]+), n = (\d+)$`)
	memoryRE = regexp.MustCompile(`^(before|memory) +(\d+): ((?:[0-9a-f]{2} ?)+)$`)
)

// plainBlocks gives the fenced blocks of text that name no language.
func plainBlocks(text string) []string {
	var all []string
	var block *strings.Builder
	other := false
	for line := range strings.Lines(text) {
		switch {
		case block != nil && line == "```\n":
			all, block = append(all, block.String()), nil
		case block != nil:
			block.WriteString(line)
		case strings.HasPrefix(line, "```"):
			if other || line != "```\n" {
				other = !other
			} else {
				block = &strings.Builder{}
			}
		}
	}
	return all
}

func TestExamplesOfHostFunctionsAddUp(t *testing.T) {
	t.Parallel()
	for _, f := range abi.Imports() {
		if len(f.Results) == 0 {
			continue
		}
		examples := 0
		for _, block := range plainBlocks(section(t, "#### "+f.Module+"."+f.Name)) {
			if strings.Contains(block, "call ") {
				checkExample(t, f, block)
				examples++
			}
		}
		require.NotZero(t, examples, "no example of %s.%s", f.Module, f.Name)
	}
}

// checkExample looks at one example: the call has the function's name and
// arity, the answer is its two halves, and each picture has its first byte
// past each end. Whatever the call points to must lie in a picture, whole.
func checkExample(t *testing.T, f abi.Import, text string) {
	t.Helper()
	var args []uint64
	var status string
	var n uint64
	pictures := map[string][2]uint64{} // what, to the bytes between its marks
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := callRE.FindStringSubmatch(line); m != nil {
			require.Equal(t, f.Name, m[1])
			for _, a := range strings.Split(m[2], ", ") {
				v, err := strconv.ParseUint(a, 0, 64)
				require.NoError(t, err, line)
				args = append(args, v)
			}
		} else if m := answerRE.FindStringSubmatch(line); m != nil {
			packed, err := strconv.ParseUint(m[1], 16, 64)
			require.NoError(t, err)
			status = m[2]
			n, err = strconv.ParseUint(m[3], 10, 31)
			require.NoError(t, err)
			require.Contains(t, statusNumbers(t), status)
			require.Equal(t, abi.Pack(statusNumbers(t)[status], uint32(n)), packed, line)
		} else if m := memoryRE.FindStringSubmatch(line); m != nil {
			at, err := strconv.ParseUint(m[2], 10, 32)
			require.NoError(t, err)
			b, err := parseHex(m[3])
			require.NoError(t, err)
			require.Greater(t, len(b), 2, line)
			require.Equal(t, []byte{'?', '?'}, []byte{b[0], b[len(b)-1]}, "%s: no mark beside the bytes", line)
			pictures[m[1]] = [2]uint64{at + 1, at + uint64(len(b)) - 1}
		} else {
			t.Fatalf("%s: not understood: %q", f.Name, line)
		}
	}
	require.Len(t, args, len(f.Params), text)
	require.NotEmpty(t, status, text)
	for i, p := range f.Params[:max(len(f.Params)-1, 0)] {
		length := f.Params[i+1]
		switch {
		case p.Name == "buf" && status == "OK" && length.Name == "limit":
			written := pictures["memory"]
			require.Equal(t, args[i], written[0], text)
			rest := n
			if f.Params[1].Name == "offset" {
				rest -= args[1]
			}
			require.Equal(t, min(rest, args[i+1]), written[1]-written[0], text)
		case strings.HasSuffix(length.Name, "len") && args[i+1] > 0 && args[i+1] < 1<<31 && p.Name != "buf" && f.Name != "next":
			read := pictures["before"]
			require.GreaterOrEqual(t, args[i], read[0], "%s: %s", p.Name, text)
			require.LessOrEqual(t, args[i]+args[i+1], read[1], "%s: %s", p.Name, text)
		}
	}
	if last := f.Params[len(f.Params)-1]; last.Name == "buf" {
		written := pictures["memory"]
		require.Equal(t, [2]uint64{args[len(args)-1], args[len(args)-1] + 8}, written, text)
	}
}

func TestExamplesOfMessagesAreCanonical(t *testing.T) {
	t.Parallel()
	for heading, typ := range map[string]string{
		"### Operation": "operation", "### Error": "error", "### Init": "init",
		"### Call": "call", "### Event": "event", "### Manifest": "manifest", "## Values": "value",
	} {
		blocks := plainBlocks(section(t, heading))
		require.Len(t, blocks, 1, heading)
		var b []byte
		for line := range strings.Lines(blocks[0]) {
			line = strings.TrimLeft(line, " ")
			if at := strings.Index(line, "   "); at > 0 {
				line = line[:at]
			}
			part, err := parseHex(line)
			require.NoError(t, err, "%s: %q", heading, line)
			b = append(b, part...)
		}
		require.NoError(t, abi.Scan(b, abi.ScanLimits{}), heading)
		if typ == "value" {
			continue
		}
		m, err := decoders[typ](b)
		require.NoError(t, err, heading)
		again, err := m.MarshalMsg(nil)
		require.NoError(t, err)
		require.True(t, bytes.Equal(b, again), "%s: the example is not canonical", heading)
	}
}

func TestLinksOfTheDocumentLeadSomewhere(t *testing.T) {
	t.Parallel()
	anchors := map[string]bool{}
	text := readText(t, "ABI.md")
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		anchor := strings.ToLower(m[1])
		anchor = regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(anchor, "")
		anchor = strings.ReplaceAll(anchor, " ", "-")
		require.False(t, anchors[anchor], "two headings %q", m[1])
		anchors[anchor] = true
	}
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(text, -1) {
		target := m[1]
		switch {
		case strings.HasPrefix(target, "#"):
			require.True(t, anchors[target[1:]], "dead link %s", target)
		case !strings.HasPrefix(target, "https://"):
			require.FileExists(t, target)
		}
	}
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	for _, file := range sources {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`abi/ABI\.md#([a-z0-9_-]+)`).FindAllSubmatch(b, -1) {
			require.True(t, anchors[string(m[1])], "%s: dead link #%s", file, m[1])
		}
	}
}

func TestLimitsOfTheDocumentAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	for heading, texts := range map[string][]string{
		"### Error": {
			"At most " + kib(abi.MaxErrorBytes) + " in all", "at most " + kib(abi.MaxErrorMessage),
			"at most " + strconv.Itoa(abi.MaxErrorCode) + " bytes", "to a depth of " + strconv.Itoa(abi.MaxErrorDepth),
		},
		"### Manifest": {
			"of Filter, at most " + strconv.Itoa(abi.MaxFilters), "at most " + strconv.Itoa(abi.MaxPatterns) + " patterns of at most " + strconv.Itoa(abi.MaxPattern) + " bytes",
			"at most " + strconv.Itoa(abi.MaxCapabilities) + ": import modules", "at most " + kib(abi.MaxConfigSchema),
		},
		"## Values": {"depth ≤ " + strconv.Itoa(abi.MaxScanDepth)},
		"## Limits": {kib(abi.MaxErrorBytes) + "; code " + strconv.Itoa(abi.MaxErrorCode) + " B, text " + kib(abi.MaxErrorMessage) + ", " + strconv.Itoa(abi.MaxErrorDepth) + " deep"},
	} {
		for _, text := range texts {
			require.Contains(t, section(t, heading), text, heading)
		}
	}
}

func kib(n int) string { return strconv.Itoa(n>>10) + " KiB" }

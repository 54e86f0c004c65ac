package abi_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// These tests hold what ABI.md says of functions that take and give messages,
// and of the data of events, to package names and to itself.

// keyTables gives the tables of keys in text, in their order: key to need.
func keyTables(text string) []map[string]string {
	var all []map[string]string
	for _, table := range strings.Split(text, "| key | type | | |\n")[1:] {
		keys := map[string]string{}
		head, _, _ := strings.Cut(table, "\n\n")
		for line := range strings.Lines(strings.TrimPrefix(head, "|---|---|---|---|\n")) {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
			keys[strings.Trim(cells[0], " `")] = cells[2]
		}
		all = append(all, keys)
	}
	return all
}

// codesIn gives the codes of the errors that a section lists.
func codesIn(text string) []string {
	_, table, found := strings.Cut(text, "| code | when |\n|---|---|\n")
	if !found {
		return nil
	}
	var codes []string
	for line := range strings.Lines(table) {
		code, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok {
			break
		}
		codes = append(codes, code)
	}
	return codes
}

var messageExampleRE = regexp.MustCompile(`(?m)^request +(.+)\n((?:         [0-9a-f ]+\n)+)answer +([A-Z_]+) (.+)\n((?:         [0-9a-f ]+\n)+)$`)

func TestEachMessageFunctionHasItsSectionWithKeysAndAnExample(t *testing.T) {
	t.Parallel()
	for _, f := range abi.MessageImports() {
		name := f.Module + "." + f.Name
		text := section(t, "#### "+name)
		require.Equal(t, []string{name + "(ptr i32, len i32) -> i64"}, importsOf(text))
		require.Equal(t, abi.PhasesMessage, f.Phases, name)
		require.False(t, f.AfterCancel, name)

		tables := keyTables(text)
		require.NotEmpty(t, tables, name)
		request := tables[len(tables)-1]
		codes := slices.Concat(codesIn(text), codesIn(section(t, "### "+f.Module)))

		examples := 0
		for _, block := range plainBlocks(text) {
			m := messageExampleRE.FindStringSubmatch(block)
			if m == nil {
				continue
			}
			examples++
			keys, ok := sameMessage(t, name, m[1], m[2]).(map[string]any)
			require.True(t, ok, name)
			for key := range keys {
				require.Contains(t, request, key, name)
			}
			for key, need := range request {
				if need == "required" {
					require.Contains(t, keys, key, name)
				}
			}
			answer := sameMessage(t, name, m[4], m[5])
			require.Contains(t, []string{"OK", "FAILED"}, m[3], name)
			if m[3] == "FAILED" {
				e, err := abi.DecodeError(bytesOf(t, m[5]))
				require.NoError(t, err)
				require.Contains(t, codes, e.Code, name)
			} else if list, ok := answer.(map[string]any); ok && len(tables) > 1 {
				require.Subset(t, slices.Collect(maps.Keys(tables[0])), slices.Collect(maps.Keys(list)), name)
			}
		}
		require.NotZero(t, examples, "no example of %s", name)
	}
}

// sameMessage holds the two forms of a message in an example to each other and
// gives it.
func sameMessage(t *testing.T, name, text, bytes string) any {
	t.Helper()
	b := bytesOf(t, bytes)
	require.NoError(t, abi.Scan(b, abi.ScanLimits{}), name)
	tree, rest, err := treeOf(b)
	require.NoError(t, err, name)
	require.Empty(t, rest, name)
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var want any
	require.NoError(t, d.Decode(&want), "%s: %s", name, text)
	require.Equal(t, want, tree, name)
	return tree
}

func bytesOf(t *testing.T, hex string) []byte {
	t.Helper()
	b, err := parseHex(hex)
	require.NoError(t, err)
	return b
}

func need(keys ...string) map[string]string {
	m := map[string]string{}
	for _, key := range keys {
		m[strings.TrimSuffix(key, "?")] = map[bool]string{true: "optional", false: "required"}[strings.HasSuffix(key, "?")]
	}
	return m
}

func TestKeysOfScopeMessagesAgreeWithNames(t *testing.T) {
	t.Parallel()
	const scope, name, executor = names.KeyScope, names.KeyName, names.KeyExecutor
	for heading, want := range map[string][]map[string]string{
		"#### aril_scope_v1.lookup": {
			need(names.KeyID, name, names.KeyState, names.KeyValue+"?", names.KeyError+"?"),
			need(scope, executor+"?", name+"?"),
		},
		"#### aril_scope_v1.entries":     {need(scope, names.KeyRegistered+"?", names.KeyValues+"?", names.KeyAfter+"?", names.KeyLimit+"?")},
		"#### aril_scope_v1.resolve":     {need(scope, executor+"?", name+"?", names.KeyForce+"?")},
		"#### aril_scope_v1.update":      {need(scope, executor+"?", name+"?", names.KeyValue)},
		"#### aril_scope_v1.release":     {need(scope, executor+"?", name+"?")},
		"#### aril_scope_v1.subscribe":   {need(scope, names.KeyEvent, names.KeyNames+"?", names.KeyEvery+"?")},
		"#### aril_scope_v1.unsubscribe": {need(scope, names.KeySubscription)},
		"#### aril_scope_v1.get":         {need(scope, names.KeyKey)},
		"#### aril_scope_v1.set":         {need(scope, names.KeyKey, names.KeyValue)},
		"### Resolve":                    {need(names.KeyOperation, executor, scope)},
		"### Data of events": {
			need(names.KeyChange, executor, names.KeyValue+"?"), need(executor), need(executor, names.KeyError),
			need(names.KeySubscription, names.KeyEvery, names.KeyMissed),
			need(names.KeyContext, names.KeyFlow, scope, names.KeyError+"?"),
		},
		"### Execution": {need(scope, names.KeyContext, names.KeyMode, names.KeyFlowName, names.KeyDepth, names.KeyParallel,
			names.KeyFlow+"?", names.KeyParams+"?", names.KeyCount+"?", names.KeyParent+"?", names.KeyTags+"?")},
		"### Context lifecycle": {need(scope, names.KeyContext, names.KeyPhase, name, names.KeyMode+"?")},
	} {
		require.Equal(t, want, keyTables(section(t, heading)), heading)
	}
}

func TestEventsAndCodesAgreeWithNames(t *testing.T) {
	t.Parallel()
	text := section(t, "### Event")
	var events []string
	for _, r := range rows(text) {
		if len(r) == 4 && r[2] != "required" && r[2] != "optional" {
			events = append(events, r[0])
		}
	}
	require.Equal(t, []string{names.EventAttach, names.EventStart, names.EventDetach, names.EventError, names.EventChange, names.EventRelease, names.EventTick,
		names.EventInitPod, names.EventDisposePod, names.EventPodError}, events)

	listed := map[string]bool{}
	for _, code := range codesIn(section(t, "### aril_scope_v1")) {
		listed[code] = true
	}
	for _, f := range abi.MessageImports() {
		if f.Module != names.ModuleScope {
			continue
		}
		for _, code := range codesIn(section(t, "#### "+f.Module+"."+f.Name)) {
			listed[code] = true
		}
	}
	require.ElementsMatch(t, []string{
		names.CodeNotFound, names.CodeNotAttached, names.CodeNotResolved, names.CodeReentrant, names.CodeDenied,
		names.CodeLimit, names.CodeClosed, names.CodeInvalidArgument,
	}, slices.Collect(maps.Keys(listed)))

	require.Contains(t, section(t, "#### aril_scope_v1.lookup"), "`"+strings.Join([]string{names.ExecutorNone, names.ExecutorPending, names.ExecutorResolved}, "`, `")+"` or `"+names.ExecutorRejected+"`")
	require.Contains(t, section(t, "#### aril_scope_v1.subscribe"), "has "+strconv.Itoa(names.MaxSubscriptions)+" subscriptions")
	require.Contains(t, section(t, "#### aril_scope_v1.subscribe"), "at least 10,000,000")
	require.Equal(t, 10_000_000, names.MinTick)
	require.Contains(t, section(t, "#### aril_scope_v1.entries"), "Absent is 1,000")
	require.Equal(t, 1_000, names.MaxEntries)
	for _, heading := range []string{"### Resolve", "### Data of events"} {
		require.Contains(t, section(t, heading), "`"+names.ChangeResolve+"` or `"+names.ChangeUpdate+"`", heading)
	}
	require.Contains(t, section(t, "### Resolve"), "kind `"+names.KindResolve+"`")
}

func TestWordsOfExecutionsAgreeWithNames(t *testing.T) {
	t.Parallel()
	either := func(words ...string) string {
		last := len(words) - 1
		return "`" + strings.Join(words[:last], "`, `") + "` or `" + words[last] + "`"
	}
	execution, lifecycle := section(t, "### Execution"), section(t, "### Context lifecycle")
	require.Contains(t, execution, "kind `"+names.KindExecution+"`")
	require.Contains(t, execution, either(names.ModeSequential, names.ModeParallel, names.ModeParallelSettled))
	require.Contains(t, lifecycle, "kind `"+names.KindLifecycle+"`")
	require.Contains(t, lifecycle, either(names.PhaseCreate, names.PhaseClosing, names.PhaseClosed))
	require.Contains(t, lifecycle, "`"+names.CloseGraceful+"`, when")
	require.Contains(t, lifecycle, "or `"+names.CloseAbort+"`, when")
	for _, text := range []string{execution, section(t, "### Data of events")} {
		require.Contains(t, text, "`"+names.KeyName+"` and `"+names.KeyVersion+"`, both str")
	}
}

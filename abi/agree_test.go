package abi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

// These tests hold ABI.md, abi.wat, wasi.txt and the Go tables to each other.

func readText(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// section gives what stands under a heading of ABI.md, up to the next heading
// of its level or above.
func section(t testing.TB, heading string) string {
	t.Helper()
	level := strings.IndexByte(heading, ' ')
	_, rest, ok := strings.Cut(readText(t, "ABI.md"), "\n"+heading+"\n")
	require.True(t, ok, "ABI.md has no heading %q", heading)
	if at := regexp.MustCompile(`(?m)^#{1,` + strconv.Itoa(level) + `} `).FindStringIndex(rest); at != nil {
		rest = rest[:at[0]]
	}
	return rest
}

// rows gives the cells of all tables in text but for their heads.
func rows(text string) [][]string {
	var all [][]string
	head := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case !strings.HasPrefix(line, "|"):
			head = true
		case strings.HasPrefix(line, "|---"):
			head = false
		case !head:
			var cells []string
			for _, c := range strings.Split(strings.Trim(line, "|"), " | ") {
				cells = append(cells, strings.Trim(strings.TrimSpace(c), "`"))
			}
			all = append(all, cells)
		}
	}
	return all
}

var (
	importRE = regexp.MustCompile(`\(import "(\w+)" "(\w+)" \(func \$\w+((?: \((?:param|result)[^()]*\))*)\)\)`)
	exportRE = regexp.MustCompile(`\(func \(export "(\w+)"\)((?: \((?:param|result)[^()]*\))*)`)
	clauseRE = regexp.MustCompile(`\((param|result)(?: \$(\w+))? (\w+)\)`)
)

// signatureOf turns "(param $a i32) (result i64)" into "(a i32) -> i64".
func signatureOf(clauses string) string {
	var params []string
	result := ""
	for _, c := range clauseRE.FindAllStringSubmatch(clauses, -1) {
		if c[1] == "result" {
			result += " -> " + c[3]
		} else {
			params = append(params, c[2]+" "+c[3])
		}
	}
	return "(" + strings.Join(params, ", ") + ")" + result
}

// importsOf lists the imports in WAT as "module.name(params) -> result".
func importsOf(text string) []string {
	var all []string
	for _, m := range importRE.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1]+"."+m[2]+signatureOf(m[3]))
	}
	return all
}

// hostFunctions lists all that a guest may import by Aril's own module names,
// in the order of the document: env.abort is last.
func hostFunctions() []abi.Import {
	own := abi.Imports()
	last := len(own) - 1
	return slices.Concat(own[:last], abi.MessageImports(), own[last:])
}

func TestHostFunctionsAgree(t *testing.T) {
	t.Parallel()
	var want []string
	for _, f := range hostFunctions() {
		want = append(want, f.Module+"."+f.Name+f.Signature())
	}
	wat := importsOf(readText(t, "abi.wat"))
	require.Equal(t, want, wat, "abi.wat")
	require.Len(t, wat, strings.Count(readText(t, "abi.wat"), "(import "), "an import of abi.wat was not understood")

	var doc []string
	for _, f := range importsOf(section(t, "## Host functions")) {
		if !strings.HasPrefix(f, "acme_") {
			doc = append(doc, f)
		}
	}
	require.Equal(t, want, doc, "ABI.md")
}

func TestEachHostFunctionHasItsSectionWithTypeAndStatuses(t *testing.T) {
	t.Parallel()
	for _, f := range abi.Imports() {
		level := "#### "
		if f.Module == names.ModuleEnv {
			level = "### "
		}
		text := section(t, level+f.Module+"."+f.Name)
		require.Equal(t, []string{f.Module + "." + f.Name + f.Signature()}, importsOf(text))
		require.Contains(t, text, "\n```\n", "no example of %s", f.Name)
		if f.Module == names.ModuleEnv {
			continue
		}
		var statuses []string
		for _, r := range rows(text[strings.Index(text, "| status | when |"):]) {
			require.Len(t, r, 2, f.Name)
			require.Contains(t, statusNumbers(t), r[0], f.Name)
			statuses = append(statuses, r[0])
		}
		require.Equal(t, "OK", statuses[len(statuses)-1], f.Name)
		require.Contains(t, statuses, "INVALID", f.Name)
	}
}

func TestExportsAgree(t *testing.T) {
	t.Parallel()
	var want, hooks []string
	var table [][]string
	for _, e := range abi.Exports() {
		required := "no"
		if e.Required {
			required = "yes"
		}
		table = append(table, []string{e.Name, e.Signature(), required})
		if !e.Memory {
			want = append(want, e.Name+e.Signature())
		}
		if e.Hook != "" {
			hooks = append(hooks, "`"+e.Hook+"`")
		}
	}
	wat := readText(t, "abi.wat")
	var have []string
	for _, m := range exportRE.FindAllStringSubmatch(wat, -1) {
		have = append(have, m[1]+signatureOf(m[2]))
	}
	require.Equal(t, want, have, "abi.wat")
	require.Contains(t, wat, `(memory (export "memory")`)
	require.Equal(t, table, rows(section(t, "## Exports")), "ABI.md")
	require.Contains(t, section(t, "### Manifest"), "Hooks are named "+strings.Join(hooks, ", ")+".")
}

func TestTheCompiledModuleAgrees(t *testing.T) {
	t.Parallel()
	wat2wasm, err := exec.LookPath("wat2wasm")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("wat2wasm (wabt) is not installed")
		}
		t.Skip("SKIPPED: wat2wasm (wabt) is not installed, so abi.wat is compared as text alone")
	}
	out := filepath.Join(t.TempDir(), "abi.wasm")
	msg, err := exec.CommandContext(t.Context(), wat2wasm, "abi.wat", "-o", out).CombinedOutput()
	require.NoError(t, err, string(msg))
	wasm, err := os.ReadFile(out)
	require.NoError(t, err)
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2))
	defer r.Close(t.Context())
	m, err := r.CompileModule(t.Context(), wasm)
	require.NoError(t, err)

	imports := hostFunctions()
	require.Len(t, m.ImportedFunctions(), len(imports))
	for i, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		require.Equal(t, imports[i].Module+"."+imports[i].Name, module+"."+name)
		requireTypes(t, imports[i].Params, imports[i].Results, f)
	}
	require.Len(t, m.ExportedFunctions(), len(abi.Exports())-1)
	require.Contains(t, m.ExportedMemories(), names.ExportMemory)
	for _, e := range abi.Exports() {
		if !e.Memory {
			require.Contains(t, m.ExportedFunctions(), e.Name)
			requireTypes(t, e.Params, e.Results, m.ExportedFunctions()[e.Name])
		}
	}
}

func requireTypes(t *testing.T, params []abi.Param, results []abi.ValueType, f api.FunctionDefinition) {
	t.Helper()
	require.Len(t, f.ParamTypes(), len(params), f.Name())
	for i, p := range params {
		require.Equal(t, byte(p.Type), f.ParamTypes()[i], f.Name())
	}
	require.Len(t, f.ResultTypes(), len(results), f.Name())
	for i, r := range results {
		require.Equal(t, byte(r), f.ResultTypes()[i], f.Name())
	}
}

func TestWASITextParsesWhole(t *testing.T) {
	t.Parallel()
	table := abi.WASI()
	text := readText(t, "wasi.txt")
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	require.Len(t, table, 46)
	require.Len(t, lines, 46)
	for i, f := range table {
		served := "ENOSYS"
		if f.Served {
			served = "served"
		}
		require.Equal(t, lines[i], f.Name+" "+f.Signature()+" "+served)
		require.Equal(t, names.ModuleWASI, f.Module)
		require.Equal(t, abi.PhasesAll, f.Phases)
	}
}

func TestWASIHasTheTypesThatAnotherRuntimeHas(t *testing.T) {
	t.Parallel()
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer r.Close(t.Context())
	m, err := wasi_snapshot_preview1.NewBuilder(r).Compile(t.Context())
	require.NoError(t, err)
	theirs := m.ExportedFunctions()
	require.Len(t, theirs, len(abi.WASI()))
	for _, f := range abi.WASI() {
		require.Contains(t, theirs, f.Name)
		requireTypes(t, f.Params, f.Results, theirs[f.Name])
	}
}

func TestWASITableOfTheDocumentNamesWhatIsServed(t *testing.T) {
	t.Parallel()
	var served, doc []string
	for _, f := range abi.WASI() {
		if f.Served {
			served = append(served, f.Name)
		}
	}
	for _, r := range rows(section(t, "### WASI")) {
		for _, name := range strings.Split(r[0], ",") {
			doc = append(doc, strings.Trim(name, " `"))
		}
	}
	require.ElementsMatch(t, served, doc)
}

func TestPhaseTablesAgree(t *testing.T) {
	t.Parallel()
	yes := func(p abi.Phases) []string {
		var cells []string
		for phase := abi.PhaseInitialize; phase <= abi.PhaseDispose; phase <<= 1 {
			if p.Has(phase) {
				cells = append(cells, "yes")
			} else {
				cells = append(cells, "·")
			}
		}
		return cells
	}
	var want [][]string
	for _, f := range hostFunctions() {
		row := append([]string{f.Module + "." + f.Name}, yes(f.Phases)...)
		if f.AfterCancel {
			row = append(row, "yes")
		} else {
			row = append(row, "·")
		}
		want = append(want, row)
	}
	for i, slot := range []string{"MESSAGE", "INPUT", "RESULT", "ERROR", "PARAMS", "CONFIG", "SCRIPT"} {
		want = append(want, append([]string{"slot " + slot}, yes(abi.SlotPhases(uint32(i)))...))
	}
	for i, kind := range []string{"VALUE", "ERROR", "NEXT"} {
		want = append(want, append([]string{"outcome " + kind}, yes(abi.OutcomePhases(uint32(i)))...))
	}
	require.Equal(t, want, rows(section(t, "## Phases")))
	require.Zero(t, abi.SlotPhases(7))
	require.Zero(t, abi.OutcomePhases(3))
	require.Contains(t, section(t, "## Phases"), "| "+strings.ReplaceAll(abi.PhasesAll.String(), " ", " | ")+" |")
}

func statusNumbers(t testing.TB) map[string]abi.Status {
	t.Helper()
	all := map[string]abi.Status{}
	for _, r := range rows(section(t, "## Statuses")) {
		n, err := strconv.ParseUint(r[1], 10, 32)
		require.NoError(t, err)
		all[r[0]] = abi.Status(n)
	}
	return all
}

func TestStatusesAgree(t *testing.T) {
	t.Parallel()
	doc := statusNumbers(t)
	require.Len(t, doc, names.StatusBusy+1)
	for name, status := range doc {
		require.Equal(t, name, status.String())
	}
	require.Equal(t, "status 13", abi.Status(names.StatusBusy+1).String())
}

// TestNumbersAgree compares the tables of numbers with package names.
func TestNumbersAgree(t *testing.T) {
	t.Parallel()
	for heading, want := range map[string][][2]string{
		"#### aril_v1.next":        {{"1", ""}, {"2", ""}},
		"#### aril_v1.read":        numbered("MESSAGE", names.SlotMessage, "INPUT", names.SlotInput, "RESULT", names.SlotResult, "ERROR", names.SlotError, "PARAMS", names.SlotParams, "CONFIG", names.SlotConfig, "SCRIPT", names.SlotScript),
		"#### aril_v1.outcome":     numbered("VALUE", names.OutcomeValue, "ERROR", names.OutcomeError, "NEXT", names.OutcomeNext),
		"#### aril_v1.context_get": numbered("OWN", names.LevelOwn, "ROOT", names.LevelRoot, "SCOPE", names.LevelScope),
		"## Powers": numbered("ReadInput", names.PowerReadInput, "ReadResult", names.PowerReadResult, "ReadErrorText", names.PowerReadErrorText,
			"ChangeInput", names.PowerChangeInput, "ChangeResult", names.PowerChangeResult, "Skip", names.PowerSkip, "Repeat", names.PowerRepeat),
		"## The life of an operation": numbered("PASS", names.HookPass, "DONE", names.HookDone),
	} {
		have := rows(section(t, heading))
		require.GreaterOrEqual(t, len(have), len(want), heading)
		for i, w := range want {
			require.Equal(t, w[0], have[i][0], heading)
			if w[1] != "" {
				require.Equal(t, w[1], have[i][1], heading)
			}
		}
		// What follows in the section is the table of statuses.
		if len(have) > len(want) {
			require.Contains(t, statusNumbers(t), have[len(want)][0], "%s has a row more", heading)
		}
	}
	require.Equal(t, names.PowersAll, 2*names.PowerRepeat-1)
	require.Equal(t, 1, names.NextReplace)
	require.Equal(t, 2, names.NextRead)
	require.Contains(t, section(t, "## Values"), "ext type "+strconv.Itoa(names.ExtOpaque)+" (0x41): "+strconv.Itoa(names.HandleSize)+" bytes of handle")
	require.Contains(t, section(t, "## Exports"), "cap ≥ "+strconv.Itoa(names.MailboxMin))
	require.Contains(t, section(t, "### Operation"), strconv.Itoa(names.EntropySize)+" random bytes")
	require.Contains(t, section(t, "#### aril_log_v1.write"), "-4 debug, 0 info, 4 warn, 8 error")
	require.Equal(t, []int{-4, 0, 4, 8}, []int{names.LogDebug, names.LogInfo, names.LogWarn, names.LogError})
	require.Contains(t, section(t, "#### aril_clock_v1.now"), "MONOTONIC ("+strconv.Itoa(names.ClockMonotonic)+")")
	require.Contains(t, section(t, "#### aril_clock_v1.now"), "WALL ("+strconv.Itoa(names.ClockWall)+")")
	require.Contains(t, section(t, "#### aril_state_v1.compare_and_swap"), "0x"+strings.ToUpper(strconv.FormatUint(names.Absent, 16)))
}

func numbered(pairs ...any) [][2]string {
	var all [][2]string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, [2]string{pairs[i].(string), strconv.Itoa(pairs[i+1].(int))})
	}
	return all
}

func TestMessageTablesAgreeWithTheGoTypes(t *testing.T) {
	t.Parallel()
	for heading, types := range map[string][]any{
		"### Operation": {abi.Operation{}}, "### Error": {abi.Error{}}, "### Init": {abi.Init{}},
		"### Call": {abi.Call{}}, "### Event": {abi.Event{}}, "### Manifest": {abi.Manifest{}, abi.Filter{}},
	} {
		var want [][]string
		for _, v := range types {
			typ := reflect.TypeOf(v)
			for i := range typ.NumField() {
				want = append(want, keyRow(t, typ.Field(i)))
			}
		}
		var have [][]string
		for _, r := range rows(section(t, heading)) {
			if len(r) == 4 && (r[2] == "required" || r[2] == "optional") {
				have = append(have, r[:3])
			}
		}
		require.Equal(t, want, have, heading)
	}
}

func keyRow(t *testing.T, f reflect.StructField) []string {
	t.Helper()
	name, option, _ := strings.Cut(f.Tag.Get("msg"), ",")
	need := "required"
	if option != "" {
		need = "optional"
	}
	var typ string
	switch f.Type {
	case reflect.TypeFor[abi.Raw]():
		typ = "any"
	case reflect.TypeFor[[]byte]():
		typ = "bin"
	case reflect.TypeFor[*abi.Error]():
		typ = "map"
	default:
		switch f.Type.Kind() {
		case reflect.String:
			typ = "str"
		case reflect.Uint32, reflect.Uint64:
			typ = "int"
		case reflect.Bool:
			typ = "bool"
		case reflect.Slice:
			typ = "array"
		default:
			t.Fatalf("%s has a type that the tables do not know", f.Name)
		}
	}
	return []string{name, typ, need}
}

func TestFuelTableAgrees(t *testing.T) {
	t.Parallel()
	want := map[string]uint32{}
	for _, c := range abi.FuelCosts {
		want[c.Instruction] = c.Fuel
	}
	have := map[string]uint32{}
	text := section(t, "## Fuel")
	for _, r := range rows(text) {
		cost, err := strconv.ParseUint(r[1], 10, 32)
		require.NoError(t, err)
		if r[0] == "any other" {
			require.EqualValues(t, abi.FuelInstruction, cost)
			continue
		}
		for _, name := range strings.Split(r[0], ",") {
			have[strings.Trim(name, " `")] = uint32(cost)
		}
	}
	require.Equal(t, want, have)
	require.Contains(t, readText(t, "ABI.md"), "Fuel: version "+strconv.Itoa(abi.FuelVersion)+".")
	require.Contains(t, text, "1 for each full "+strconv.Itoa(abi.FuelBulkBytes)+" bytes of their length")
	require.Contains(t, text, "an import: "+strconv.Itoa(abi.FuelImport)+", and 1 for each full "+strconv.Itoa(abi.FuelImportBytes)+" bytes")
	require.Contains(t, text, "for each page or element asked for, at most 65,536")
	require.EqualValues(t, 65_536, abi.FuelCountMax)
	require.Contains(t, text, "looked at before each "+strconv.Itoa(abi.FuelBulkChunk>>10)+" KiB")
}

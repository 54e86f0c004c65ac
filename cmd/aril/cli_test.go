package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain keeps the person's own folders out of it.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(inOwnCache(m))
}

func inOwnCache(m *testing.M) int {
	dir, err := os.MkdirTemp("", "aril-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	old, err := os.UserCacheDir()
	if err != nil {
		panic(err)
	}
	for name, value := range map[string]string{
		"ARIL_TOOLCHAINS": filepath.Join(old, "aril", "toolchains"),
		"GOCACHE":         filepath.Join(old, "go-build"),
	} {
		if os.Getenv(name) == "" {
			os.Setenv(name, value)
		}
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	// What the tool makes builds without a network.
	os.Setenv("GOPROXY", "off")
	os.Setenv("CARGO_NET_OFFLINE", "true")
	return m.Run()
}

// A result is what one run of the tool gave.
type result struct {
	code           int
	stdout, stderr string
}

// tool runs the tool in this process.
func tool(t *testing.T, arguments ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), arguments, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// file writes a file into a folder of the test's own and gives its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

var (
	times   = regexp.MustCompile(`[0-9.]+(e\+[0-9]+)? (ns|µs|ms|s)\b|"took_us":[0-9.e+]+|"(self|wait)_us":[0-9.e+]+|_ms": [0-9.]+`)
	spaces  = regexp.MustCompile(`TIME +`)
	folders = regexp.MustCompile(`/[^ "]*/testdata/guests/`)
)

// golden compares what was printed with a file of testdata/golden, but for
// times and folders.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = folders.ReplaceAllString(times.ReplaceAllString(got, "TIME"), "")
	got = spaces.ReplaceAllString(got, "TIME ")
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "if this is meant: go test ./cmd/aril -update")
}

// need skips a test whose command is missing; with CI=true it fails.
func need(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if _, err := exec.LookPath(c); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing: run .ci/install.sh", c)
			}
			t.Skipf("%s is missing: run .ci/install.sh", c)
		}
	}
}

func guest(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(guests + name)
	require.NoError(t, err)
	return path
}

func TestHelpNamesEveryCommandAndTeachesWithExamples(t *testing.T) {
	t.Parallel()
	r := tool(t, "--help")
	require.Equal(t, 0, r.code, r.stderr)
	golden(t, "help.txt", r.stdout)
	for _, c := range rootCommand().Commands() {
		if c.GroupID != "" {
			require.NotEmpty(t, c.Short, c.Name())
			require.NotEmpty(t, c.Long, c.Name())
		}
	}
}

func TestAWrongCallIsToldInWordsAndEndsWithTwo(t *testing.T) {
	t.Parallel()
	for want, arguments := range map[string][]string{
		`there is no command "tset"`:                     {"tset"},
		"aril inspect takes one module, not 0 arguments": {"inspect"},
		"unknown flag: --nope":                           {"inspect", "--nope", "x.wasm"},
		"no such file":                                   {"inspect", "nope.wasm"},
		"say which language":                             {"new", "audit"},
		`"Audit" is no name`:                             {"new", "--lang", "go", filepath.Join(t.TempDir(), "Audit")},
		`there is no scaffold for "cobol"`:               {"new", "--lang", "cobol", "x"},
		"say what to run":                                {"run", guest(t, "pass.wasm")},
		"power \"Fly\" is none of":                       {"run", guest(t, "pass.wasm"), "--op", file(t, "op.json", `{"operation": {}}`), "--power", "Fly"},
		"limit \"fuel\" is not NAME=VALUE":               {"run", guest(t, "pass.wasm"), "--op", file(t, "op.json", `{"operation": {}}`), "--limit", "fuel"},
		`limit self_time: "10" is no time`:               {"run", guest(t, "pass.wasm"), "--op", file(t, "op.json", `{"operation": {}}`), "--limit", "self_time=10"},
		"isolation \"stale\" is none of":                 {"run", guest(t, "pass.wasm"), "--op", file(t, "op.json", `{"operation": {}}`), "--isolation", "stale"},
		"there is no case":                               {"test", t.TempDir()},
	} {
		r := tool(t, arguments...)
		require.Equal(t, 2, r.code, "%v: %s", arguments, r.stderr)
		require.Contains(t, r.stderr, want)
	}
}

func TestInspectTellsWhatAModuleIs(t *testing.T) {
	t.Parallel()
	r := tool(t, "inspect", guest(t, "retry.wasm"))
	require.Equal(t, 0, r.code, r.stderr)
	golden(t, "inspect.txt", r.stdout)
	r = tool(t, "inspect", guest(t, "retry.wasm"), "--json")
	require.Equal(t, 0, r.code, r.stderr)
	golden(t, "inspect.json", r.stdout)
}

func TestInspectRefusesWhatAHostWould(t *testing.T) {
	t.Parallel()
	r := tool(t, "inspect", guest(t, "fetch.wasm"))
	require.Equal(t, 1, r.code)
	golden(t, "inspect_refused.txt", r.stdout)
	r = tool(t, "inspect", guest(t, "fetch.wasm"), "--grant", "aril_http_v1")
	require.Equal(t, 0, r.code, r.stdout)
	r = tool(t, "inspect", guest(t, "capability.wasm"), "--grant-all")
	require.Equal(t, 0, r.code, r.stdout)
	r = tool(t, "inspect", file(t, "x.wasm", "no module"))
	require.Equal(t, 1, r.code)
}

func TestInspectComparesTwoVersions(t *testing.T) {
	t.Parallel()
	r := tool(t, "inspect", "--diff", guest(t, "pass.wasm"), guest(t, "fetch.wasm"))
	require.Equal(t, 1, r.code, "it asks for more")
	golden(t, "diff.txt", r.stdout)
	r = tool(t, "inspect", "--diff", guest(t, "capability.wasm"), guest(t, "pass.wasm"), "--json")
	require.Equal(t, 0, r.code, "it asks for less")
	golden(t, "diff.json", r.stdout)
}

const twoSteps = `{"operation": {"kind": "execution", "name": "order.place"}, "input": {"n": 1},
 "next": [{"error": {"code": "busy", "message": "later", "retryable": true}}, {"value": 7}]}
{"operation": {"name": "stock.read"}, "next": [{"value": {"$bytes": "AAE="}}], "expect": {"value": 8}}`

func TestRunPrintsOutcomeLogAndUsage(t *testing.T) {
	t.Parallel()
	steps := file(t, "ops.jsonl", twoSteps)
	r := tool(t, "run", guest(t, "retry.wasm"), "--limit", "self_time=10s", "--op", steps)
	require.Equal(t, 1, r.code, "the second step expects another value")
	golden(t, "run.txt", r.stdout)
	r = tool(t, "run", guest(t, "retry.wasm"), "--limit", "self_time=10s", "--op", steps, "--json")
	require.Equal(t, 1, r.code)
	golden(t, "run.json", r.stdout)
	r = tool(t, "run", guest(t, "retry.wasm"), "--limit", "self_time=10s", "--op", steps, "--quiet")
	require.Equal(t, 1, r.code)
	require.NotContains(t, r.stdout, "order.place")
}

func TestRunSaysHowAnExtensionBroke(t *testing.T) {
	t.Parallel()
	step := file(t, "op.json", `{"operation": {"name": "order.place"}, "next": [{"value": 7}]}`)
	r := tool(t, "run", guest(t, "spin.wasm"), "--op", step, "--limit", "fuel=20k", "--limit", "self_time=10s")
	require.Equal(t, 1, r.code)
	golden(t, "run_broke.txt", r.stdout)
}

func TestRunSaysHowToGrantWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	step := file(t, "op.json", `{"operation": {"name": "order.place"}, "input": "A-1", "next": [{"value": 7}]}`)
	r := tool(t, "run", guest(t, "capability.wasm"), "--op", step)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "it imports acme_stock_v1.reserve, which is not granted")
	require.Contains(t, r.stderr, "--grant-all")
	r = tool(t, "run", guest(t, "capability.wasm"), "--op", step, "--answer", `acme_stock_v1.reserve={"left": 5}`)
	require.Equal(t, 0, r.code, r.stderr)
	require.Contains(t, r.stdout, `{"left": 5}`)
}

func TestTextOfAnExtensionCannotReachTheTerminal(t *testing.T) {
	t.Parallel()
	step := file(t, "op.json", `{"operation": {"name": "a\u001b[2Jb"}, "input": "\u001b]0;title\u0007", "next": [{"value": "\u001b[31m\u202e"}]}`)
	r := tool(t, "run", guest(t, "pass.wasm"), "--op", step)
	require.NotContains(t, r.stdout, "\x1b")
	require.NotContains(t, r.stdout, "\x07")
	require.NotContains(t, r.stdout, "\u202e")
}

func TestBenchMeasuresBothModes(t *testing.T) {
	t.Parallel()
	r := tool(t, "bench", guest(t, "pass.wasm"), "--time", "20ms", "--count", "50")
	require.Equal(t, 0, r.code, r.stderr)
	require.Regexp(t, `(?m)^step +isolation +runs +median +p99 +fuel +moved +memory$`, r.stdout)
	require.Regexp(t, `(?m)^operation bench +fresh +\d+ `, r.stdout)
	require.Regexp(t, `(?m)^operation bench +pooled +\d+ `, r.stdout)
	r = tool(t, "bench", guest(t, "pass.wasm"), "--time", "20ms", "--count", "5", "--isolation", "single", "--json")
	require.Equal(t, 0, r.code, r.stderr)
	require.Contains(t, r.stdout, `"isolation": "single"`)
	require.Contains(t, r.stdout, `"count": 5`)
}

func TestCompletionAndVersionAreThere(t *testing.T) {
	t.Parallel()
	r := tool(t, "completion", "bash")
	require.Equal(t, 0, r.code)
	require.Contains(t, r.stdout, "__start_aril")
	r = tool(t, "__complete", "new", "--lang", "")
	require.Contains(t, r.stdout, "rust\n")
	r = tool(t, "version")
	require.Regexp(t, `^aril \d+\.\d+\.\d+ \(ABI v1`, r.stdout)
}

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	t.Parallel()
	need(t, "script", "go")
	binary := filepath.Join(t.TempDir(), "aril")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	look := func(command string, env ...string) string {
		cmd := exec.Command("script", "-qec", binary+" "+command, "/dev/null")
		cmd.Env = append(os.Environ(), append([]string{"TERM=xterm", "NO_COLOR="}, env...)...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	inspect := "inspect " + guest(t, "pass.wasm")
	require.Contains(t, look(inspect), "\x1b[32mwould be loaded\x1b[")
	require.NotContains(t, look(inspect, "NO_COLOR=1"), "\x1b[")
	require.NotContains(t, look(inspect, "TERM=dumb"), "\x1b[")
	bench := "bench --time 700ms --isolation fresh --op " + file(t, "ops.jsonl", `{"operation": {}}`+"\n"+`{"operation": {}}`) + " " + guest(t, "pass.wasm")
	require.Contains(t, look(bench), "measuring", "a long run shows how far it is")
	require.NotContains(t, look(bench+" 2>/dev/null"), "measuring")
}

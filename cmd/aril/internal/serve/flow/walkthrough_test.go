package flow_test

import (
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/guard"
	"github.com/aril-wasm/aril/runtime/enrich"
)

const example = "../../../../../examples/serve"

var update = flag.Bool("update", false, "write the output of the commands into the README of examples/serve")

// TestTheReadmeOfTheExampleSaysWhatHappens runs the commands of the README,
// with a service of their own for the part with tokens.
func TestTheReadmeOfTheExampleSaysWhatHappens(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			require.Empty(t, os.Getenv("CI"), "%s is missing", tool)
			t.Skip(tool + " is missing")
		}
	}
	raw, err := os.ReadFile(filepath.Join(example, "README.md"))
	require.NoError(t, err)
	parts := strings.SplitAfterN(string(raw), "\n## Roles\n", 2)
	require.Len(t, parts, 2)
	tokens, env := tokenFile(t)
	compiled := t.TempDir()
	got := run(t, parts[0], start(t, serve.Config{Cache: compiled}), nil) + run(t, parts[1], start(t, serve.Config{Cache: compiled, Tokens: tokens}), env)
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(example, "README.md"), []byte(got), 0o644))
		return
	}
	require.Equal(t, anyRun(string(raw)), anyRun(got))
}

func TestTheDefinitionsOfTheExampleAreWithoutIssues(t *testing.T) {
	t.Parallel()
	files := os.DirFS(filepath.Join(example, "definitions"))
	issues, err := enrich.Lint(t.Context(), files)
	require.NoError(t, err)
	require.Empty(t, issues)
	var docs []enrich.Document
	require.NoError(t, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".json" {
			return err
		}
		raw, err := fs.ReadFile(files, name)
		docs = append(docs, enrich.Document{Name: name, JSON: raw, Files: files})
		return err
	}))
	c, issues := flow.Parse(docs)
	require.Empty(t, issues)
	_, ok := c.Workflow("banking", "loan-applications", "1")
	require.True(t, ok)
}

func start(t *testing.T, cfg serve.Config) (address string) {

	cfg.Definitions, cfg.Database = filepath.Join(example, "definitions"), "sqlite::memory:"
	s, err := serve.New(t.Context(), cfg)
	require.NoError(t, err)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		srv.Close()
		require.NoError(t, s.Close(context.Background()))
	})
	return srv.Listener.Addr().String()
}

func tokenFile(t *testing.T) (file string, env []string) {
	var entries []guard.TokenEntry
	for name, roles := range map[string][]string{"TELLER": {"read", "write", "teller"}, "UNDERWRITER": {"read", "write", "underwriter"}} {
		secret, digest := guard.NewToken()
		entries = append(entries, guard.TokenEntry{ID: strings.ToLower(name), SHA256: digest, Roles: roles})
		env = append(env, name+"="+secret)
	}
	b, err := json.Marshal(entries)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "tokens.json")
	require.NoError(t, os.WriteFile(file, b, 0o600))
	return file, env
}

var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// run runs the commands of the console blocks in one shell, and gives the text
// with what they print.
func run(t *testing.T, text, address string, env []string) string {
	const documented, mark = "127.0.0.1:8080", "@@@ "
	script := "API=http://" + address + "/api/v1/banking/workflows/loan-applications/instances\n"
	var blocks [][]string
	for _, m := range console.FindAllStringSubmatch(text, -1) {
		var commands []string
		for line := range strings.Lines(m[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands = append(commands, line)
				script += strings.ReplaceAll(command, documented, address) + "echo; echo '" + mark + "'\n"
			}
		}
		blocks = append(blocks, commands)
	}
	require.NotEmpty(t, blocks)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	printed := strings.Split(strings.ReplaceAll(string(out), address, documented), mark)
	n := 0
	return console.ReplaceAllStringFunc(text, func(string) string {
		block := "```console\n"
		for _, command := range blocks[0] {
			block += command
			if said := strings.TrimSpace(printed[n]); said != "" {
				block += said + "\n"
			}
			n++
		}
		blocks = blocks[1:]
		return block + "```"
	})
}

var varying = []*regexp.Regexp{
	regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
	regexp.MustCompile(`00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}`),
	regexp.MustCompile(`W/\\"[^"]*"`),
	regexp.MustCompile(`\\"[0-9A-Z]{26}\\"`),
}

// anyRun takes away what is different each time.
func anyRun(text string) string {
	for _, v := range varying {
		text = v.ReplaceAllString(text, "…")
	}
	return text
}

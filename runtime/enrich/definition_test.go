package enrich

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestKeysBecomeMembersAsTheReleasesNameThem(t *testing.T) { // V-B15
	t.Parallel()
	for key, want := range map[string]string{
		"extension-user-session": "extensionUserSession", "userInfo": "userinfo", "2fa-info": "_2faInfo", "a__b--c d": "aBCD",
		"-x": "x", "---": "_", "A-B": "aB", "x": "x",
	} {
		require.Equal(t, want, variableName(key), key)
	}
}

func TestAtLevelDocsTheMemberIsTheKeyWithoutThePrefix(t *testing.T) { // V-B16
	t.Parallel()
	for key, want := range map[string]string{
		"extension-user-session": "userSession", "account-limits": "accountLimits", "extension-": "extension", "extension-2fa": "_2fa", "extension": "extension",
	} {
		require.Equal(t, want, CompatDocs.slot(&Extension{Identity: Identity{Key: key}}), key)
		require.Equal(t, variableName(key), Compat0033.slot(&Extension{Identity: Identity{Key: key}}), key)
	}
	require.Equal(t, "Session", Compat0026.slot(&Extension{Identity: Identity{Key: "x"}, ResponseKey: "Session"}))
}

func TestVersionsAreOrderedByTheirNumbers(t *testing.T) {
	t.Parallel()
	order := []string{"0.9.9", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0-beta.1", "1.0.0", "1.0.10", "1.2.0", "10.0.0"}
	for i, a := range order {
		for j, b := range order {
			got := CompareVersions(a, b)
			require.Equal(t, i < j, got < 0, "%s %s", a, b)
			require.Equal(t, i == j, got == 0, "%s %s", a, b)
		}
	}
}

func TestAReferenceMeansTheNewestVersionThatFits(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	publish(t, e, scriptTask("core"))
	for _, v := range []string{"1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1"} {
		publish(t, e, ext{key: "x", version: v}.doc())
	}
	for wanted, want := range map[string]string{"": "1.10.0", "latest": "1.10.0", "1": "1.10.0", "1.2": "1.2.0", "1.0.0": "1.0.0", "1.1": "", "2": "", "2.0.0-rc.1": "2.0.0-rc.1", "3": ""} {
		got, ok := e.Extension("core", "x", wanted)
		require.Equal(t, want != "", ok, wanted)
		if ok {
			require.Equal(t, want, got.Version, wanted)
		}
	}
	publish(t, e, ext{key: "y", version: "3.0.0-rc.1"}.doc())
	got, ok := e.Extension("core", "y", "latest")
	require.True(t, ok)
	require.Equal(t, "3.0.0-rc.1", got.Version, "there is no other")
}

// What is wrong with a definition is told with its member, file and line.
func TestAWrongDefinitionIsRefusedWithMemberFileAndLine(t *testing.T) { // V-B39, V-B40, V-B41
	t.Parallel()
	const right = `{
  "key": "extension-x",
  "version": "1.0.0",
  "domain": "core",
  "flow": "sys-extensions",
  "flowVersion": "1.0.0",
  "tags": ["a"],
  "attributes": {
    "type": 1,
    "scope": 3,
    "task": {
      "order": 1,
      "task": {
        "key": "script",
        "domain": "core",
        "version": "1.0.0",
        "flow": "sys-tasks"
      },
      "mapping": {
        "location": "native:m"
      }
    }
  }
}`
	for _, c := range []struct {
		name, old, new string
		line           int
		member, says   string
	}{
		{"no version", `  "version": "1.0.0",` + "\n  \"domain\"", "\n  \"domain\"", 1, "Extension.Version", "is missing"},
		{"a key with capitals", `"extension-x"`, `"Extension-X"`, 2, "Extension.Key", "does not match pattern"},
		{"a key of 101 letters", `"extension-x"`, `"` + strings.Repeat("k", 101) + `"`, 2, "Extension.Key", "maxLength"},
		{"a domain of 51 letters", `"domain": "core",` + "\n  \"flow\"", `"domain": "` + strings.Repeat("d", 51) + `",` + "\n  \"flow\"", 4, "Extension.Domain", "maxLength"},
		{"a version without a patch", `"1.0.0",` + "\n  \"domain\"", `"1.0",` + "\n  \"domain\"", 3, "Extension.Version", "pattern"},
		{"no tags", `["a"]`, `[]`, 7, "Extension.Tags", "minItems"},
		{"an unknown member", `"tags"`, `"labels": 1, "tags"`, 7, "Extension.Labels", "not a member that is known here"},
		{"attributes that are text", right[strings.Index(right, `"attributes": `)+len(`"attributes": `):], `"x"}`, 8, "Extension.Attributes", "want object"},
		{"no task", `"scope": 3,`, `"scope": 3 }, "_comment": "", "x": {`, 8, "Extension.Task", "is missing"},
		{"type 5", `"type": 1`, `"type": 5`, 9, "Extension.Type", "one of"},
		{"a type that is text", `"type": 1`, `"type": "O"`, 9, "Extension.Type", ""},
		{"scope 4", `"scope": 3`, `"scope": 4`, 10, "Extension.Scope", "one of"},
		{"order 0", `"order": 1`, `"order": 0`, 12, "Extension.Task.Order", "minimum"},
		{"a task of another flow", `"sys-tasks"`, `"sys-flows"`, 17, "Extension.Task.Task.Flow", "sys-tasks"},
		{"a task that is not loaded", `"script"`, `"nobody"`, 11, "Extension.Task", "task core/nobody 1.0.0 is not loaded"},
		{"a location without code", `"native:m"`, `"./src/X.js"`, 19, "Extension.Task.Mapping", "there is no code"},
		{"a location that leads out", `"native:m"`, `"../../etc/passwd.js"`, 19, "Extension.Task.Mapping", "leads out"},
		{"an absolute location", `"native:m"`, `"/etc/passwd.js"`, 19, "Extension.Task.Mapping", "leads out"},
		{"a native mapping that nobody offers", `"native:m"`, `"native:n"`, 19, "Extension.Task.Mapping", "does not offer"},
		{"C# with nothing beside it", `"native:m"`, `"./src/X.csx", "code": "dXNpbmcgU3lzdGVtOw=="`, 19, "Extension.Task.Mapping", "looked for core/src/X.wasm, core/src/X.js, core/src/X.ts"},
		{"code that is not base64", `"native:m"`, `"./src/X.js", "code": "<BASE64>"`, 19, "Extension.Task.Mapping", "not base64"},
		{"a module that is none", `"native:m"`, `"./src/X.wasm", "code": "AGFzbQ=="`, 19, "Extension.Task.Mapping", "malformed or invalid module"},
		{"not JSON", `"scope": 3,`, `"scope": 3`, 11, "", "not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEnricher(t, Config{Natives: map[string]Mapping{"m": gives(`1`)}})
			publish(t, e, scriptTask("core"))
			require.Contains(t, right, c.old)
			text := strings.Replace(right, c.old, c.new, 1)
			issues := refusal(t, e, Document{Name: "core/x.json", JSON: []byte(text), Files: fstest.MapFS{}})
			for _, i := range issues {
				if i.Member == c.member && i.Line == c.line && strings.Contains(i.Message, c.says) {
					require.Equal(t, "core/x.json", i.File)
					require.Contains(t, i.String(), "core/x.json:")
					return
				}
			}
			t.Fatalf("no issue for %s at line %d that says %q: %v", c.member, c.line, c.says, issues)
		})
	}
	e := newEnricher(t, Config{Natives: map[string]Mapping{"m": gives(`1`)}})
	publish(t, e, scriptTask("core"), Document{Name: "core/x.json", JSON: []byte(right)})
}

func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	issues := refusal(t, e, ext{key: "A", kind: 7, scope: 9}.doc(), taskDoc("core", "http", "6", `{}`), taskDoc("core", "t", "6", `{"url":"ftp://x/"}`))
	var members []string
	for _, i := range issues {
		members = append(members, i.Member)
	}
	require.Subset(t, members, []string{"Extension.Key", "Extension.Type", "Extension.Scope", "Task.Config.Url"})
}

// Issue text: the rest refused at publish with the code of the system.
func TestTasksThatExtensionsCannotRunAreRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"1", "2", "3", "4", "5", "8", "9", "10", "11", "12", "14", "16", "18", "19", "20", "21", "22", "23", "99"} {
		e := newEnricher(t, Config{})
		publish(t, e, taskDoc("core", "t", kind, "")) // alone it disturbs nobody
		issues := refusal(t, e, ext{key: "x", task: "t"}.doc())
		require.Len(t, issues, 1)
		require.Equal(t, "Task:400009", issues[0].Code, kind)
		require.Equal(t, "Extension.Task", issues[0].Member)
		require.Contains(t, issues[0].Message, "UnsupportedTaskType")
	}
}

func TestTemplatesAreHeldAgainstWhatThereIs(t *testing.T) {
	t.Parallel()
	for config, says := range map[string]string{
		`{"url":"https://{{instance.data.host}}/x"}`:                                   "the host of the URL is a template",
		`{"url":"https://a.example{{query.x}}/"}`:                                      "the host of the URL is a template",
		`{"url":"https://u:p@a.example/"}`:                                             "it has a user",
		`{"url":"a.example/x"}`:                                                        "neither http:// nor https://",
		`{"url":"https://a.example/{{env.HOME}}"}`:                                     "named by a path that begins with",
		`{"url":"https://a.example/{{instance.id"}`:                                    "{{ without }}",
		`{"url":"https://a.example/","headers":{"x":"{{secrets.one}}"}}`:               "secrets.STORE.KEY",
		`{"url":"https://a.example/","body":{"a":["{{nobody.x}}"]}}`:                   "named by a path",
		`{"url":"https://a.example/","timeoutSeconds":0}`:                              "exclusiveMinimum",
		`{"url":"https://a.example/","method":"TRACE"}`:                                "one of",
		`{"url":"https://a.example/","acceptedStatusCodes":["maybe"]}`:                 "pattern",
		`{"url":"https://a.example/","body":"` + strings.Repeat("{{body}}", 65) + `"}`: "more than 64",
	} {
		e := newEnricher(t, Config{})
		issues := refusal(t, e, taskDoc("core", "t", "6", config))
		require.Contains(t, issues[0].String(), says, config)
	}
}

func TestKeysThatCollideInAResponseAreRefused(t *testing.T) {
	t.Parallel()
	docs := func(x ...ext) []Document {
		out := []Document{scriptTask("core"), scriptTask("bank")}
		for _, x := range x {
			out = append(out, x.doc())
		}
		return out
	}
	e := newEnricher(t, Config{})
	issues := refusal(t, e, docs(ext{key: "extension-a-b"}, ext{key: "a--b"})...)
	require.Contains(t, issues[0].Message, `both become the member "aB"`)
	issues = refusal(t, e, docs(ext{key: "a-b"}, ext{key: "a-b", domain: "bank"})...)
	require.Contains(t, issues[0].Message, "run in all domains")
	issues = refusal(t, e, append(docs(ext{key: "a-b", kind: 3}, ext{key: "a-b", domain: "bank", kind: 3}), workflowDoc("core", "w", "core/a-b", "bank/a-b"))...)
	require.Contains(t, issues[0].Message, "of workflow w")
	publish(t, e, docs(ext{key: "a-b", kind: 3}, ext{key: "a-b", domain: "bank", kind: 3})...)
	publish(t, e, ext{key: "a-b", version: "2.0.0", kind: 3}.doc())

	old := newEnricher(t, Config{Compat: Compat0033})
	publish(t, old, docs(ext{key: "extension-a-b"}, ext{key: "a-b"}, ext{key: "a-b", domain: "bank"})...)
	issues = refusal(t, old, ext{key: "a--b"}.doc())
	require.Contains(t, issues[0].Message, `both become the member "aB"`)
	publish(t, old, ext{key: "a--b", more: `"responseKey":"other"`}.doc())
}

func TestAWorkflowMayNameWhatIsNotLoadedYet(t *testing.T) { // V-B11, V-B19
	t.Parallel()
	e := newEnricher(t, Config{})
	warnings, err := e.Publish(t.Context(), scriptTask("core"), ext{key: "x", kind: 3}.doc(), workflowDoc("core", "w", "core/x", "core/gone 2", "core/x 1"))
	require.NoError(t, err)
	require.Len(t, warnings, 2)
	require.True(t, warnings[0].Warning)
	require.Equal(t, "Workflow.Extensions[1]", warnings[0].Member)
	require.Contains(t, warnings[0].Message, "core/gone 2 is not loaded")
	require.Contains(t, warnings[1].Message, "20102: extension core/x 1 is listed twice by workflow w")
}

func TestLinesAreFoundInAnyLayout(t *testing.T) {
	t.Parallel()
	text := []byte("{\"a\": [1,\n2, {\"b\" :\n  {\"c\":\n\n 5}}], \"d\": 1}")
	for _, c := range []struct {
		path []string
		line int
	}{{nil, 1}, {[]string{"a"}, 1}, {[]string{"a", "1"}, 2}, {[]string{"a", "2", "b"}, 3}, {[]string{"a", "2", "b", "c"}, 5}, {[]string{"d"}, 5}, {[]string{"a", "2", "b", "x"}, 3}, {[]string{"a", "9"}, 1}} {
		require.Equal(t, c.line, lineOf(text, c.path...), c.path)
	}
	start, end := span(text, []string{"a", "2", "b"})
	require.Equal(t, "{\"c\":\n\n 5}", string(text[start:end]))
}

func TestTheReferencesOfTheSeedAreLoadedFromFiles(t *testing.T) {
	t.Parallel()
	e := newEnricher(t, Config{})
	files := fstest.MapFS{
		"Extensions/x.json":     {Data: []byte(strings.Replace(string(ext{key: "x"}.doc().JSON), `{"key":"script","domain":"core","version":"latest","flow":"sys-tasks"}`, `{"ref":"Tasks/script.json"}`, 1))},
		"Tasks/script.json":     {Data: scriptTask("core").JSON},
		"package.json":          {Data: []byte(`{"name":"not a definition"}`)},
		"node_modules/x/y.json": {Data: []byte(`{"flow":"sys-extensions"}`)},
	}
	_, err := e.LoadFS(t.Context(), "dir", files)
	require.NoError(t, err)
	require.Len(t, e.Find(Query{}), 2)
	delete(files, "Tasks/script.json")
	_, err = e.LoadFS(t.Context(), "dir", files)
	require.ErrorContains(t, err, `task "Tasks/script.json" is not loaded`)
	require.Len(t, e.Find(Query{}), 2, "the last good version serves on")
}

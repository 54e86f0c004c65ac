package enrich

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newEnricher makes an Enricher that is closed with the test.
func newEnricher(t testing.TB, cfg Config) *Enricher {
	t.Helper()
	e, err := New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close(context.Background())) })
	return e
}

// gives is a mapping that answers a value.
func gives(value string) Mapping {
	return NativeMapping{Output: func(context.Context, *ScriptContext) (*ScriptResponse, error) {
		return &ScriptResponse{Data: json.RawMessage(value)}, nil
	}}
}

// An ext is a definition in short.
type ext struct {
	key, domain, version string
	kind, scope, order   int
	task                 string // its key, in the domain; "script" by default
	mapping              string // a native's name
	more                 string // further members of attributes, as `"lazy":true`
}

func (x ext) doc() Document {
	x.domain, x.version = orElse(x.domain, "core"), orElse(x.version, "1.0.0")
	if x.kind == 0 {
		x.kind = 1
	}
	if x.scope == 0 {
		x.scope = 3
	}
	if x.order == 0 {
		x.order = 1
	}
	mapping := ""
	if x.mapping != "" {
		mapping = fmt.Sprintf(`,"mapping":{"location":"native:%s"}`, x.mapping)
	}
	if x.more != "" {
		x.more = "," + x.more
	}
	return Document{Name: x.domain + "/" + x.key + ".json", JSON: fmt.Appendf(nil,
		`{"key":%q,"version":%q,"domain":%q,"flow":"sys-extensions","flowVersion":"1.0.0","tags":["test"],"attributes":{"type":%d,"scope":%d,"task":{"order":%d,"task":{"key":%q,"domain":%q,"version":"latest","flow":"sys-tasks"}%s}%s}}`,
		x.key, x.version, x.domain, x.kind, x.scope, x.order, orElse(x.task, "script"), x.domain, mapping, x.more)}
}

// taskDoc is a task definition.
func taskDoc(domain, key, kind, config string) Document {
	return Document{Name: domain + "/tasks/" + key + ".json", JSON: fmt.Appendf(nil,
		`{"key":%q,"version":"1.0.0","domain":%q,"flow":"sys-tasks","flowVersion":"1.0.0","attributes":{"type":%q,"config":%s}}`, key, domain, kind, orElse(config, "{}"))}
}

func scriptTask(domain string) Document { return taskDoc(domain, "script", "7", "") }

// workflowDoc lists extensions as "domain/key" or "domain/key version".
func workflowDoc(domain, key string, refs ...string) Document {
	var list []string
	for _, r := range refs {
		name, version, _ := strings.Cut(r, " ")
		d, k, _ := strings.Cut(name, "/")
		list = append(list, fmt.Sprintf(`{"key":%q,"domain":%q,"version":%q,"flow":"sys-extensions"}`, k, d, orElse(version, "latest")))
	}
	return Document{Name: domain + "/flows/" + key + ".json", JSON: fmt.Appendf(nil,
		`{"key":%q,"version":"1.0.0","domain":%q,"flow":"sys-flows","attributes":{"extensions":[%s]}}`, key, domain, strings.Join(list, ","))}
}

// publish loads documents that are right.
func publish(t testing.TB, e *Enricher, docs ...Document) {
	t.Helper()
	_, err := e.Publish(t.Context(), docs...)
	require.NoError(t, err)
}

// refusal publishes documents that are wrong, and gives what was said.
func refusal(t testing.TB, e *Enricher, docs ...Document) []Issue {
	t.Helper()
	_, err := e.Publish(t.Context(), docs...)
	var refused *PublishError
	require.ErrorAs(t, err, &refused)
	return refused.Issues
}

// extensions enriches and gives the member as text.
func extensions(t testing.TB, e *Enricher, r Request, instance any) string {
	t.Helper()
	got, err := e.Enrich(t.Context(), r, instance)
	require.NoError(t, err)
	return string(got.Extensions.append(nil))
}

func outcome(r *Result, key string) Outcome {
	for _, run := range r.Runs {
		if run.Key == key {
			return run.Outcome
		}
	}
	return ""
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return b
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

package enrich

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Lint holds the definitions below files against the schema and against the
// best practices of the document: errors, as LoadFS would refuse them, and
// warnings. It loads no mapping and needs no host.
func Lint(ctx context.Context, files fs.FS) ([]Issue, error) {
	config, err := Config{noRuntime: true}.withDefaults(ctx)
	if err != nil {
		return nil, err
	}
	e := &Enricher{config: config}
	docs, issues, err := e.collect(ctx, files)
	if err != nil {
		return nil, err
	}
	parsedDocs, more := e.parseAll(ctx, docs)
	issues = append(issues, more...)
	c := newCatalogue(config.Compat, parsedDocs)
	issues = append(issues, c.collisions(parsedDocs)...)
	issues = append(issues, e.lintTasks(c, parsedDocs)...)
	for _, d := range parsedDocs {
		if d.extension != nil {
			task, _ := c.task(d.extension.Task)
			issues = append(issues, lintExtension(d, task)...)
		}
	}
	for _, versions := range c.workflows {
		for _, w := range versions {
			issues = append(issues, w.warnings(parsedDocs)...)
		}
	}
	sortIssues(issues)
	return issues, nil
}

// lintTasks finds tasks that are missing or cannot be run.
func (e *Enricher) lintTasks(c *catalogue, docs []*parsed) []Issue {
	byFile := map[string]*Task{}
	for _, d := range docs {
		if d.task != nil {
			byFile[d.doc.Name] = d.task
		}
	}
	var issues []Issue
	for _, d := range docs {
		if d.extension == nil {
			continue
		}
		where := []string{"attributes", "task"}
		issue := Issue{File: d.doc.Name, Line: lineOf(d.doc.JSON, where...), Member: "Extension.Task"}
		if task, err := c.findTask(d.extension, byFile); err != nil {
			issue.Message = err.Error()
			issues = append(issues, issue)
		} else if !task.Kind.supported() {
			issue.Code, issue.Message = codeUnsupportedTask, unsupportedTask(d.extension, task)
			issues = append(issues, issue)
		}
	}
	return issues
}

// recommendedScope is the document's table of types and scopes.
var recommendedScope = map[Type]struct {
	scope    Scope
	scenario string
}{
	Global:                  {Everywhere, "always required system data"},
	GlobalAndRequested:      {GetInstance, "user session info"},
	DefinedFlows:            {GetInstance, "workflow-specific info"},
	DefinedFlowAndRequested: {GetInstance, "on-demand detail info"},
}

// longTask is what a task of an extension should stay below.
const longTask = 10 * time.Second

func lintExtension(d *parsed, task *Task) []Issue {
	x := d.extension
	var issues []Issue
	warn := func(message string, path ...string) {
		issues = append(issues, Issue{Warning: true, File: d.doc.Name, Line: lineOf(d.doc.JSON, path...), Member: member(FlowExtensions, path), Message: message})
	}
	if !strings.HasPrefix(x.Key, keyPrefix) {
		warn(fmt.Sprintf("the key has no prefix %q", keyPrefix), "key")
	}
	if r := recommendedScope[x.Type]; x.Scope != r.scope {
		warn(fmt.Sprintf("type %d (%v) with scope %d (%v): recommended for %s is scope %d (%v)", x.Type, x.Type, x.Scope, x.Scope, r.scenario, r.scope, r.scope), "attributes", "scope")
	}
	if x.Fallback == nil {
		warn("no fallback: when it fails its member is missing", "attributes")
	}
	if x.OnFailure == "fail" {
		warn("onFailure fail: an extension's error should not block the response", "attributes", "onFailure")
	}
	if task == nil {
		return issues
	}
	if task.Kind == TaskHTTP {
		lintHTTP(x, task, warn)
	}
	return issues
}

func lintHTTP(x *Extension, task *Task, warn func(message string, path ...string)) {
	timeout := seconds(task.config["timeoutSeconds"])
	switch {
	case timeout == 0 && x.Timeout == 0:
		warn("no timeout: the task "+task.Key+" waits for 30 s", "attributes")
	case timeout > longTask && (x.Timeout == 0 || x.Timeout > longTask):
		warn(fmt.Sprintf("the task %s may take %v; extensions should run quickly", task.Key, timeout), "attributes")
	}
	if x.Cache == nil && x.Type == Global {
		warn("it runs at every read and asks a backend each time: use cache for infrequently changing data", "attributes")
	}
	if !x.Lazy && x.Type == Global && x.Scope == Everywhere && x.Cache == nil {
		warn("it runs for every item of every list; load data only when needed (lazy, or a Requested type)", "attributes", "scope")
	}
	if task.config["validateSsl"] == false {
		warn("the task "+task.Key+" does not verify the server's certificate", "attributes", "task")
	}
}

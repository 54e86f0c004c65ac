package enrich

import (
	"fmt"
	"net/url"
	"strings"
)

// A TaskKind is the type of a task definition.
type TaskKind int

// The kinds that an extension may run. Extensions whose task is of another
// kind are refused with the code Task:400009.
const (
	TaskHTTP            TaskKind = 6
	TaskScript          TaskKind = 7
	TaskGetInstanceData TaskKind = 13
	TaskGetInstances    TaskKind = 15
	TaskStateStore      TaskKind = 17
)

var taskNames = map[TaskKind]string{
	1: "DaprHttpEndpoint", 2: "DaprBinding", 3: "DaprService", 4: "DaprPubSub", 5: "Human", 6: "Http", 7: "Script",
	8: "Condition", 9: "Timer", 10: "Notification", 11: "Start", 12: "DirectTrigger", 13: "GetInstanceData", 14: "SubProcess",
	15: "GetInstances", 16: "Soap", 17: "StateStore", 18: "CacheAside", 19: "GetInstance", 20: "DaprConversation",
	21: "FanOut", 22: "ExternalHttp", 23: "Python",
}

// String is the kind's name, such as "Http".
func (k TaskKind) String() string {
	if name, ok := taskNames[k]; ok {
		return name
	}
	return fmt.Sprintf("TaskKind(%d)", int(k))
}

// supported reports whether extensions can run tasks of the kind.
func (k TaskKind) supported() bool {
	switch k {
	case TaskHTTP, TaskScript, TaskGetInstanceData, TaskGetInstances, TaskStateStore:
		return true
	}
	return false
}

// codeUnsupportedTask is what an extension with another kind is refused with.
const codeUnsupportedTask = "Task:400009"

// checkTask looks at what the schema cannot express.
func checkTask(t *Task, doc Document) []Issue {
	var issues []Issue
	add := func(name, message string) {
		path := []string{"attributes", "config", name}
		issues = append(issues, Issue{File: doc.Name, Line: lineOf(doc.JSON, path...), Member: member(FlowTasks, path), Message: message})
	}
	for name, v := range t.config {
		if err := checkTemplates(v); err != nil {
			add(name, err.Error())
		}
	}
	if t.Kind == TaskHTTP {
		if err := checkURL(text(t.config, "url")); err != nil {
			add("url", err.Error())
		}
	}
	return issues
}

// checkURL refuses URLs whose host a request could choose.
func checkURL(raw string) error {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return fmt.Errorf("the URL begins with neither http:// nor https://")
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	if strings.Contains(authority, "{{") {
		return fmt.Errorf("the host of the URL is a template; only path and query may be")
	}
	if u, err := url.Parse(scheme + "://" + authority); err != nil || u.Host == "" || u.User != nil {
		return fmt.Errorf("the URL has no host, or it has a user")
	}
	return nil
}

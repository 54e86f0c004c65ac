package enrich

import (
	"encoding/json"
	"strings"
	"time"
)

// An Identity names one version of one definition.
type Identity struct {
	Flow    string // "sys-extensions", "sys-tasks", "sys-flows", "sys-views" or "sys-schemas"
	Domain  string
	Key     string
	Version string
}

// String is "sys-extensions core/extension-user-session 1.0.0".
func (i Identity) String() string { return i.Flow + " " + i.Domain + "/" + i.Key + " " + i.Version }

// The flows whose definitions are read.
const (
	FlowExtensions = "sys-extensions"
	FlowTasks      = "sys-tasks"
	FlowWorkflows  = "sys-flows"
	FlowViews      = "sys-views"
	FlowSchemas    = "sys-schemas" // kept for Config.Attach alone
)

// A Reference names a definition. Version is a whole version, the beginning of
// one ("1", "1.2"), or "latest", which "" means too.
type Reference struct {
	Domain, Key, Version string
	File                 string // instead of all that: a file of the same directory
}

// String is what names it in errors.
func (r Reference) String() string {
	if r.File != "" {
		return r.File
	}
	v := r.Version
	if v == "" {
		v = latest
	}
	return r.Domain + "/" + r.Key + " " + v
}

// An Extension is one loaded definition. It is shared: do not change it.
type Extension struct {
	Identity
	FlowVersion string
	Tags        []string
	Type        Type
	Scope       Scope
	Order       int // of its group: groups run one after the other, lowest first
	Task        Reference
	Mapping     MappingSource
	Labels      map[string]string // by language

	// What this package adds to the definition; all of it may be missing.
	ResponseKey string          // the member of the response; "" for the one that the key makes
	OnFailure   string          // "omit", "fail", or "" for what the level does
	Fallback    json.RawMessage // stands in for a value that failed; nil for none
	Timeout     time.Duration   // 0 for Config.Timeout
	Lazy        bool            // runs only when a request names it
	Cache       *CachePolicy    // nil: not cached

	boundary []boundaryRule
	file     string
}

// HasTag reports whether the definition carries a tag, in whatever case.
func (e *Extension) HasTag(tag string) bool {
	for _, t := range e.Tags {
		if strings.EqualFold(t, tag) {
			return true
		}
	}
	return false
}

// A CachePolicy keeps what an extension made.
type CachePolicy struct {
	TTL time.Duration

	// Vary says what makes two answers different: "instance" (its id and
	// eTag, or its whole data where it has none), "caller", "header:NAME",
	// "query:NAME", "data:PATH". Left out it is instance and caller; an empty
	// list is one answer for everybody.
	Vary []string
}

// A MappingSource says where a mapping is.
type MappingSource struct {
	Present  bool
	Global   bool   // type "G"
	Location string // as written
	Code     string // as written
	Encoding string // "B64", "NAT", "REF", or "" for B64
}

// A Task is what an extension runs.
type Task struct {
	Identity
	Kind TaskKind

	config   map[string]any
	boundary []boundaryRule
	file     string
}

// A Workflow lists extensions.
type Workflow struct {
	Identity
	Tags       []string
	Extensions []Reference
	Views      []View // those that its states refer to
	file       string
}

// A View names the extensions that its data is read with.
type View struct {
	State      string // of the workflow
	LoadData   bool
	Extensions []string
}

package abi

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"
)

// Limits of a Manifest. abi/ABI.md#manifest.
const (
	MaxFilters      = 256
	MaxPatterns     = 64  // in one list of a Filter
	MaxPattern      = 256 // bytes
	MaxCapabilities = 256
	MaxConfigSchema = 256 << 10 // bytes
	maxName         = 64        // bytes of the name, and of the version
	maxModule       = 128       // bytes of a capability's name
)

// A ManifestError lists everything that is wrong with a Manifest.
type ManifestError struct {
	Problems []string // at least one, in the order of the manifest's fields
}

// Error gives the problems, with semicolons between.
func (e *ManifestError) Error() string { return "manifest: " + strings.Join(e.Problems, "; ") }

// Validate reports everything that is wrong with the manifest in one
// *ManifestError: names, hooks, filters and their limits. It does not know
// which hooks the module exports or what is granted.
func (m *Manifest) Validate() error {
	var c manifestCheck
	if !isName(m.Name) {
		c.problem("name %s is not [a-z0-9][a-z0-9._-]{0,63}", quote(m.Name))
	}
	if len(m.Version) > maxName || strings.ContainsFunc(m.Version, func(r rune) bool { return r <= ' ' || r > '~' }) {
		c.problem("version %s is not at most %d printable ASCII characters", quote(m.Version), maxName)
	}
	c.hooks(m.Hooks)
	c.filters(m.Filters)
	c.capabilities(m.Capabilities)
	c.schema(m.ConfigSchema)
	if c.problems == nil {
		return nil
	}
	return &ManifestError{c.problems}
}

// Match reports whether the extension asked for an operation.
func (m *Manifest) Match(kind, name, key string) bool {
	return MatchFilters(m.Filters, kind, name, key)
}

// MatchFilters reports whether an operation passes one of the filters, or
// there are none. It does not allocate.
func MatchFilters(filters []Filter, kind, name, key string) bool {
	if len(filters) == 0 {
		return true
	}
	for i := range filters {
		if filters[i].Match(kind, name, key) {
			return true
		}
	}
	return false
}

// Match reports whether an operation passes the filter: each of the three
// lists is empty or has a pattern that matches. key is "" for an operation
// without one. It does not allocate.
func (f *Filter) Match(kind, name, key string) bool {
	return matchList(f.Kinds, kind) && matchList(f.Names, name) && matchList(f.Keys, key)
}

func matchList(patterns []string, s string) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, p := range patterns {
		prefix, open := strings.CutSuffix(p, "*")
		if p == s || open && strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// maxProblems bounds what a hostile manifest can make an error message say.
const maxProblems = 32

type manifestCheck struct{ problems []string }

func (c *manifestCheck) problem(format string, args ...any) {
	switch {
	case len(c.problems) < maxProblems:
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	case len(c.problems) == maxProblems:
		c.problems = append(c.problems, "and more")
	}
}

func (c *manifestCheck) hooks(hooks []string) {
	known := hookNames()
	for i, h := range hooks {
		switch {
		case !slices.Contains(known, h):
			c.problem("hook %s is none of %s", quote(h), strings.Join(known, ", "))
		case slices.Contains(hooks[:i], h):
			c.problem("hook %s is listed twice", quote(h))
		}
	}
}

func (c *manifestCheck) filters(filters []Filter) {
	if len(filters) > MaxFilters {
		c.problem("%d filters, more than %d", len(filters), MaxFilters)
	}
	for i, f := range filters {
		for _, l := range []struct {
			name     string
			patterns []string
		}{{"kinds", f.Kinds}, {"names", f.Names}, {"keys", f.Keys}} {
			at := fmt.Sprintf("filters[%d].%s", i, l.name)
			if len(l.patterns) > MaxPatterns {
				c.problem("%s: %d patterns, more than %d", at, len(l.patterns), MaxPatterns)
			}
			for _, p := range l.patterns {
				switch star := strings.IndexByte(p, '*'); {
				case len(p) > MaxPattern:
					c.problem("%s: a pattern of %d bytes, more than %d", at, len(p), MaxPattern)
				case !utf8.ValidString(p):
					c.problem("%s: pattern %s is not UTF-8", at, quote(p))
				case star >= 0 && star < len(p)-1:
					c.problem("%s: pattern %s has a * before its end", at, quote(p))
				}
			}
		}
	}
}

func (c *manifestCheck) capabilities(modules []string) {
	if len(modules) > MaxCapabilities {
		c.problem("%d capabilities, more than %d", len(modules), MaxCapabilities)
	}
	for _, m := range modules {
		if !isModule(m) {
			c.problem("capability %s is not [a-z][a-z0-9_]{0,%d}", quote(m), maxModule-1)
		}
	}
}

func (c *manifestCheck) schema(schema Raw) {
	if len(schema) == 0 {
		return
	}
	if err := Scan(schema, ScanLimits{Bytes: MaxConfigSchema, Elements: maxManifestElements}); err != nil {
		c.problem("config_schema: %v", err)
	} else if msgp.NextType(schema) != msgp.MapType {
		c.problem("config_schema is not a map")
	}
}

func hookNames() []string {
	var hooks []string
	for _, e := range exports {
		if e.Hook != "" {
			hooks = append(hooks, e.Hook)
		}
	}
	return hooks
}

func isName(s string) bool {
	for i := range len(s) {
		if !isLowerOrDigit(s[i]) && (i == 0 || s[i] != '.' && s[i] != '_' && s[i] != '-') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= maxName
}

func isModule(s string) bool {
	for i := range len(s) {
		if i == 0 && !('a' <= s[i] && s[i] <= 'z') || !isLowerOrDigit(s[i]) && s[i] != '_' {
			return false
		}
	}
	return 0 < len(s) && len(s) <= maxModule
}

func isLowerOrDigit(b byte) bool { return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' }

// quote makes text of an author fit for one line of an error.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}

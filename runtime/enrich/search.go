package enrich

import (
	"slices"
	"strings"
)

// A Query finds definitions. What is empty does not narrow it.
type Query struct {
	Flow, Domain, Key string
	Tags              []string // all of them, in whatever case
	Latest            bool     // of each definition the newest version alone
}

// A Found is one definition.
type Found struct {
	Identity
	Tags []string
	File string
	JSON []byte // shared: do not change it
}

// Find lists definitions that are loaded, by flow, domain, key and falling
// version.
func (e *Enricher) Find(q Query) []Found {
	e.publishing.Lock()
	defer e.publishing.Unlock()
	var found []Found
	for _, d := range e.documents {
		if q.Flow != "" && q.Flow != d.Flow || q.Domain != "" && q.Domain != d.Domain || q.Key != "" && q.Key != d.Key {
			continue
		}
		if slices.ContainsFunc(q.Tags, func(t string) bool {
			return !slices.ContainsFunc(d.tags, func(have string) bool { return strings.EqualFold(have, t) })
		}) {
			continue
		}
		found = append(found, Found{Identity: d.Identity, Tags: d.tags, File: d.doc.Name, JSON: d.doc.JSON})
	}
	slices.SortFunc(found, func(a, b Found) int {
		if c := strings.Compare(a.Flow+" "+a.Domain+" "+a.Key, b.Flow+" "+b.Domain+" "+b.Key); c != 0 {
			return c
		}
		return CompareVersions(b.Version, a.Version)
	})
	if q.Latest {
		found = slices.CompactFunc(found, func(a, b Found) bool { return a.Flow == b.Flow && a.Domain == b.Domain && a.Key == b.Key })
	}
	return found
}

// Extension finds a loaded definition. Version is as in a [Reference].
func (e *Enricher) Extension(domain, key, version string) (*Extension, bool) {
	c, err := e.acquire()
	if err != nil {
		return nil, false
	}
	defer c.done()
	return c.extension(Reference{Domain: domain, Key: key, Version: version})
}

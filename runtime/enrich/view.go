package enrich

import (
	"net/url"
	"slices"
	"strings"
)

// DataHref is where a client that shows a state of a workflow reads the data:
// the path of functions/data, without a prefix, and the extensions that the
// state's view names as ?extensions=…. ok is false where no such workflow is
// loaded.
func (e *Enricher) DataHref(domain, workflow, version, state, instance string) (href string, view View, ok bool) {
	c, err := e.acquire()
	if err != nil {
		return "", View{}, false
	}
	defer c.done()
	w, ok := c.workflow(domain, workflow, version)
	if !ok {
		return "", View{}, false
	}
	href = "/" + url.PathEscape(domain) + "/workflows/" + url.PathEscape(workflow) + "/instances/" + url.PathEscape(instance) + "/functions/data"
	if i := slices.IndexFunc(w.Views, func(v View) bool { return v.State == state }); i >= 0 {
		view = w.Views[i]
	}
	if len(view.Extensions) > 0 {
		keys := make([]string, len(view.Extensions))
		for i, k := range view.Extensions {
			keys[i] = url.QueryEscape(k)
		}
		href += "?extensions=" + strings.Join(keys, ",")
	}
	return href, view, true
}

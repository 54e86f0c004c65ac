package flow

import (
	"maps"
	"slices"
)

// roleNames is what grants say of roles.
type roleNames struct{ allowed, denied map[string]bool }

func (r roleNames) keep(g grants) {
	for _, grant := range g {
		if grant.deny {
			r.denied[grant.role] = true
		} else {
			r.allowed[grant.role] = true
		}
	}
}

// Roles lists the roles that a grant of the workflows or of the schemas allows
// something and none denies anything, sorted: what a caller must have who is to
// do everything.
func (c *Catalogue) Roles() []string {
	names := maps.Clone(c.roles.allowed)
	maps.DeleteFunc(names, func(role string, _ bool) bool { return c.roles.denied[role] })
	return slices.Sorted(maps.Keys(names))
}

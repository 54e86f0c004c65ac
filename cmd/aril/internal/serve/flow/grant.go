package flow

import (
	"fmt"
	"slices"
	"strings"
)

// A grant lets a role, or keeps it out.
type grant struct {
	role string
	deny bool
}

// grants are a definition's list. None lets everybody.
type grants []grant

// let says whether a caller with these roles may: not if one of them is denied,
// and where the list allows roles, only with one of those.
func (g grants) let(roles []string) bool {
	list, allowed := false, false
	for _, grant := range g {
		has := slices.Contains(roles, grant.role)
		if grant.deny {
			if has {
				return false
			}
			continue
		}
		list = true
		allowed = allowed || has
	}
	return allowed || !list
}

// parseGrants reads [{"role": "r", "grant": "allow"}]. Nothing that it does not
// understand is let pass, for a grant that is overlooked lets everybody in.
func parseGrants(v any) (grants, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf(`roles is a list such as [{"role": "clerk", "grant": "allow"}]`)
	}
	var out grants
	for i, item := range list {
		entry, _ := item.(map[string]any)
		role, _ := entry["role"].(string)
		kind, _ := entry["grant"].(string)
		if role == "" || kind != "allow" && kind != "deny" {
			return nil, fmt.Errorf(`roles[%d] is no {"role": "…", "grant": "allow" or "deny"}`, i)
		}
		if kind == "deny" && strings.HasPrefix(role, "$") {
			return nil, fmt.Errorf("roles[%d] denies %s, a role that depends on the instance; this service knows those of the caller's token alone", i, role)
		}
		out = append(out, grant{role, kind == "deny"})
	}
	return out, nil
}

// unknown are the roles that nobody has here.
func (g grants) unknown() []string {
	var out []string
	for _, grant := range g {
		if strings.HasPrefix(grant.role, "$") {
			out = append(out, grant.role)
		}
	}
	return out
}

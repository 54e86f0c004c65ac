package enrich

import "strings"

// An explanation collects what did not run.
type explanation struct {
	plan *plan
	have map[string]bool
	runs []Run
}

// explain adds a Run for each extension that somebody could have expected and
// that did not run, and says why.
func (p *plan) explain(runs []Run) []Run {
	x := explanation{plan: p, have: map[string]bool{}, runs: runs}
	for _, r := range runs {
		x.have[id(r.Domain, r.Key)] = true
	}
	listed := map[*Extension]bool{}
	if p.workflow != nil {
		for _, e := range p.workflow.listed {
			listed[e] = true
			x.skip(e, p.cause(e, true))
		}
		for _, r := range p.workflow.missing {
			x.absent(r.Key)
		}
	}
	x.demanded()
	if lists := p.catalogue.core[p.coreDomain()]; lists != nil {
		for i := range lists {
			for _, e := range lists[i].none {
				x.skip(e, p.cause(e, listed[e]))
			}
			for _, named := range lists[i].named {
				for _, e := range named {
					x.skip(e, p.cause(e, listed[e]))
				}
			}
		}
	}
	return x.runs
}

// demanded adds what the request names.
func (x *explanation) demanded() {
	for _, key := range x.plan.demand.keys {
		versions := x.plan.catalogue.known[strings.ToLower(key)]
		if len(versions) == 0 {
			x.absent(key)
		}
		for _, e := range versions {
			x.skip(e, x.plan.cause(e, false))
		}
	}
}

func (x *explanation) skip(e *Extension, cause string) {
	if x.have[id(e.Domain, e.Key)] {
		return
	}
	x.have[id(e.Domain, e.Key)] = true
	x.runs = append(x.runs, Run{
		Key: e.Key, Domain: e.Domain, Version: e.Version, Slot: x.plan.catalogue.compat.slot(e),
		Outcome: OutcomeSkipped, Cause: cause, Message: notFoundMessage(e.Key), Detail: causeText(cause),
	})
}

func (x *explanation) absent(key string) {
	x.runs = append(x.runs, Run{
		Key: key, Outcome: OutcomeSkipped, Cause: CauseNotLoaded, Message: notFoundMessage(key), Detail: causeText(CauseNotLoaded),
	})
}

// missed is explain for what the request names alone.
func (p *plan) missed(runs []Run) []Run {
	x := explanation{plan: p, have: map[string]bool{}}
	for _, r := range runs {
		x.have[id(r.Domain, r.Key)] = true
	}
	x.demanded()
	return x.runs
}

// cause is why x is not chosen.
func (p *plan) cause(x *Extension, listed bool) string {
	c := p.catalogue
	named := p.demand.names(x)
	switch {
	case !c.compat.scopeMatches(x.Scope, p.read):
		return CauseScope
	case !x.Type.everywhere() && !listed, x.Type.everywhere() && !listed && c.compat != CompatDocs && x.Domain != p.coreDomain():
		return CauseType
	case x.Lazy && !named, c.compat.typeRuns(x.Type, true, true) && !named:
		return CauseParameter
	}
	return CauseType
}

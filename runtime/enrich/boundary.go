package enrich

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A boundaryAction is what becomes of a task that failed.
type boundaryAction int

const (
	actionAbort boundaryAction = iota
	actionRetry
	actionRollback // a read has nothing to take back: as abort
	actionIgnore
	actionNotify // as log, at level warn
	actionLog
)

// A boundaryRule is one entry of errorBoundary.onError.
type boundaryRule struct {
	action   boundaryAction
	types    []string
	codes    []string
	priority int
	logOnly  bool
	retry    retryPolicy
}

type retryPolicy struct {
	max         int
	initial     time.Duration
	longest     time.Duration
	exponential bool
	multiplier  float64
	jitter      bool
}

// parseBoundary gives the rules, the one to be tried first first.
func parseBoundary(m map[string]any) []boundaryRule {
	var rules []boundaryRule
	for _, r := range array(m["onError"]) {
		r, _ := r.(map[string]any)
		p := object(r, "retryPolicy")
		rules = append(rules, boundaryRule{
			action: boundaryAction(integer(r["action"])), types: texts(r["errorTypes"]), codes: texts(r["errorCodes"]),
			priority: int(number(r["priority"], 100)), logOnly: r["logOnly"] == true,
			retry: retryPolicy{
				max: int(number(p["maxRetries"], 3)), initial: isoDuration(text(p, "initialDelay"), time.Second),
				longest: isoDuration(text(p, "maxDelay"), time.Minute), exponential: p["backoffType"] != json.Number("0"),
				multiplier: number(p["backoffMultiplier"], 2), jitter: p["useJitter"] != false,
			},
		})
	}
	slices.SortStableFunc(rules, func(a, b boundaryRule) int { return a.priority - b.priority })
	return rules
}

// ruleFor finds the rule for a failure: the task entry's first, then those of
// the task itself.
func ruleFor(kind, code string, lists ...[]boundaryRule) (boundaryRule, bool) {
	for _, rules := range lists {
		for _, r := range rules {
			if covers(r.types, kind) && covers(r.codes, code) {
				return r, true
			}
		}
	}
	return boundaryRule{}, false
}

func covers(list []string, name string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(l string) bool { return l == "*" || strings.EqualFold(l, name) })
}

// delay is the pause before the n-th retry, n from 1.
func (p retryPolicy) delay(n int) time.Duration {
	d := float64(p.initial)
	if p.exponential {
		d *= math.Pow(p.multiplier, float64(n-1))
	}
	d = min(d, float64(p.longest))
	if p.jitter {
		d *= 0.5 + rand.Float64()/2
	}
	return time.Duration(d)
}

// isoDuration reads "PT0.5S" or "P1DT2H3M"; the schema has held its form.
func isoDuration(s string, def time.Duration) time.Duration {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok {
		return def
	}
	var total float64
	units := map[byte]float64{'D': 86400, 'H': 3600, 'M': 60, 'S': 1}
	for rest != "" {
		if rest[0] == 'T' {
			rest = rest[1:]
			continue
		}
		end := strings.IndexAny(rest, "DHMS")
		if end < 0 {
			return def
		}
		n, err := strconv.ParseFloat(rest[:end], 64)
		if err != nil {
			return def
		}
		total += n * units[rest[end]]
		rest = rest[end+1:]
	}
	return time.Duration(min(total, 3600) * float64(time.Second))
}

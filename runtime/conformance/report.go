package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A Status is what became of a case.
type Status uint8

const (
	Passed         Status = iota
	Failed                // something differs
	NotImplemented        // the extension does not know the role
	Known                 // it failed, as the list of known failures says
	Unexpected            // it passed, against the list of known failures
	NotRun                // it is about the sandbox, and there is none
)

var statusNames = []string{"passed", "failed", "not implemented", "known to fail", "passed against its list", "not run"}

// String is the status in words.
func (s Status) String() string { return statusNames[s] }

// A Report is what became of all cases.
type Report struct {
	Results []*Result
}

// A Result is what became of one case.
type Result struct {
	Case        *Case
	Status      Status
	Reason      string // of Known and Unexpected: what the list says
	Differences []Difference
	Figures     *Figures // of a measured case that passed
	Took        time.Duration
}

// Figures are what one operation took.
type Figures struct {
	Fuel   int64         // of its first wrap; 0 without a sandbox
	Bytes  int64         // that crossed the boundary in it, both ways
	Median time.Duration // with everything that the host does
}

// OK reports whether nothing is wrong: no case failed or is not implemented but
// those that are known to.
func (r *Report) OK() bool {
	return r.Count(Failed)+r.Count(NotImplemented)+r.Count(Unexpected) == 0 && r.Count(Passed)+r.Count(Known) > 0
}

// Count says how many cases came to a status.
func (r *Report) Count(s Status) (n int) {
	for _, result := range r.Results {
		if result.Status == s {
			n++
		}
	}
	return n
}

// Summary is one line: "118 passed, 2 failed".
func (r *Report) Summary() string {
	var parts []string
	for s := range Status(len(statusNames)) {
		if n := r.Count(s); n > 0 || s == Passed {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// String tells of every case that did not pass, and sums up.
func (r *Report) String() string {
	var b strings.Builder
	for _, result := range r.Results {
		if result.Status != Passed && result.Status != NotRun {
			b.WriteString(result.String())
		}
	}
	b.WriteString(r.Summary() + "\n")
	return b.String()
}

// String is a line that names the case and its status, and one for each
// difference.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Case.ID(), r.Status)
	if r.Reason != "" {
		fmt.Fprintf(&b, "    reason: %s\n", r.Reason)
	}
	for _, d := range r.Differences {
		fmt.Fprintf(&b, "    %s\n", d)
	}
	return b.String()
}

// MarshalJSON writes the result for programs.
func (r *Result) MarshalJSON() ([]byte, error) {
	type figures struct {
		Fuel   int64   `json:"fuel"`
		Bytes  int64   `json:"bytes"`
		Median float64 `json:"median_us"`
	}
	out := struct {
		File        string       `json:"file"`
		Case        string       `json:"case"`
		Role        string       `json:"role,omitempty"`
		Status      string       `json:"status"`
		Reason      string       `json:"reason,omitempty"`
		Differences []Difference `json:"differences,omitempty"`
		Figures     *figures     `json:"figures,omitempty"`
		Took        float64      `json:"took_ms"`
	}{
		File: r.Case.File, Case: r.Case.Name, Role: r.Case.Role, Status: r.Status.String(), Reason: r.Reason,
		Differences: r.Differences, Took: float64(r.Took) / 1e6,
	}
	if f := r.Figures; f != nil {
		out.Figures = &figures{f.Fuel, f.Bytes, float64(f.Median) / 1e3}
	}
	return json.Marshal(out)
}

// MarshalJSON writes the report for programs.
func (r *Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		OK      bool      `json:"ok"`
		Summary string    `json:"summary"`
		Results []*Result `json:"results"`
	}{r.OK(), r.Summary(), r.Results})
}

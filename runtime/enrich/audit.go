package enrich

import "time"

// An AuditRecord says who read what, for Config.Audit. It has names, never
// values.
type AuditRecord struct {
	Time       time.Time
	Caller     string // Caller.ID
	Domain     string
	Workflow   string
	Instance   string // id, else key
	Read       Read
	Requested  []string // as the request wrote them
	Extensions []Run    // what ran, what it came to, and what was denied
	Failed     bool     // the read was answered with an error
	TraceID    string
}

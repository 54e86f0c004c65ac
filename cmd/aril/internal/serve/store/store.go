// Package store keeps instances, their transitions and published definitions
// in SQLite or PostgreSQL, with the same answers from both.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A Status is how far an instance is.
type Status string

// The statuses, as they are kept and served.
const (
	Active    Status = "A"
	Busy      Status = "B"
	Completed Status = "C"
	Faulted   Status = "F"
	Passive   Status = "P"
)

// An Instance is one run of a workflow.
type Instance struct {
	ID          string // UUIDv7, lower case
	Domain      string
	Workflow    string
	FlowVersion string
	Key         string // "" for none; else no other instance of the workflow has it
	State       string
	Status      Status
	Tags        []string
	Attributes  json.RawMessage // an object, as it was written
	ETag        string          // a ULID, new with every write
	CreatedAt   time.Time       // all times in UTC and whole microseconds
	ModifiedAt  time.Time
	CompletedAt time.Time // zero: not completed
	CreatedBy   string
	ModifiedBy  string
}

// A Transition is one step that an instance took.
type Transition struct {
	ID         string // UUIDv7
	Instance   string // the instance's ID
	Key        string
	From, To   string          // states; From "" for the start
	Attributes json.RawMessage // what came with it; nil for nothing
	At         time.Time
	By         string
}

// What callers tell apart. Errors that are none of these are failures of the
// database or of this program.
var (
	// ErrNotFound is for an instance that is not there.
	ErrNotFound = errors.New("instance not found")

	// ErrChanged is for an instance, or definitions, that somebody else wrote
	// in between. Read again, then try again.
	ErrChanged = errors.New("changed in the meantime")

	// ErrKeyTaken is for a write that would give an instance the key of
	// another, or start one with the ID of another.
	ErrKeyTaken = errors.New("another instance has that key or id")

	// ErrInvalid is for what a database cannot keep: text that is not UTF-8 or
	// has U+0000 in it, attributes that are no object, numbers past all sense.
	// Its message says which.
	ErrInvalid = errors.New("cannot be kept")

	// ErrTooLarge is for a page whose attributes are too many bytes together.
	// Ask for fewer items; one is never too large.
	ErrTooLarge = errors.New("page is too large")

	// ErrBusy is for a database that is locked, out of connections or space, or
	// not reachable. Try again later. Where a connection broke, nobody knows
	// whether a write took place: its ETag, or the key, will tell.
	ErrBusy = errors.New("database is busy")
)

// Options are how a Store uses its database. Zero is the default of each.
type Options struct {
	// Connections is the most that are open for reading in SQLite, or at all in
	// PostgreSQL, where pool_max_conns in the URL wins. Default 16. Half of them
	// may be busy with lists, so that slow ones leave some for the rest.
	Connections int

	// Wait is how long a call waits for a connection or a lock before ErrBusy,
	// where its context does not end sooner. Default 5 s.
	Wait time.Duration
}

func (o Options) withDefaults() Options {
	if o.Connections <= 0 {
		o.Connections = 16
	}
	if o.Wait <= 0 {
		o.Wait = 5 * time.Second
	}
	return o
}

// A Store may be used by any number of goroutines, and its database by any
// number of processes. A call whose context ends gives an error that wraps the
// context's.
type Store struct {
	db          database
	definitions *definitions
	lists       chan struct{} // one for each list that runs
	wait        time.Duration
}

// A database is what differs between SQLite and PostgreSQL.
type database interface {
	start(ctx context.Context, in Instance, t Transition) (got Instance, existed bool, err error)
	apply(ctx context.Context, next Instance, ifETag string, t Transition) (Instance, error)
	byID(ctx context.Context, domain, workflow, id string) (Instance, error)
	byKey(ctx context.Context, domain, workflow, key string) (Instance, error)
	list(ctx context.Context, domain, workflow string, q query.Query) ([]Instance, error)
	history(ctx context.Context, instance string, offset, limit int) ([]Transition, error)
	loadDefinitions(ctx context.Context) ([]enrich.Document, string, error)
	saveDefinitions(ctx context.Context, docs []enrich.Document, generation, next string) error
	ping(ctx context.Context) error
	connections() (used, idle, most int)
	close() error
}

// maxPageBytes is how much the attributes of a page may be.
const maxPageBytes = 16 << 20

// A pageBytes counts them.
type pageBytes struct {
	rows int // that the page has; what is after them is not served

	seen, bytes int
}

func (p *pageBytes) add(bytes int) error {
	p.seen++
	if p.bytes += bytes; p.bytes > maxPageBytes && p.seen > 1 && p.seen <= p.rows {
		return ErrTooLarge
	}
	return nil
}

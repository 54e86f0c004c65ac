package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// Start keeps a new instance and the transition that started it. ID, ETag and
// the times are filled in where they are empty; CreatedBy and ModifiedBy from
// t.By, and Attributes with {}.
//
// Where the workflow has an instance with that key, it gives that one back,
// existed is true and nothing is written: of any number of callers one starts
// it.
func (s *Store) Start(ctx context.Context, in Instance, t Transition) (got Instance, existed bool, err error) {
	if in.ID == "" {
		if in.ID, err = newID(); err != nil {
			return Instance{}, false, err
		}
	}
	in.CreatedAt = moment(in.CreatedAt)
	in.ModifiedAt = in.CreatedAt
	in.CreatedBy = cmp.Or(in.CreatedBy, t.By)
	in.ModifiedBy = cmp.Or(in.ModifiedBy, in.CreatedBy)
	if in.ETag == "" {
		in.ETag = newETag()
	}
	t.At = cmp.Or(t.At, in.CreatedAt)
	if err := complete(&in, &t); err != nil {
		return Instance{}, false, err
	}
	return s.db.start(ctx, in, t)
}

// Apply keeps what a transition made of an instance: FlowVersion, Key, State,
// Status, Tags, Attributes and CompletedAt; and the transition. ETag is new,
// ModifiedAt and ModifiedBy are t.At, which is now where it is zero, and t.By.
// CompletedAt is filled in for the status Completed.
//
// It gives ErrChanged where the stored ETag is not ifETag, and nothing is
// written.
func (s *Store) Apply(ctx context.Context, next Instance, ifETag string, t Transition) (Instance, error) {
	t.At = moment(t.At)
	next.ModifiedAt, next.ModifiedBy, next.ETag = t.At, t.By, newETag()
	if err := complete(&next, &t); err != nil {
		return Instance{}, err
	}
	return s.db.apply(ctx, next, ifETag, t)
}

// Get finds an instance by its ID, and else by its key.
func (s *Store) Get(ctx context.Context, domain, workflow, idOrKey string) (Instance, error) {
	if idOrKey == "" || !text(domain) || !text(workflow) || !text(idOrKey) {
		return Instance{}, ErrNotFound
	}
	if id, ok := asID(idOrKey); ok {
		in, err := s.db.byID(ctx, domain, workflow, id)
		if err != ErrNotFound { //nolint:errorlint // byID gives it bare
			return in, err
		}
	}
	return s.db.byKey(ctx, domain, workflow, idOrKey)
}

// List gives one page of a workflow's instances, and whether there are more
// after it. ErrTooLarge is for pages of more than 16 MiB.
func (s *Store) List(ctx context.Context, domain, workflow string, q query.Query) (items []Instance, more bool, err error) {
	if !text(domain) || !text(workflow) {
		return nil, false, nil
	}
	q.Page, q.Size = max(q.Page, 1), cmp.Or(q.Size, query.DefaultSize)
	if err := s.awaitList(ctx); err != nil {
		return nil, false, err
	}
	defer func() { <-s.lists }()
	items, err = s.db.list(ctx, domain, workflow, q)
	if err != nil {
		return nil, false, err
	}
	if len(items) > q.Size {
		return items[:q.Size], true, nil
	}
	return items, false, nil
}

// awaitList waits until one more list may run.
func (s *Store) awaitList(ctx context.Context) error {
	select {
	case s.lists <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case s.lists <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	case <-timer.C:
		return ErrBusy
	}
}

// History gives one page, from 1, of the transitions of an instance, the oldest
// first, and whether there are more.
func (s *Store) History(ctx context.Context, instanceID string, page, size int) (ts []Transition, more bool, err error) {
	id, ok := asID(instanceID)
	if !ok || page < 1 || size < 1 {
		return nil, false, nil
	}
	ts, err = s.db.history(ctx, id, (page-1)*size, size+1)
	if err != nil {
		return nil, false, err
	}
	if len(ts) > size {
		return ts[:size], true, nil
	}
	return ts, false, nil
}

// Ping is whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.ping(ctx) }

// Connections are those that are in use, those that are free, and how many
// there may be.
func (s *Store) Connections() (used, idle, most int) { return s.db.connections() }

// Close ends what is open. Calls under way may fail.
func (s *Store) Close() error { return s.db.close() }

// complete fills in what start and apply share, and checks all of it.
func complete(in *Instance, t *Transition) error {
	id, ok := asID(in.ID)
	if !ok {
		return fmt.Errorf("%w: id: not a UUID", ErrInvalid)
	}
	in.ID = id
	if len(in.Attributes) == 0 {
		in.Attributes = []byte("{}")
	}
	in.CreatedAt, in.ModifiedAt = in.CreatedAt.UTC().Truncate(time.Microsecond), in.ModifiedAt.UTC().Truncate(time.Microsecond)
	if in.Status == Completed && in.CompletedAt.IsZero() {
		in.CompletedAt = in.ModifiedAt
	}
	in.CompletedAt = in.CompletedAt.UTC().Truncate(time.Microsecond)
	if t.ID == "" {
		var err error
		if t.ID, err = newID(); err != nil {
			return err
		}
	}
	if t.ID, ok = asID(t.ID); !ok {
		return fmt.Errorf("%w: transition: id: not a UUID", ErrInvalid)
	}
	t.Instance = in.ID
	t.At = t.At.UTC().Truncate(time.Microsecond)
	return check(in, t)
}

// moment is t or now, as it is kept.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC().Truncate(time.Microsecond)
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// newETag is not ulid.Make, which begins anew from the clock in each process.
func newETag() string {
	return ulid.MustNew(ulid.Now(), rand.Reader).String()
}

// asID gives a UUID as it is kept; false for any other text.
func asID(s string) (string, bool) {
	if len(s) != 36 || uuid.Validate(s) != nil {
		return "", false
	}
	return strings.ToLower(s), true
}

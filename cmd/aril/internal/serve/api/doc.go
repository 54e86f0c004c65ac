// Package api answers the requests of the service: instances of workflows are
// started, moved and read, and definitions are published.
//
// [Routes] lists what there is. Everything is JSON; every error, those about
// paths and methods too, is problem details (application/problem+json). The
// caller of a request is guard.CallerOf its context: its roles "read", "write"
// and "publish" say which routes it may use, its other roles are held against
// the grants of transitions and of schemas.
//
// # Reads
//
// Reads of instances get the member "extensions" by the middleware of package
// enrich, which also answers If-None-Match and keeps bodies. A body is kept for
// one caller with its rights, for as long as the workflow's functionCache says.
// A write in this process makes those of its workflow go before it is
// answered; what another process writes to the same database is seen when the
// time of a kept body is over, or with Cache-Control: no-cache.
//
// Attributes are limited to what the schemas of the instance's workflow let the
// caller see; extensions see all of them, and whoever may make a transition may
// write all of them. A filter or a sort on an attribute that the caller may not
// see is refused, for its outcome would tell.
//
// A page is whole or it is not answered: where its extensions are not done
// within Config.Timeout it is status 503. One extension that fails or takes
// longer than it may costs its member, or the page, as its definition says.
//
// # Writes
//
// A start with a key that is there answers the instance that has it, with
// status 200, so a client may send it again. A transition may name in If-Match
// the entity tag that it has seen. Two transitions at once: one is stored, the
// other is tried again on what that left, and answered 409 where the machine no
// longer allows it. The tag is held against the instance by the database, in
// the statement that writes.
//
// ?sync=false, the default, answers {id, status} alone; sync=true the whole
// instance with extensions, of which none can fail a write. The work is the
// same, and done when the answer comes: a transition of this service runs no
// tasks.
package api

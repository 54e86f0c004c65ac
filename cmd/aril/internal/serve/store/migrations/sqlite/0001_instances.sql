-- Times are microseconds since 1970 in UTC. Empty is NULL where a column may be.
CREATE TABLE instances (
	id           TEXT NOT NULL PRIMARY KEY,
	domain       TEXT NOT NULL,
	workflow     TEXT NOT NULL,
	flow_version TEXT NOT NULL,
	key          TEXT,
	state        TEXT NOT NULL,
	status       TEXT NOT NULL,
	tags         TEXT NOT NULL, -- a JSON array of texts
	attributes   TEXT NOT NULL, -- a JSON object, as it was written
	etag         TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	modified_at  INTEGER NOT NULL,
	completed_at INTEGER,
	created_by   TEXT,
	modified_by  TEXT,
	UNIQUE (domain, workflow, key)
) STRICT;

CREATE INDEX instances_created ON instances (domain, workflow, created_at, id);
CREATE INDEX instances_modified ON instances (domain, workflow, modified_at, id);
CREATE INDEX instances_state ON instances (domain, workflow, state, created_at, id);
CREATE INDEX instances_status ON instances (domain, workflow, status, created_at, id);

CREATE TABLE transitions (
	seq        INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	instance   TEXT NOT NULL REFERENCES instances (id),
	key        TEXT NOT NULL,
	from_state TEXT NOT NULL,
	to_state   TEXT NOT NULL,
	attributes TEXT,
	at         INTEGER NOT NULL,
	by         TEXT NOT NULL
) STRICT;

CREATE INDEX transitions_instance ON transitions (instance, seq);

CREATE TABLE definitions (
	digest   TEXT NOT NULL PRIMARY KEY, -- SHA-256 of name, a zero byte and document
	name     TEXT NOT NULL,
	document BLOB NOT NULL
) STRICT;

-- One row: which Save the definitions are of.
CREATE TABLE definitions_generation (generation TEXT NOT NULL) STRICT;
INSERT INTO definitions_generation VALUES ('');

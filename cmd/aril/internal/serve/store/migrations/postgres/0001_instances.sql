-- Texts compare by their bytes. Empty is NULL where a column may be.
CREATE TABLE instances (
	id           text COLLATE "C" NOT NULL PRIMARY KEY,
	domain       text COLLATE "C" NOT NULL,
	workflow     text COLLATE "C" NOT NULL,
	flow_version text COLLATE "C" NOT NULL,
	key          text COLLATE "C",
	state        text COLLATE "C" NOT NULL,
	status       text COLLATE "C" NOT NULL,
	tags         text[] COLLATE "C" NOT NULL,
	attributes   json NOT NULL, -- json, not jsonb: as it was written
	searchable   jsonb NOT NULL GENERATED ALWAYS AS (attributes::jsonb) STORED, -- filters need not parse it
	etag         text COLLATE "C" NOT NULL,
	created_at   timestamptz NOT NULL,
	modified_at  timestamptz NOT NULL,
	completed_at timestamptz,
	created_by   text COLLATE "C",
	modified_by  text COLLATE "C",
	UNIQUE (domain, workflow, key)
);

CREATE INDEX instances_created ON instances (domain, workflow, created_at, id);
CREATE INDEX instances_modified ON instances (domain, workflow, modified_at, id);
CREATE INDEX instances_state ON instances (domain, workflow, state, created_at, id);
CREATE INDEX instances_status ON instances (domain, workflow, status, created_at, id);

CREATE TABLE transitions (
	seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id         text COLLATE "C" NOT NULL UNIQUE,
	instance   text COLLATE "C" NOT NULL REFERENCES instances (id),
	key        text NOT NULL,
	from_state text NOT NULL,
	to_state   text NOT NULL,
	attributes json,
	at         timestamptz NOT NULL,
	by         text NOT NULL
);

CREATE INDEX transitions_instance ON transitions (instance, seq);

CREATE TABLE definitions (
	digest   text NOT NULL PRIMARY KEY, -- SHA-256 of name, a zero byte and document
	name     text COLLATE "C" NOT NULL,
	document bytea NOT NULL
);

-- One row: which Save the definitions are of.
CREATE TABLE definitions_generation (generation text NOT NULL);
INSERT INTO definitions_generation VALUES ('');

-- Objects and their versions. What each column reveals: docs/formats/database.md.

CREATE TABLE object (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    context TEXT NOT NULL,
    name_hash BYTEA NOT NULL,
    body BYTEA NOT NULL,
    version BIGINT NOT NULL,
    made BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    expires BIGINT,
    deleted BIGINT,
    purge BIGINT,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

-- A name is free as soon as its object is deleted.
CREATE UNIQUE INDEX object_of_name ON object (workspace, name_hash) WHERE deleted IS NULL;

-- Lists are in the order of the entries that made their objects.
CREATE UNIQUE INDEX object_in_order ON object (workspace, made);

CREATE INDEX object_of_context ON object (workspace, context, made);

CREATE INDEX object_due ON object (purge) WHERE purge IS NOT NULL;

CREATE TABLE object_version (
    workspace TEXT NOT NULL,
    object TEXT NOT NULL,
    version BIGINT NOT NULL,
    context TEXT NOT NULL,
    key_version BIGINT NOT NULL,
    client TEXT NOT NULL,
    created BIGINT NOT NULL,
    size BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    destroyed BIGINT,
    prefix BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (workspace, object, version),
    FOREIGN KEY (workspace, object) REFERENCES object (workspace, id)
);

-- What a rotated key still holds.
CREATE INDEX object_version_of_key ON object_version (workspace, context, object, version, key_version)
    WHERE destroyed IS NULL;

-- Stores and their values. What each column reveals: docs/formats/database.md.

CREATE TABLE store (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    body BYTEA NOT NULL,
    changed BIGINT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (workspace, context),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

CREATE TABLE store_value (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    name BYTEA NOT NULL,
    version BIGINT NOT NULL,
    key_version BIGINT NOT NULL,
    client TEXT NOT NULL,
    created BIGINT NOT NULL,
    size BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    prefix BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (workspace, context, name, version),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

-- Stores that were destroyed and whose values are not all erased yet.
CREATE TABLE store_erasure (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    PRIMARY KEY (workspace, context)
);

-- What a rotated key still holds.
CREATE INDEX store_value_of_key ON store_value (workspace, context, key_version, name, version);

-- Secrets that are kept for a time.
-- What each column reveals: docs/formats/database.md.

CREATE TABLE lease (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    context TEXT NOT NULL,
    key_version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (workspace, id)
);

-- How many a client has.
CREATE INDEX lease_of_client ON lease (workspace, client, expires);
-- Which are over.
CREATE INDEX lease_by_end ON lease (expires);
-- Which end with a version of a key.
CREATE INDEX lease_under_key ON lease (workspace, context, key_version);

-- They were records before.
DELETE FROM record WHERE kind = 'lease';

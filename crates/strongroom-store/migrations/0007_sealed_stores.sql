-- Sealed stores: their maps, slots and counted guesses. Their values are rows of store_value. What
-- each column reveals: docs/formats/database.md.

CREATE TABLE sealed_map (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    keep BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    next_version BIGINT NOT NULL,
    root BYTEA NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (workspace, context),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

CREATE TABLE sealed_node (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    id BYTEA NOT NULL,
    node BYTEA NOT NULL,
    PRIMARY KEY (workspace, context, id),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

CREATE TABLE sealed_slot (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    slot BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (workspace, context, slot),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

CREATE TABLE sealed_guess (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    slot BYTEA NOT NULL,
    client TEXT NOT NULL,
    used BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (workspace, context, slot, client),
    FOREIGN KEY (workspace, context, slot) REFERENCES sealed_slot (workspace, context, slot)
);

-- When versions of records expire.
CREATE TABLE sealed_expiry (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    record BYTEA NOT NULL,
    version BIGINT NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (workspace, context, record, version),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

CREATE INDEX sealed_expiry_due ON sealed_expiry (due);

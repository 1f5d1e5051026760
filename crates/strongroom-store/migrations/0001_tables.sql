-- One DDL for SQLite and PostgreSQL: text for our own ids, names and states, bytes for all else that
-- is not a number, BIGINT for numbers and microseconds since 1970 (UTC).
-- On PostgreSQL every text column gets the collation "C", so that both sort ids by their bytes.
-- What each column reveals: docs/formats/database.md.

CREATE TABLE deployment (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE workspace (
    id TEXT NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL,
    seeds BYTEA NOT NULL,
    body BYTEA NOT NULL,
    context_quota BIGINT NOT NULL,
    contexts BIGINT NOT NULL
);

-- The end of each log; locked by every transaction that appends to it.
CREATE TABLE head (
    workspace TEXT NOT NULL PRIMARY KEY REFERENCES workspace (id),
    frontier BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    generation BIGINT NOT NULL
);

CREATE TABLE record (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    created BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (workspace, kind, id)
);

CREATE TABLE api_key (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspace (id),
    client TEXT NOT NULL,
    hash BYTEA NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT
);

CREATE INDEX api_key_of_client ON api_key (workspace, client, created);

CREATE TABLE context (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    map BYTEA NOT NULL,
    lock_secret BYTEA NOT NULL,
    final_after BIGINT,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE context_key (
    workspace TEXT NOT NULL,
    context TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    seed BYTEA NOT NULL,
    sealed BIGINT NOT NULL,
    last_opened BIGINT,
    PRIMARY KEY (workspace, context, version),
    FOREIGN KEY (workspace, context) REFERENCES context (workspace, id)
);

CREATE TABLE idempotency (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    key BYTEA NOT NULL,
    request BYTEA NOT NULL,
    made TEXT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (workspace, key)
);

CREATE INDEX idempotency_expiry ON idempotency (workspace, expires);

-- One row per workspace and transaction. `id` is random and the same for all rows of a
-- transaction: after a lost connection it tells whether the transaction was committed.
CREATE TABLE batch (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    first BIGINT NOT NULL,
    count BIGINT NOT NULL,
    id BYTEA NOT NULL,
    last_time BIGINT NOT NULL,
    entries BYTEA NOT NULL,
    openings BYTEA,
    PRIMARY KEY (workspace, first)
);

CREATE INDEX batch_with_openings ON batch (last_time) WHERE openings IS NOT NULL;

CREATE TABLE items (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    entry BIGINT NOT NULL,
    records BYTEA NOT NULL,
    PRIMARY KEY (workspace, entry)
);

CREATE TABLE tile (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    level BIGINT NOT NULL,
    n BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    root BYTEA NOT NULL,
    PRIMARY KEY (workspace, level, n)
);

CREATE TABLE term (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    term BYTEA NOT NULL,
    tile BIGINT NOT NULL,
    PRIMARY KEY (workspace, term, tile)
);

CREATE TABLE checkpoint (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    generation BIGINT NOT NULL,
    size BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (workspace, generation, size)
);

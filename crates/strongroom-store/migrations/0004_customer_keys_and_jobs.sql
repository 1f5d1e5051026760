-- What wraps the seeds of a key context, and jobs. What each column reveals:
-- docs/formats/database.md.

ALTER TABLE context ADD COLUMN wrapper TEXT NOT NULL DEFAULT 'root/1';

-- A destruction that waits for its time.
ALTER TABLE context ADD COLUMN destroy_at BIGINT;

ALTER TABLE context ADD COLUMN destroy_job TEXT;

-- How much a customer's key wraps.
CREATE INDEX context_of_wrapper ON context (workspace, wrapper);

CREATE TABLE job (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    position TEXT NOT NULL,
    body BYTEA NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    due BIGINT NOT NULL,
    leased BIGINT NOT NULL,
    finished BIGINT,
    PRIMARY KEY (workspace, id)
);

CREATE INDEX job_in_order ON job (workspace, created, id);

CREATE INDEX job_due ON job (due) WHERE finished IS NULL;

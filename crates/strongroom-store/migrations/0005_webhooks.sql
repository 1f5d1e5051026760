-- How far webhooks have come, and what they gave up. What each column reveals:
-- docs/formats/database.md.

CREATE TABLE webhook (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    id TEXT NOT NULL,
    secret BYTEA NOT NULL,
    next_entry BIGINT NOT NULL,
    next_part BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    due BIGINT,
    turn BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE dead_letter (
    workspace TEXT NOT NULL,
    webhook TEXT NOT NULL,
    entry BIGINT NOT NULL,
    part BIGINT NOT NULL,
    status BIGINT,
    given_up BIGINT NOT NULL,
    PRIMARY KEY (workspace, webhook, entry, part),
    FOREIGN KEY (workspace, webhook) REFERENCES webhook (workspace, id)
);

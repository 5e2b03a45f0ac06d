CREATE TABLE guards (
    domain TEXT NOT NULL,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (domain, key)
);

CREATE TABLE transactions (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    lane         TEXT    NOT NULL,
    nonce        BIGINT  NOT NULL,
    key          TEXT    NOT NULL,
    body         TEXT,
    raw          TEXT,
    hashes       TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'confirmed', 'replaced', 'dropped', 'failed')),
    block_height BIGINT,
    block_hash   TEXT,
    created_at   BIGINT  NOT NULL,
    updated_at   BIGINT  NOT NULL,
    UNIQUE (lane, key)
);
-- A dropped transaction gives its nonce back; any other holds it for ever.
CREATE UNIQUE INDEX transactions_by_nonce ON transactions (lane, nonce) WHERE state <> 'dropped';
CREATE INDEX transactions_open ON transactions (lane, nonce) WHERE state = 'pending';
CREATE INDEX transactions_settled ON transactions (updated_at) WHERE state <> 'pending';

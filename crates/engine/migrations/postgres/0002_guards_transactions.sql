CREATE TABLE guards (
    domain TEXT COLLATE "C" NOT NULL,
    key    TEXT COLLATE "C" NOT NULL,
    value  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (domain, key)
);

CREATE TABLE transactions (
    id           BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane         TEXT COLLATE "C" NOT NULL,
    nonce        BIGINT           NOT NULL,
    key          TEXT COLLATE "C" NOT NULL,
    body         TEXT,
    raw          TEXT,
    hashes       TEXT             NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'confirmed', 'replaced', 'dropped', 'failed')),
    block_height BIGINT,
    block_hash   TEXT COLLATE "C",
    created_at   BIGINT           NOT NULL,
    updated_at   BIGINT           NOT NULL,
    UNIQUE (lane, key)
);
-- A dropped transaction gives its nonce back; any other holds it for ever.
CREATE UNIQUE INDEX transactions_by_nonce ON transactions (lane, nonce) WHERE state <> 'dropped';
CREATE INDEX transactions_open ON transactions (lane, nonce) WHERE state = 'pending';
CREATE INDEX transactions_settled ON transactions (updated_at) WHERE state <> 'pending';

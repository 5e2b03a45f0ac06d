CREATE TABLE cursors (
    stream     TEXT   NOT NULL PRIMARY KEY,
    body       TEXT   NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE processes (
    kind       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    phase      TEXT    NOT NULL,
    done       BOOLEAN NOT NULL,
    wake_clock TEXT,
    wake_at    BIGINT,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX processes_by_phase ON processes (kind, phase);
CREATE INDEX processes_by_age ON processes (kind, created_at, key);
CREATE INDEX processes_by_wake ON processes (wake_clock, wake_at) WHERE wake_clock IS NOT NULL;

-- AUTOINCREMENT, so that the id of a pruned effect never comes back as another effect.
CREATE TABLE effects (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key         TEXT    NOT NULL UNIQUE,
    kind        TEXT    NOT NULL,
    process_key TEXT    NOT NULL,
    lane        TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('pending', 'done', 'cancelled')),
    attempts    BIGINT  NOT NULL,
    last_error  TEXT,
    due_at      BIGINT  NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);
CREATE INDEX effects_open ON effects (lane, due_at, id) WHERE status = 'pending';
CREATE INDEX effects_by_process ON effects (kind, process_key);
CREATE INDEX effects_leased ON effects (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX effects_closed ON effects (updated_at) WHERE status <> 'pending';

CREATE TABLE journal (
    position     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    stream       TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    height       BIGINT  NOT NULL,
    block_hash   TEXT    NOT NULL,
    process_kind TEXT    NOT NULL,
    process_key  TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    settled_at   BIGINT,
    UNIQUE (stream, id, block_hash)
);
CREATE INDEX journal_by_block ON journal (stream, block_hash);
CREATE INDEX journal_open ON journal (stream, height) WHERE settled_at IS NULL;
CREATE INDEX journal_settled ON journal (settled_at) WHERE settled_at IS NOT NULL;

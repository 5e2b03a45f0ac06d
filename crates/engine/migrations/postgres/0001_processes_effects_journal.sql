-- Text that is compared or sorted is so byte by byte, as SQLite does it, whatever the database's
-- locale.
CREATE TABLE cursors (
    stream     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    body       TEXT             NOT NULL,
    updated_at BIGINT           NOT NULL
);

CREATE TABLE processes (
    kind       TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    state      TEXT             NOT NULL,
    phase      TEXT COLLATE "C" NOT NULL,
    done       BOOLEAN          NOT NULL,
    wake_clock TEXT COLLATE "C",
    wake_at    BIGINT,
    created_at BIGINT           NOT NULL,
    updated_at BIGINT           NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX processes_by_phase ON processes (kind, phase);
CREATE INDEX processes_by_age ON processes (kind, created_at, key);
CREATE INDEX processes_by_wake ON processes (wake_clock, wake_at) WHERE wake_clock IS NOT NULL;

CREATE TABLE effects (
    id          BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         TEXT COLLATE "C" NOT NULL UNIQUE,
    kind        TEXT COLLATE "C" NOT NULL,
    process_key TEXT COLLATE "C" NOT NULL,
    lane        TEXT COLLATE "C" NOT NULL,
    body        TEXT             NOT NULL,
    status      TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'done', 'cancelled')),
    attempts    BIGINT           NOT NULL,
    last_error  TEXT,
    due_at      BIGINT           NOT NULL,
    lease_owner TEXT COLLATE "C",
    lease_until BIGINT           NOT NULL,
    created_at  BIGINT           NOT NULL,
    updated_at  BIGINT           NOT NULL
);
CREATE INDEX effects_open ON effects (lane, due_at, id) WHERE status = 'pending';
CREATE INDEX effects_by_process ON effects (kind, process_key);
CREATE INDEX effects_leased ON effects (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX effects_closed ON effects (updated_at) WHERE status <> 'pending';

CREATE TABLE journal (
    position     BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream       TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    height       BIGINT           NOT NULL,
    block_hash   TEXT COLLATE "C" NOT NULL,
    process_kind TEXT COLLATE "C" NOT NULL,
    process_key  TEXT COLLATE "C" NOT NULL,
    body         TEXT             NOT NULL,
    settled_at   BIGINT,
    UNIQUE (stream, id, block_hash)
);
CREATE INDEX journal_by_block ON journal (stream, block_hash);
CREATE INDEX journal_open ON journal (stream, height) WHERE settled_at IS NULL;
CREATE INDEX journal_settled ON journal (settled_at) WHERE settled_at IS NOT NULL;

-- Holds no rows. Whoever writes locks it, so that units of work follow one another as in SQLite,
-- whichever replica they come from.
CREATE TABLE writer (held BOOLEAN);

-- What processes are found by beside their key and their phase, the newest first. The rows follow the
-- states in the same transaction.
CREATE TABLE tags (
    kind       TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    value      TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name, value, created_at, key)
);

DROP INDEX processes_by_phase;
CREATE INDEX processes_by_phase ON processes (kind, phase, created_at, key);

-- What has changed, in order: writers follow one another, so that the order of the numbers is the order
-- of the commits.
CREATE TABLE feed (
    id    BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind  TEXT COLLATE "C" NOT NULL,
    key   TEXT COLLATE "C" NOT NULL,
    phase TEXT COLLATE "C" NOT NULL,
    done  BOOLEAN          NOT NULL,
    at    BIGINT           NOT NULL
);

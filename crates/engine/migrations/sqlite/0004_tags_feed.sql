-- What processes are found by beside their key and their phase, the newest first. The rows follow the
-- states in the same transaction.
CREATE TABLE tags (
    kind       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    key        TEXT   NOT NULL,
    PRIMARY KEY (kind, name, value, created_at, key)
) WITHOUT ROWID;

DROP INDEX processes_by_phase;
CREATE INDEX processes_by_phase ON processes (kind, phase, created_at, key);

-- What has changed, in order.
CREATE TABLE feed (
    id    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind  TEXT    NOT NULL,
    key   TEXT    NOT NULL,
    phase TEXT    NOT NULL,
    done  BOOLEAN NOT NULL,
    at    BIGINT  NOT NULL
);

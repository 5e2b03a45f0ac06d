CREATE TABLE leaders (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    leader     TEXT COLLATE "C" NOT NULL,
    -- Goes up with every new term and never down: rows are not removed.
    term       BIGINT           NOT NULL,
    lead_until BIGINT           NOT NULL
);

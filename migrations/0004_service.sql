-- How many calls RunCloud got in each calendar month (UTC); it meters them so.
CREATE TABLE api_calls (
    month TEXT PRIMARY KEY NOT NULL,    -- such as 2026-11
    calls INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How the daemon fares; NULL where it never came to it. All points in time are seconds since 1970.
CREATE TABLE service (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    attempted     INTEGER,              -- when it last tried to make a pass
    succeeded     INTEGER,              -- when its last complete pass ended
    noticed       INTEGER,              -- since when a change of the tables waits for a pass
    trouble       TEXT,                 -- what keeps it from its work
    trouble_since INTEGER
) STRICT;

-- When the row was first seen to hold the name.
ALTER TABLE row ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

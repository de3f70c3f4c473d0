-- What was changed, tried or said, one line per name; the newest ten thousand are kept.
CREATE TABLE event (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    first   INTEGER NOT NULL,           -- seconds since 1970
    at      INTEGER NOT NULL,           -- the last time: a failure that repeats itself is one line
    times   INTEGER NOT NULL DEFAULT 1,
    pass    INTEGER,                    -- NULL where an operator said it
    action  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    domain  TEXT,                       -- NULL where it is about no single name
    rule    TEXT,                       -- why, with
    mapping INTEGER,                    -- the row
    site    INTEGER,                    -- and the site it is about
    www     INTEGER,
    detail  TEXT NOT NULL               -- RunCloud's answer, or an operator's reason
) STRICT;
CREATE INDEX event_domain ON event (domain, id);
CREATE INDEX event_word ON event (id) WHERE pass IS NULL;

-- By which rule a write call is made.
ALTER TABLE intent ADD COLUMN rule TEXT NOT NULL DEFAULT 'wanted';

-- That nothing is to be written to RunCloud for now.
CREATE TABLE pause (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    since      INTEGER NOT NULL,        -- seconds since 1970
    until_tick INTEGER,                 -- by the ledger's own clock; NULL until an operator resumes
    reason     TEXT NOT NULL
) STRICT;

-- Removed names that an operator wants back although no row does; each goes out of it when it is there.
CREATE TABLE restore (
    domain  TEXT PRIMARY KEY NOT NULL,
    event   INTEGER NOT NULL,           -- the removal that is taken back
    www     INTEGER NOT NULL,
    mapping INTEGER,                    -- what wanted it
    site    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the last pass did nothing about: a name, or a row without one.
CREATE TABLE noted (
    subject TEXT PRIMARY KEY NOT NULL,
    reason  TEXT NOT NULL,              -- as in `plan --json`, or unmanaged, or rejected
    detail  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a pass saw, and when the next one is due at the latest; NULL where nobody said.
ALTER TABLE pass ADD COLUMN wanted INTEGER;
ALTER TABLE pass ADD COLUMN present INTEGER;
ALTER TABLE pass ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pass ADD COLUMN removal_limit INTEGER;
ALTER TABLE pass ADD COLUMN blocked TEXT; -- what stops removals, as a sentence
ALTER TABLE pass ADD COLUMN next INTEGER;

-- What a paused pass would have done.
ALTER TABLE pass ADD COLUMN to_add INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pass ADD COLUMN to_update INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pass ADD COLUMN to_remove INTEGER NOT NULL DEFAULT 0;

-- Names without a certificate for which none is ordered now, and why.
CREATE TABLE waiting (
    domain TEXT PRIMARY KEY NOT NULL,
    reason TEXT NOT NULL,               -- as in `plan --json`
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How many orders for all names seven days allow.
ALTER TABLE pass ADD COLUMN order_limit INTEGER;

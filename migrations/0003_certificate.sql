-- What is known of each managed name's certificate; no row: nothing yet.
CREATE TABLE certificate (
    domain  TEXT PRIMARY KEY NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('due', 'ordered', 'failed', 'covered')),
    since   INTEGER NOT NULL,           -- seconds since 1970; as are all times below
    attempt INTEGER NOT NULL DEFAULT 0, -- orders in a row that brought nothing, the one under way included
    next    INTEGER NOT NULL DEFAULT 0, -- when it is looked at, or ordered, again
    starts  INTEGER NOT NULL DEFAULT 0, -- covered: the certificate's dates
    ends    INTEGER NOT NULL DEFAULT 0, -- ordered: the end of RunCloud's certificate before the order
    detail  TEXT NOT NULL DEFAULT ''    -- covered: the issuer; failed: why
) STRICT, WITHOUT ROWID;

INSERT INTO certificate (domain, state, since, attempt, next)
SELECT domain, 'due', since, attempts, retry_at FROM certificate_due;
DROP TABLE certificate_due;

-- The orders of the last seven days, for the budgets that a restart does not reset.
CREATE TABLE certificate_order (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    domain TEXT,                        -- NULL for the application's one certificate
    tick   INTEGER NOT NULL,            -- by the ledger's own clock
    at     INTEGER NOT NULL,            -- seconds since 1970
    names  TEXT NOT NULL,               -- stands for exactly the names the application served then
    open   INTEGER NOT NULL             -- whether it is unknown if the order was sent
) STRICT;

-- Where names pointed when they were looked up last.
CREATE TABLE verdict (
    domain    TEXT PRIMARY KEY NOT NULL,
    verdict   TEXT NOT NULL CHECK (verdict IN ('here', 'elsewhere', 'not_found', 'unknown')),
    detail    TEXT NOT NULL DEFAULT '', -- elsewhere: the addresses; unknown: why
    since     INTEGER NOT NULL,         -- since when it is this one
    seen      INTEGER NOT NULL,
    looks     INTEGER NOT NULL,         -- in a row with this verdict
    next      INTEGER NOT NULL,
    cause     TEXT NOT NULL             -- the row it was looked up for: another one is looked up at once
) STRICT, WITHOUT ROWID;

-- Names that were attached and pointed elsewhere when an order for all names failed as a whole.
CREATE TABLE spoiler (
    domain TEXT PRIMARY KEY NOT NULL,
    since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

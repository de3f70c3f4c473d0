-- Names this daemon may remove: it added them, or found them in both places and adopted them.
CREATE TABLE owned (
    domain  TEXT PRIMARY KEY NOT NULL,
    origin  TEXT NOT NULL CHECK (origin IN ('added', 'adopted')),
    since   INTEGER NOT NULL,           -- seconds since 1970
    www     INTEGER,                    -- as this daemon set it; NULL where it never did
    mapping INTEGER,                    -- the row that wanted it last; NULL for a site's own name
    site    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Write calls that are about to be made, or were made and not yet settled.
CREATE TABLE intent (
    domain  TEXT PRIMARY KEY NOT NULL,
    action  TEXT NOT NULL CHECK (action IN ('add', 'update', 'remove')),
    since   INTEGER NOT NULL,
    www     INTEGER NOT NULL,
    mapping INTEGER,
    site    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Names whose certificate is still to be ordered.
CREATE TABLE certificate_due (
    domain   TEXT PRIMARY KEY NOT NULL,
    since    INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, -- orders that failed
    retry_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The one web application this ledger speaks of.
CREATE TABLE binding (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    server INTEGER NOT NULL,
    app    INTEGER NOT NULL
) STRICT;

-- Names whose last change failed, and when it is tried again.
CREATE TABLE failure (
    domain   TEXT PRIMARY KEY NOT NULL,
    attempts INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,
    detail   TEXT NOT NULL,             -- RunCloud's message
    mapping  INTEGER,                   -- the row it failed for: another row starts afresh
    site     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What each pass did; the newest thousand are kept.
CREATE TABLE pass (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL,
    ended   INTEGER,
    result  TEXT,
    added   INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0,
    failed  INTEGER NOT NULL DEFAULT 0
) STRICT;

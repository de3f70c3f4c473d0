-- The network's own domain, so that another database is not taken for this one; NULL until it was read.
ALTER TABLE binding ADD COLUMN network TEXT;

-- The highest id a whole read of the mapping table ever had: a lower AUTO_INCREMENT shows a TRUNCATE.
ALTER TABLE binding ADD COLUMN highest_mapping INTEGER NOT NULL DEFAULT 0;

-- The stage of the row a change failed for: another one starts afresh.
ALTER TABLE failure ADD COLUMN stage TEXT NOT NULL DEFAULT '';

-- In how many listings in a row a name was missing that no row wants: it is forgotten after a few.
ALTER TABLE owned ADD COLUMN absent INTEGER NOT NULL DEFAULT 0;

-- The ledger's own clock: seconds that the machine was seen to run, which no wall clock can push.
CREATE TABLE ticks (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    counted INTEGER NOT NULL,
    boot    TEXT NOT NULL,              -- the boot in which it was counted last
    uptime  INTEGER NOT NULL,           -- seconds since that boot
    wall    INTEGER NOT NULL            -- seconds since 1970
) STRICT;

-- Removals that count against the budget of 24 hours.
CREATE TABLE removal (
    id      INTEGER PRIMARY KEY,
    domain  TEXT NOT NULL,
    tick    INTEGER NOT NULL,           -- by the ledger's own clock
    managed INTEGER NOT NULL            -- how many names were ours then
) STRICT;

-- What the last pass found blocked: the names behind its hash.
CREATE TABLE blocked (
    domain TEXT PRIMARY KEY NOT NULL,
    hash   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The names that an operator lets go although a guard blocks them; each goes out of it when it is removed.
CREATE TABLE approved (
    domain     TEXT PRIMARY KEY NOT NULL,
    hash       TEXT NOT NULL,
    until_wall INTEGER NOT NULL,        -- the approval ends at whichever comes first
    until_tick INTEGER NOT NULL,
    begun      INTEGER NOT NULL         -- whether the first of its removals was about to be made
) STRICT, WITHOUT ROWID;

-- Names that were ours, went missing in RunCloud and were added again.
CREATE TABLE repair (
    domain  TEXT PRIMARY KEY NOT NULL,
    repairs INTEGER NOT NULL,
    last    INTEGER NOT NULL            -- seconds since 1970
) STRICT, WITHOUT ROWID;

-- The name that each row of the mapping table held last: what a row that turned into none had held stays.
CREATE TABLE row (
    mapping INTEGER PRIMARY KEY NOT NULL,
    domain  TEXT NOT NULL
) STRICT;

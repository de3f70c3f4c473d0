-- What earlier passes found blocked, so that whoever approves a hash that stands no more is told what has changed.
CREATE TABLE blocked_before (
    domain TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

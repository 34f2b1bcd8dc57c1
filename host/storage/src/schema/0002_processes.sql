-- Wishes that another living process has to carry out: each is taken once, answered, and removed by who sent it.
CREATE TABLE letters (
    row       INTEGER PRIMARY KEY,
    op        BLOB    NOT NULL UNIQUE,  -- the wish's own id
    sender    INTEGER NOT NULL,         -- the openings of both processes, see hosts.rs
    addressee INTEGER NOT NULL,
    sent_at   INTEGER NOT NULL,
    taken_at  INTEGER,
    wish      TEXT    NOT NULL,         -- JSON
    answer    TEXT                      -- JSON: null for taken, or the problem
) STRICT;
CREATE INDEX letters_waiting ON letters (addressee) WHERE taken_at IS NULL;

-- What one process told for all, such as a change of a file that every process sees.
CREATE TABLE told (
    what  TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The opening whose process the input waits in; when that is over, the input is held.
ALTER TABLE queued ADD COLUMN host INTEGER;

CREATE INDEX approvals_item ON approvals (item);
CREATE INDEX tool_calls_named ON tool_calls (call);

-- Who may speak to this installation through a browser, and which processes listen. Of secrets there are hashes only;
-- all of it is in the personal file.

-- Launch tokens: good for one session each, for a minute.
CREATE TABLE launches (
    hash       TEXT PRIMARY KEY,
    invited_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id        BLOB PRIMARY KEY,
    cookie    TEXT    NOT NULL UNIQUE,  -- SHA-256, as all hashes here
    label     TEXT    NOT NULL,
    how       TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    used_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session_tabs (
    row     INTEGER PRIMARY KEY,
    session BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX session_tabs_of ON session_tabs (session);

CREATE TABLE servers (
    host       INTEGER PRIMARY KEY,     -- the opening of its process, see hosts.rs
    pid        INTEGER NOT NULL,
    url        TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    started_at INTEGER NOT NULL
) STRICT;

-- The approval mode a person chose for a conversation: what frontends propose for its turns.
ALTER TABLE conversations ADD COLUMN mode TEXT;

-- Few items are put aside; how many there are of the others is told with every page.
CREATE INDEX items_aside ON items (conversation, ordinal) WHERE is_aside;

-- When a rule last let a call through.
ALTER TABLE rules ADD COLUMN used_at INTEGER;

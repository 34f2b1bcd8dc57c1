-- Where listeners without TLS were, and when one was last there. A session of such a place ends once nobody has
-- listened there for a while: another user of the machine may have.
CREATE TABLE places (
    place       TEXT PRIMARY KEY,       -- address and port
    attended_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- None: a listener with TLS, whose place nobody else can take.
ALTER TABLE sessions ADD COLUMN place TEXT;

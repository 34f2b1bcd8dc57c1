-- The audit log: one record per decision and effect, each with the hash of the one before, and signatures
-- over hashes. Both are only ever added to; nothing points at them, so that nothing deleted takes them along.

CREATE TABLE audit (
    number   INTEGER PRIMARY KEY,       -- counted from 1, without gaps
    previous BLOB NOT NULL,
    record   TEXT NOT NULL,             -- JSON, the bytes that are hashed
    hash     BLOB NOT NULL
) STRICT;

CREATE TABLE audit_seals (
    number     INTEGER PRIMARY KEY,     -- of the newest record it covers
    hash       BLOB    NOT NULL,
    at         INTEGER NOT NULL,
    public_key TEXT    NOT NULL,        -- PEM
    signature  BLOB    NOT NULL
) STRICT;

CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_seals_kept BEFORE DELETE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_seals_unchanged BEFORE UPDATE ON audit_seals
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

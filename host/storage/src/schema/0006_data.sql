-- Folders whose own config and tools count, as they were when a person said so.
CREATE TABLE folders (
    path       TEXT    PRIMARY KEY,      -- absolute, without links
    hash       TEXT    NOT NULL,         -- of everything in it that takes effect
    trusted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- trust, modules, retention

-- When a grant ends, and how many calls of it are left; none: never, and any number.
ALTER TABLE grants ADD COLUMN expires_at INTEGER;
ALTER TABLE grants ADD COLUMN calls      INTEGER;

-- What was told last of each file of a tools folder, so that of several processes only one tells it.
CREATE TABLE modules_told (
    path    TEXT PRIMARY KEY,
    folder  TEXT NOT NULL,
    module  TEXT NOT NULL,
    hash    TEXT NOT NULL,
    problem TEXT                        -- why it cannot be used; none if it can
) STRICT, WITHOUT ROWID;
CREATE INDEX modules_told_in ON modules_told (folder);

-- The binary of a file that was granted something last, to tell how the next one differs.
CREATE TABLE modules_granted (
    path       TEXT PRIMARY KEY,
    granted_at INTEGER NOT NULL,
    view       TEXT    NOT NULL         -- JSON
) STRICT, WITHOUT ROWID;

-- Modules that a person switched off.
CREATE TABLE modules_off (
    module TEXT PRIMARY KEY,
    off_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the model was told first in a conversation, so that every later request begins with the same bytes. In
-- the personal file also for conversations of shared ones: it holds the user's own instructions.
CREATE TABLE prefix_texts (
    hash BLOB PRIMARY KEY,              -- SHA-256
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE prefixes (
    conversation BLOB PRIMARY KEY,
    system       BLOB NOT NULL REFERENCES prefix_texts (hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX prefixes_text ON prefixes (system);
CREATE TABLE prefix_tools (
    conversation BLOB    NOT NULL,
    place        INTEGER NOT NULL,      -- from 0
    tool         BLOB    NOT NULL REFERENCES prefix_texts (hash),
    PRIMARY KEY (conversation, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX prefix_tools_text ON prefix_tools (tool);

-- The beginnings of words are looked up at every length up to six: a beginning of four letters may be that of tens
-- of thousands of words, and each of those had to be looked at.
DROP TRIGGER messages_added;
DROP TRIGGER messages_removed;
DROP TRIGGER messages_changed;
DROP TABLE messages_text;
CREATE VIRTUAL TABLE messages_text USING fts5 (
    text, content = 'messages', content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 4 6' -- a length between two of these is looked up by the next one
);
INSERT INTO messages_text (messages_text) VALUES ('rebuild');
CREATE TRIGGER messages_added AFTER INSERT ON items WHEN new.text IS NOT NULL
BEGIN
    INSERT INTO messages_text (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER messages_removed AFTER DELETE ON items WHEN old.text IS NOT NULL
BEGIN
    INSERT INTO messages_text (messages_text, rowid, text) VALUES ('delete', old.row, old.text);
END;
CREATE TRIGGER messages_changed AFTER UPDATE OF text ON items WHEN old.text IS NOT new.text
BEGIN
    INSERT INTO messages_text (messages_text, rowid, text)
        SELECT 'delete', old.row, old.text WHERE old.text IS NOT NULL;
    INSERT INTO messages_text (rowid, text)
        SELECT new.row, new.text WHERE new.text IS NOT NULL;
END;

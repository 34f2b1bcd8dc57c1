-- What people order their conversations with, notes and documents, and what was spent on what.

-- The folders of the disk that a person trusts are called workspaces everywhere else, too.
ALTER TABLE folders RENAME TO workspaces;
UPDATE journal SET event = json_set(event, '$.noun', 'workspace')
    WHERE topic = x'' AND event ->> '$.noun' = 'folder';

-- Where a conversation was put. Both point at rows of this file; whoever takes such a row away says what
-- becomes of the conversations.
ALTER TABLE conversations ADD COLUMN folder    BLOB;
ALTER TABLE conversations ADD COLUMN project   BLOB;
ALTER TABLE conversations ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0;
-- Partial, so that a conversation that was put nowhere is as cheap to write to as before.
CREATE INDEX conversations_in_folder ON conversations (folder, updated_at, id) WHERE folder IS NOT NULL;
CREATE INDEX conversations_of_project ON conversations (project, updated_at, id) WHERE project IS NOT NULL;
CREATE INDEX conversations_pinned ON conversations (updated_at, id) WHERE is_pinned;

CREATE TABLE conversation_tags (
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    tag          TEXT NOT NULL,
    PRIMARY KEY (conversation, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_tags_of ON conversation_tags (tag);

CREATE TABLE folders (
    id                BLOB PRIMARY KEY,
    name              TEXT    NOT NULL,
    parent            BLOB,             -- none at the top
    created_at        INTEGER NOT NULL,
    user_id           TEXT,
    user_display_name TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX folders_in ON folders (parent);

CREATE TABLE projects (
    id                BLOB PRIMARY KEY,
    name              TEXT    NOT NULL,
    instructions      TEXT    NOT NULL,
    workspace         TEXT,
    model             TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    user_id           TEXT,
    user_display_name TEXT
) STRICT, WITHOUT ROWID;

-- What a project said when this user wrote or accepted it; in the personal file, for projects of all files.
CREATE TABLE projects_trusted (
    project    BLOB PRIMARY KEY,
    hash       TEXT    NOT NULL,
    trusted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a conversation says of itself: its title and, if it is a note or document, the newest version of its text.
CREATE TABLE texts (
    row          INTEGER PRIMARY KEY,
    conversation BLOB NOT NULL UNIQUE REFERENCES conversations (id) ON DELETE CASCADE,
    title        TEXT NOT NULL,
    body         TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE texts_text USING fts5 (
    title, body, content = 'texts', content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 4 6'
);
CREATE TRIGGER texts_added AFTER INSERT ON texts
BEGIN
    INSERT INTO texts_text (rowid, title, body) VALUES (new.row, new.title, new.body);
END;
CREATE TRIGGER texts_removed AFTER DELETE ON texts
BEGIN
    INSERT INTO texts_text (texts_text, rowid, title, body) VALUES ('delete', old.row, old.title, old.body);
END;
CREATE TRIGGER texts_changed AFTER UPDATE ON texts
    WHEN old.title IS NOT new.title OR old.body IS NOT new.body
BEGIN
    INSERT INTO texts_text (texts_text, rowid, title, body) VALUES ('delete', old.row, old.title, old.body);
    INSERT INTO texts_text (rowid, title, body) VALUES (new.row, new.title, new.body);
END;
INSERT INTO texts (conversation, title, body) SELECT id, title, '' FROM conversations WHERE kind <> 'agent';
CREATE TRIGGER texts_opened AFTER INSERT ON conversations WHEN new.kind <> 'agent'
BEGIN
    INSERT INTO texts (conversation, title, body) VALUES (new.id, new.title, '');
END;
CREATE TRIGGER texts_renamed AFTER UPDATE OF title ON conversations WHEN old.title IS NOT new.title
BEGIN
    UPDATE texts SET title = new.title WHERE conversation = new.id;
END;

-- Every version of a note or document.
CREATE TABLE text_versions (
    conversation      BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    version           INTEGER NOT NULL, -- counted from 1
    updated_at        INTEGER NOT NULL,
    restored_from     INTEGER,
    user_id           TEXT,
    user_display_name TEXT,
    body              TEXT    NOT NULL,
    UNIQUE (conversation, version)
) STRICT;

-- The model that a step asked; none of steps before this was kept.
ALTER TABLE usage ADD COLUMN model TEXT;
CREATE INDEX usage_at ON usage (at);

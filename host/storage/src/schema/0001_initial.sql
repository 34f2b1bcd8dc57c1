-- Ids are 16-byte UUIDs, times are milliseconds since 1970 in UTC, words such as a status are
-- written as in the event API, columns that hold JSON say so.

-- How often the file was opened: a number for each opening, never given twice. One row.
CREATE TABLE openings (
    count   INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
INSERT INTO openings VALUES (0, 0);

CREATE TABLE users (
    id           TEXT PRIMARY KEY,
    display_name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every fact, once, in order: the log that frontends follow. `id` rises over all topics.
CREATE TABLE journal (
    id    INTEGER PRIMARY KEY,
    topic BLOB    NOT NULL,             -- a conversation's id; empty for the host
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    cause BLOB,
    event TEXT    NOT NULL,             -- JSON
    UNIQUE (topic, seq)
) STRICT;

CREATE TABLE conversations (
    id                BLOB PRIMARY KEY,
    kind              TEXT    NOT NULL,
    title             TEXT    NOT NULL,
    workspace         TEXT    NOT NULL,
    model             TEXT,
    parent            BLOB,             -- the item of the call that started it
    trust             TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    seq               INTEGER NOT NULL DEFAULT 0,
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens     INTEGER NOT NULL DEFAULT 0,
    estimated_turns   INTEGER NOT NULL DEFAULT 0,
    user_id           TEXT,
    user_display_name TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX conversations_recent ON conversations (kind, updated_at, id);
CREATE INDEX conversations_children ON conversations (parent) WHERE parent IS NOT NULL;

CREATE TABLE turns (
    row               INTEGER PRIMARY KEY,
    id                BLOB    NOT NULL UNIQUE,
    conversation      BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    started_at        INTEGER NOT NULL,
    ended_at          INTEGER,
    stop              TEXT,             -- JSON
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens     INTEGER NOT NULL DEFAULT 0,
    is_estimated      INTEGER NOT NULL DEFAULT 0,
    host              INTEGER,          -- the opening whose process runs it, see hosts.rs
    is_cut_off        INTEGER NOT NULL DEFAULT 0,
    user_id           TEXT,
    user_display_name TEXT
) STRICT;
CREATE INDEX turns_of ON turns (conversation);
-- Start-up and "does a turn run?" must not depend on how many turns there have been.
CREATE INDEX turns_open ON turns (conversation) WHERE ended_at IS NULL;

-- A conversation's tokens are the sum of its turns'.
CREATE TRIGGER turns_counted AFTER UPDATE OF
    prompt_tokens, completion_tokens, cached_tokens, is_estimated ON turns
BEGIN
    UPDATE conversations SET
        prompt_tokens     = prompt_tokens     + new.prompt_tokens     - old.prompt_tokens,
        completion_tokens = completion_tokens + new.completion_tokens - old.completion_tokens,
        cached_tokens     = cached_tokens     + new.cached_tokens     - old.cached_tokens,
        estimated_turns   = estimated_turns   + new.is_estimated      - old.is_estimated
    WHERE id = new.conversation;
END;

CREATE TABLE usage (
    turn              BLOB    NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    step              INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    is_estimated      INTEGER NOT NULL,
    at                INTEGER NOT NULL,
    PRIMARY KEY (turn, step)
) STRICT, WITHOUT ROWID;

-- Input that waits behind a running turn, in the order of `row`.
CREATE TABLE queued (
    row          INTEGER PRIMARY KEY,
    turn         BLOB NOT NULL UNIQUE,
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    input        TEXT NOT NULL          -- JSON
) STRICT;
CREATE INDEX queued_of ON queued (conversation);

CREATE TABLE items (
    row               INTEGER PRIMARY KEY,
    id                BLOB    NOT NULL UNIQUE,
    conversation      BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    ordinal           INTEGER NOT NULL, -- counted from 1 within the conversation
    turn              BLOB    NOT NULL,
    step              INTEGER NOT NULL,
    status            TEXT    NOT NULL,
    origin            TEXT    NOT NULL, -- JSON
    created_at        INTEGER NOT NULL,
    user_id           TEXT,
    user_display_name TEXT,
    body              TEXT,             -- JSON; none for a tool call, which is in tool_calls
    text              TEXT,             -- what a search finds; none while the item is open
    UNIQUE (conversation, ordinal)
) STRICT;
CREATE INDEX items_open ON items (turn) WHERE status IN ('pending', 'running');

CREATE TABLE tool_calls (
    item_row          INTEGER PRIMARY KEY REFERENCES items (row) ON DELETE CASCADE,
    item              BLOB NOT NULL,
    conversation      BLOB NOT NULL,
    turn              BLOB NOT NULL,
    call              TEXT NOT NULL,    -- the model's id of it
    tool              TEXT NOT NULL,
    arguments         TEXT NOT NULL,    -- JSON
    tier              TEXT NOT NULL,
    approval_decision TEXT NOT NULL,    -- JSON, all decisions in order
    result            TEXT,             -- JSON
    meter             TEXT,             -- JSON
    child             BLOB
) STRICT;

CREATE VIEW messages AS SELECT row, text FROM items WHERE text IS NOT NULL;
CREATE VIRTUAL TABLE messages_text USING fts5 (
    text, content = 'messages', content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3' -- a word just begun is what most others begin with, too
);
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

CREATE TABLE approvals (
    row          INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    turn         BLOB    NOT NULL,
    item         BLOB    NOT NULL,
    requested_at INTEGER NOT NULL,
    resolved_at  INTEGER,
    resolution   TEXT,                  -- JSON
    resolved_by  TEXT,
    approval     TEXT    NOT NULL       -- JSON
) STRICT;
CREATE INDEX approvals_of ON approvals (conversation);
CREATE INDEX approvals_open ON approvals (conversation) WHERE resolved_at IS NULL;

CREATE TABLE questions (
    row          INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    turn         BLOB    NOT NULL,
    item         BLOB    NOT NULL,
    requested_at INTEGER NOT NULL,
    answered_at  INTEGER,
    answer       TEXT,                  -- JSON
    question     TEXT    NOT NULL       -- JSON
) STRICT;
CREATE INDEX questions_of ON questions (conversation);
CREATE INDEX questions_open ON questions (conversation) WHERE answered_at IS NULL;

CREATE TABLE canvases (
    row          INTEGER PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE,
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    version      INTEGER NOT NULL       -- the newest
) STRICT;
CREATE INDEX canvases_of ON canvases (conversation);

CREATE TABLE canvas_versions (
    canvas            BLOB    NOT NULL REFERENCES canvases (id) ON DELETE CASCADE,
    version           INTEGER NOT NULL,
    title             TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    updated_at        INTEGER NOT NULL,
    user_id           TEXT,
    user_display_name TEXT,
    body              TEXT    NOT NULL,
    UNIQUE (canvas, version)
) STRICT;

-- Permissions given with scope `always`.
CREATE TABLE rules (
    rule       TEXT    NOT NULL,
    workspace  TEXT    NOT NULL,        -- empty: in every workspace
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (rule, workspace)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    hash       TEXT    NOT NULL,
    module     TEXT    NOT NULL,
    capability TEXT    NOT NULL,
    workspace  TEXT    NOT NULL,        -- empty: in every workspace
    reach      TEXT    NOT NULL,        -- JSON
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (hash, module, capability, workspace)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_of ON grants (module);

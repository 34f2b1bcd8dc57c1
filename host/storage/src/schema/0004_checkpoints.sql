-- What files were before calls changed them. The contents lie beside the database, by their hash; a row
-- is written before its change is made, so that a crash leaves a row too many and never one too few.
CREATE TABLE changes (
    row               INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation      BLOB    NOT NULL,  -- the call's own, a child agent's perhaps
    turn              BLOB    NOT NULL,
    root              BLOB    NOT NULL,  -- where a person sees it
    root_turn         BLOB    NOT NULL,
    item              BLOB    NOT NULL,  -- the call; of an undo, the wish
    tool              TEXT    NOT NULL,
    at                INTEGER NOT NULL,
    is_outside        INTEGER NOT NULL,
    path              TEXT    NOT NULL,  -- relative to the workspace; absolute if outside
    moved_from        TEXT,              -- a folder that was renamed: what it was called before
    before            TEXT,              -- JSON; none if it could not be kept
    before_hash       TEXT AS (before ->> '$.hash') VIRTUAL,
    after             TEXT,              -- JSON; none while the call runs, and if it was cut off
    obstacle          TEXT,              -- why it cannot be taken back
    doubt             TEXT,              -- why it is not taken back unless somebody insists
    takes_back        INTEGER,           -- of an undo: the row it took back
    is_undone         INTEGER NOT NULL DEFAULT 0,
    is_told           INTEGER NOT NULL DEFAULT 1, -- whether the model knows whether it is undone
    user_id           TEXT,
    user_display_name TEXT
) STRICT;
CREATE INDEX changes_of ON changes (root, row);
CREATE INDEX changes_of_call ON changes (item);
CREATE INDEX changes_with ON changes (before_hash) WHERE before_hash IS NOT NULL;
CREATE INDEX changes_by_age ON changes (at);
CREATE INDEX changes_untold ON changes (root) WHERE NOT is_told;

-- What belongs to a conversation goes with it; its contents are collected later.
CREATE TRIGGER changes_forgotten AFTER DELETE ON conversations
BEGIN
    DELETE FROM changes WHERE root = old.id;
END;

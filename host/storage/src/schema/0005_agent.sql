-- What the agent keeps: rewinds and forks, summaries, recordings, budgets.

-- Put aside by a rewind: kept, not sent, not shown.
ALTER TABLE items ADD COLUMN is_aside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN is_aside INTEGER NOT NULL DEFAULT 0;
-- The item it was forked from.
ALTER TABLE conversations ADD COLUMN forked_from BLOB;


-- The summary that stands in the place of a conversation's older items, for the model only: the newest one.
CREATE TABLE summaries (
    conversation BLOB PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    item         BLOB    NOT NULL,      -- the summary
    from_item    BLOB,                  -- the first older item that is still sent as it is
    at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What tokens cost, in millionths of the currency that the prices are in; and the calls a step made.
ALTER TABLE usage         ADD COLUMN cost_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage         ADD COLUMN calls       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns         ADD COLUMN cost_micros INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN cost_micros INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER turns_counted;
CREATE TRIGGER turns_counted AFTER UPDATE OF
    prompt_tokens, completion_tokens, cached_tokens, is_estimated, cost_micros ON turns
BEGIN
    UPDATE conversations SET
        prompt_tokens     = prompt_tokens     + new.prompt_tokens     - old.prompt_tokens,
        completion_tokens = completion_tokens + new.completion_tokens - old.completion_tokens,
        cached_tokens     = cached_tokens     + new.cached_tokens     - old.cached_tokens,
        estimated_turns   = estimated_turns   + new.is_estimated      - old.is_estimated,
        cost_micros       = cost_micros       + new.cost_micros       - old.cost_micros
    WHERE id = new.conversation;
END;

-- Requests beside the steps of turns: titles, summaries. A conversation's tokens include them.
CREATE TABLE usage_besides (
    row               INTEGER PRIMARY KEY,
    conversation      BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    purpose           TEXT    NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    is_estimated      INTEGER NOT NULL,
    cost_micros       INTEGER NOT NULL,
    at                INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_besides_of ON usage_besides (conversation);

-- What was spent on each day (UTC, counted from 1970). Deleting a conversation gives nothing back.
CREATE TABLE days (
    day         INTEGER PRIMARY KEY,
    tokens      INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    calls       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER usage_spent AFTER INSERT ON usage
BEGIN
    INSERT INTO days VALUES (new.at / 86400000, new.prompt_tokens + new.completion_tokens,
        new.cost_micros, new.calls)
    ON CONFLICT (day) DO UPDATE SET tokens = tokens + excluded.tokens,
        cost_micros = cost_micros + excluded.cost_micros, calls = calls + excluded.calls;
END;
CREATE TRIGGER usage_corrected AFTER UPDATE ON usage
BEGIN
    UPDATE days SET
        tokens = tokens + new.prompt_tokens + new.completion_tokens
            - old.prompt_tokens - old.completion_tokens,
        cost_micros = cost_micros + new.cost_micros - old.cost_micros,
        calls = calls + new.calls - old.calls
    WHERE day = new.at / 86400000;
END;
CREATE TRIGGER usage_besides_spent AFTER INSERT ON usage_besides
BEGIN
    INSERT INTO days VALUES (new.at / 86400000, new.prompt_tokens + new.completion_tokens,
        new.cost_micros, 0)
    ON CONFLICT (day) DO UPDATE SET tokens = tokens + excluded.tokens,
        cost_micros = cost_micros + excluded.cost_micros;
    UPDATE conversations SET
        prompt_tokens     = prompt_tokens     + new.prompt_tokens,
        completion_tokens = completion_tokens + new.completion_tokens,
        cached_tokens     = cached_tokens     + new.cached_tokens,
        estimated_turns   = estimated_turns   + new.is_estimated,
        cost_micros       = cost_micros       + new.cost_micros
    WHERE id = new.conversation;
END;

-- What requests and calls under way may yet cost, in whichever process; only where a day has a budget.
CREATE TABLE reservations (
    id          BLOB PRIMARY KEY,
    turn        BLOB    NOT NULL,
    step        INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    tokens      INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    calls       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_of ON reservations (turn, step);

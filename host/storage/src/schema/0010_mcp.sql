-- What a person let start, exactly as it was shown, and what may ask for answers of the model.
CREATE TABLE mcp_approvals (
    hash TEXT PRIMARY KEY NOT NULL,
    server TEXT NOT NULL,
    approved_at INTEGER NOT NULL
) STRICT;

CREATE TABLE mcp_sampling (
    hash TEXT PRIMARY KEY NOT NULL,
    server TEXT NOT NULL,
    allowed_at INTEGER NOT NULL
) STRICT;

-- What servers said of their tools at first use. The place is the project's folder, or empty.
CREATE TABLE mcp_pins (
    place TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    hash TEXT NOT NULL,
    said TEXT NOT NULL,
    PRIMARY KEY (place, server, tool)
) STRICT, WITHOUT ROWID;

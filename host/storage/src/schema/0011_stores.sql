-- What toolsets keep between calls, each for itself in a project. The place is the project's folder.
CREATE TABLE stores (
    toolset TEXT NOT NULL,
    place TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (toolset, place, key)
) STRICT, WITHOUT ROWID;

-- What was approved of a server, line by line, so that it can be told later what differs from it.
ALTER TABLE mcp_approvals ADD COLUMN shown TEXT NOT NULL DEFAULT '';

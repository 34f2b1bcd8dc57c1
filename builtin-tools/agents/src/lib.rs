//! anteroom-tool-agents

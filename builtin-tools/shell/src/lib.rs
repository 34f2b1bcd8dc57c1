//! anteroom-tool-shell

//! anteroom-tool-files

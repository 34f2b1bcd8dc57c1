//! anteroom-tools

//! anteroom-cli

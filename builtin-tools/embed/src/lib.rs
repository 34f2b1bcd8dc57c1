//! anteroom-embed

//! anteroom-runtime

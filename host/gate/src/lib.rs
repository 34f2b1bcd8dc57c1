//! anteroom-gate

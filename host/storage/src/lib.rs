//! anteroom-storage

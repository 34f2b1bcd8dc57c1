//! anteroom-model

//! anteroom-sdk

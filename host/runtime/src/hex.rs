//! Bytes as people and files write them: two small hexadecimal digits each.

/// All of the bytes, in their order.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

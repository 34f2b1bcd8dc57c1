//! The guarded `wasi:filesystem`: every path operation is resolved, judged and opened by the host.

//! How much memory a guest may have, over all its memories, and how much it had at most.

use wasmtime::ResourceLimiter;

const INSTANCES_MAX: usize = 16;
const TABLES_MAX: usize = 32;
const MEMORIES_MAX: usize = 8;
/// Elements of one table; a Rust guest of 2 MB has a few thousand.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Counts and limits the memory of one store.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit_bytes: usize,
    used_bytes: usize,
}

impl Limiter {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            used_bytes: 0,
        }
    }

    /// Linear memory, bytes. Memory never shrinks, so this is the peak as well.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes as u64
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self
            .used_bytes
            .saturating_add(desired.saturating_sub(current));
        if used > self.limit_bytes {
            // A trap says what happened; a failed growth only makes the guest abort without words.
            wasmtime::bail!(
                "it needed more than the {} MB of memory it may have",
                self.limit_bytes >> 20
            );
        }
        self.used_bytes = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS_MAX {
            wasmtime::bail!("it needed a table of more than {TABLE_ELEMENTS_MAX} elements");
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_over_all_memories() {
        let mut limiter = Limiter::new(3 << 20);
        assert!(limiter.memory_growing(0, 1 << 20, None).is_ok());
        assert!(limiter.memory_growing(0, 2 << 20, None).is_ok());
        assert!(
            limiter
                .memory_growing(2 << 20, (2 << 20) + 1, None)
                .is_err()
        );
        assert_eq!(limiter.used_bytes(), 3 << 20);
    }
}

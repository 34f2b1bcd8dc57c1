//! Memory that loading leaves: glibc keeps what threads freed for later ones, after a first start some 70 MB.

/// Gives memory that nobody uses back to the system, where the allocator has to be told to.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the standard library does not offer it")]
pub(crate) fn give_back() {
    // SAFETY: takes no pointer, touches only what is free, and may be called from any thread (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
}

/// Gives memory that nobody uses back to the system, where the allocator has to be told to.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}

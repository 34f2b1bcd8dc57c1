//! Memory that loading leaves: glibc keeps what threads freed for later ones, after a first start more than 100 MB.

/// Has the allocator give back what a thread frees at the end of its heap, where it has to be told to. By itself it
/// keeps ever more of that, the larger what was freed before, and [`give_back`] cannot reach it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the standard library does not offer it")]
pub(crate) fn keep_little() {
    const KEPT: libc::c_int = 512 << 10;
    // Larger ones are mapped by themselves, and go when they are freed.
    const MAPPED: libc::c_int = 1 << 20;
    // SAFETY: takes no pointer, and may be called from any thread and at any time (mallopt(3)).
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
    }
}

/// Gives memory that nobody uses back to the system, where the allocator has to be told to.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the standard library does not offer it")]
pub(crate) fn give_back() {
    // SAFETY: takes no pointer, touches only what is free, and may be called from any thread (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
}

/// Nothing: another allocator.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_little() {}

/// Nothing: another allocator.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}

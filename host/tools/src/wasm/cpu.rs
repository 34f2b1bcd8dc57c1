//! The time a future is on a processor: the thread's own clock, read around each poll.

use crate::meter::Count;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Runs a future and adds the time its polls took on a processor to `count`.
pub(crate) async fn counted<T>(count: &Count, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let before = thread_time();
        let polled: Poll<T> = future.as_mut().poll(context);
        count.add_time(thread_time().saturating_sub(before));
        polled
    })
    .await
}

/// The time this thread was on a processor.
#[expect(unsafe_code, reason = "the standard library does not tell it")]
fn thread_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for writes of one `timespec`; the call keeps no pointer to it, and leaves it as
    // it is when it fails.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

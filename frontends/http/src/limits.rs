//! How often somebody may ask: buckets that fill again, one for each peer and each session.

use axum::http::StatusCode;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Failure;

/// Asks in a minute where nobody is signed in or much is asked of the machine.
pub(crate) const SCARCE: u32 = 120;
/// Asks in a minute of one session, and of one peer for what is public: a page with its parts is 50.
pub(crate) const PLENTY: u32 = 6000;
/// Keys that are remembered; the fullest bucket is forgotten first.
const KEYS: usize = 4096;
const MINUTE: Duration = Duration::from_secs(60);

/// Buckets of one size, by key.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    size: u32,
    levels: Mutex<HashMap<K, (f64, Instant)>>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// `size` at once, and `size` a minute.
    pub(crate) fn new(size: u32) -> Self {
        Self {
            size,
            levels: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one out.
    ///
    /// # Errors
    /// How long until there is one, if there is none.
    pub(crate) fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        self.change(key, now, 1.0)
    }

    /// Whether there is one to take.
    ///
    /// # Errors
    /// How long until there is one, if there is none.
    pub(crate) fn look(&self, key: &K, now: Instant) -> Result<(), Duration> {
        self.change(key, now, 0.0)
    }

    fn change(&self, key: &K, now: Instant, amount: f64) -> Result<(), Duration> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let size = f64::from(self.size);
        let per_second = size / MINUTE.as_secs_f64();
        let filled = |(level, at): (f64, Instant)| {
            (level + now.saturating_duration_since(at).as_secs_f64() * per_second).min(size)
        };
        let level = levels.get(key).map_or(size, |bucket| filled(*bucket));
        if level < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - level) / per_second));
        }
        if amount == 0.0 {
            return Ok(());
        }
        if levels.len() >= KEYS && !levels.contains_key(key) {
            levels.retain(|_, bucket| filled(*bucket) < size);
            if levels.len() >= KEYS {
                // So many peers at once: who is new waits, who was known is not forgotten.
                return Err(Duration::from_secs(1));
            }
        }
        levels.insert(key.clone(), (level - amount, now));
        Ok(())
    }
}

/// A peer as far as it can be told from others: one IPv4 address, or one IPv6 network of 64 bits.
pub(crate) fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// 429.
pub(crate) fn too_often(wait: Duration) -> Failure {
    Failure::new(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        "too many requests",
        "wait as long as `Retry-After` says",
    )
    .retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let buckets = Buckets::new(120);
        let start = Instant::now();
        for _ in 0..120 {
            buckets.take(&1, start).unwrap();
        }
        let wait = buckets.take(&1, start).unwrap_err();
        assert!(wait > Duration::from_millis(400) && wait <= Duration::from_millis(500));
        buckets.take(&2, start).unwrap();
        buckets.look(&1, start + wait).unwrap();
        buckets.take(&1, start + wait).unwrap();
        buckets.take(&1, start + wait).unwrap_err();
        for _ in 0..120 {
            buckets.take(&1, start + MINUTE * 5).unwrap();
        }
        buckets.take(&1, start + MINUTE * 5).unwrap_err();
    }

    #[test]
    fn many_peers_take_no_more_room_and_push_nobody_out() {
        let buckets = Buckets::new(120);
        let start = Instant::now();
        for _ in 0..120 {
            buckets.take(&0, start).unwrap();
        }
        for peer in 1..20_000 {
            let _ = buckets.take(&peer, start);
        }
        assert_eq!(buckets.levels.lock().unwrap().len(), KEYS);
        buckets.take(&0, start).unwrap_err();
        buckets.take(&20_001, start + MINUTE).unwrap();
        assert!(buckets.levels.lock().unwrap().len() < 3);
    }

    #[test]
    fn a_network_of_version_six_is_one_peer() {
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let two: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        assert_eq!(peer(one), peer(two));
        assert_ne!(peer(one), peer("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(
            peer("::ffff:10.0.0.1".parse().unwrap()),
            "10.0.0.1".parse::<IpAddr>().unwrap()
        );
    }
}

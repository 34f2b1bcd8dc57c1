//! When to try again, in numbers.

use super::{http_date, jitter, retry_after};
use crate::{ModelError, Retry, Wait};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

fn status(status: u16, retry_after: Option<u64>) -> ModelError {
    ModelError::Status {
        url: String::new(),
        status,
        message: String::new(),
        model: None,
        retry_after: retry_after.map(Duration::from_secs),
    }
}

fn timeout(wait: Wait) -> ModelError {
    ModelError::Timeout {
        url: String::new(),
        wait,
        limit: Duration::ZERO,
    }
}

#[test]
fn delays_double_up_to_their_limit() {
    let retry = Retry {
        max_attempts: 10,
        ..Retry::default()
    };
    for (attempt, whole) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10, 60)] {
        for seed in 0..100 {
            let delay = retry
                .delay(&status(503, None), attempt, false, seed)
                .unwrap();
            let whole = Duration::from_secs(whole);
            assert!(
                (whole.mul_f64(0.75)..=whole).contains(&delay),
                "{attempt}: {delay:?}"
            );
        }
    }
    assert_eq!(retry.delay(&status(503, None), 11, false, 0), None);
    assert_eq!(jitter(1, 1).to_bits(), jitter(1, 1).to_bits());
    assert_ne!(jitter(1, 1).to_bits(), jitter(2, 1).to_bits());
}

#[test]
fn what_is_worth_it() {
    let retry = Retry {
        backoff_base: Duration::ZERO,
        ..Retry::default()
    };
    let soon = Some(Duration::ZERO);
    let rows = [
        ("503", status(503, None), false, soon),
        ("503 after output", status(503, None), true, soon),
        (
            "come back in 7",
            status(429, Some(7)),
            false,
            Some(Duration::from_secs(7)),
        ),
        ("come back in 61", status(429, Some(61)), false, None),
        ("400", status(400, None), false, None),
        ("no place", timeout(Wait::Pool), false, None),
        ("no token", timeout(Wait::FirstToken), false, soon),
        ("too long", timeout(Wait::Request), false, soon),
        ("too long after output", timeout(Wait::Request), true, None),
        ("cancelled", ModelError::Cancelled, false, None),
    ];
    for (name, error, has_output, expected) in rows {
        assert_eq!(retry.delay(&error, 1, has_output, 0), expected, "{name}");
    }
}

#[test]
fn dates() {
    let rows = [
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
        ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
        ("Fri, 01 Mar 2024 00:00:00 GMT", Some(1_709_251_200)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 CET", None),
        ("Sun, 06 Nov 99999999999 08:49:37 GMT", None),
        ("Sun, 9223372036854775807 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 9223372036854775807:49:37 GMT", None),
        ("", None),
    ];
    for (text, expected) in rows {
        assert_eq!(http_date(text), expected, "{text}");
    }
}

#[test]
fn what_endpoints_ask_for() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    type Headers = &'static [(&'static str, &'static str)];
    let rows: [(Headers, Option<Duration>); 9] = [
        (&[], None),
        (&[("retry-after", " 7 ")], seconds(7)),
        (&[("retry-after", "1.5")], Some(Duration::from_millis(1500))),
        (&[("retry-after", "-1")], None),
        (&[("retry-after", "1e400")], None),
        (&[("retry-after", "NaN")], None),
        (
            &[("retry-after", "9"), ("retry-after-ms", "250")],
            Some(Duration::from_millis(250)),
        ),
        (
            &[
                ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("retry-after", "Sun, 06 Nov 1994 08:50:00 GMT"),
            ],
            seconds(23),
        ),
        (
            &[
                ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"),
            ],
            seconds(0),
        ),
    ];
    for (headers, expected) in rows {
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        assert_eq!(retry_after(&map), expected, "{headers:?}");
    }
}

//! First guard: the request names this listener by a name it was told to answer to.
//!
//! A page of a stranger can point its own name at 127.0.0.1 (DNS rebinding); the browser then takes us for its site,
//! and only the name in the request tells.

use crate::Failure;
use axum::http::request::Parts;
use axum::http::{StatusCode, Version, header};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The names and ports a listener answers to, exactly as they stand in `Host`, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    authorities: BTreeSet<String>,
}

impl Hosts {
    /// Loopback by number where the listener is on loopback, by name if all that has it is ours, and `names` besides.
    pub(crate) fn new(
        (address, is_localhost): (IpAddr, bool),
        port: u16,
        is_tls: bool,
        names: &[String],
    ) -> Self {
        let mut all: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        if address.is_loopback() {
            all.push("127.0.0.1".to_owned());
            all.push("[::1]".to_owned());
        }
        if address.is_loopback() && is_localhost {
            all.push("localhost".to_owned());
        }
        let is_usual = port == if is_tls { 443 } else { 80 };
        let mut authorities = BTreeSet::new();
        for name in all {
            if has_port(&name) {
                authorities.insert(name);
                continue;
            }
            authorities.insert(format!("{name}:{port}"));
            if is_usual {
                authorities.insert(name);
            }
        }
        Self { authorities }
    }

    /// The authority of a request that may go on.
    ///
    /// # Errors
    /// 421 for any other name, and for none, two, or different ones.
    pub(crate) fn check(&self, parts: &Parts) -> Result<String, Failure> {
        let mut lines = parts.headers.get_all(header::HOST).iter();
        let line = match (lines.next(), lines.next()) {
            (None, _) => None,
            (Some(line), None) => Some(line.to_str().map_err(|_| misdirected())?),
            (Some(_), Some(_)) => return Err(misdirected()),
        };
        // Of the form `http://name/path` in HTTP/1.1, and `:authority` in HTTP/2.
        let inside = parts.uri.authority().map(|authority| authority.as_str());
        let asked = match (line, inside) {
            (Some(line), Some(inside)) if line.eq_ignore_ascii_case(inside) => line,
            (Some(line), None) => line,
            (None, Some(inside)) if parts.version == Version::HTTP_2 => inside,
            _ => return Err(misdirected()),
        };
        let asked = asked.to_ascii_lowercase();
        if self.authorities.contains(&asked) {
            Ok(asked)
        } else {
            Err(misdirected())
        }
    }
}

/// Whether an authority is a name that somebody gave to this machine: neither a number nor `localhost`, which is every
/// program's on it.
pub(crate) fn is_named(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let is_number = name.starts_with('[') || name.parse::<IpAddr>().is_ok();
    !is_number && name != "localhost" && !name.ends_with(".localhost")
}

/// Whether a name from the settings says its port: `name:8443`, `[::1]:8443`.
fn has_port(name: &str) -> bool {
    let rest = name.rsplit_once(']').map_or(name, |(_, rest)| rest);
    rest.contains(':')
}

fn misdirected() -> Failure {
    Failure::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        "this server does not answer to that host",
        "open the address that `aroom status` prints, or add the name to `app.hosts`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn hosts() -> Hosts {
        let names = ["Box.Example".to_owned(), "other.example:9000".to_owned()];
        let address = IpAddr::from([127, 0, 0, 1]);
        Hosts::new((address, true), 8080, false, &names)
    }

    fn verdict(uri: &str, lines: &[&str]) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        for line in lines {
            request = request.header(header::HOST, *line);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        hosts().check(&parts).ok()
    }

    #[test]
    fn exact_names_pass() {
        for host in [
            "127.0.0.1:8080",
            "localhost:8080",
            "LOCALHOST:8080",
            "[::1]:8080",
            "box.example:8080",
            "other.example:9000",
        ] {
            assert_eq!(verdict("/", &[host]), Some(host.to_ascii_lowercase()));
        }
    }

    #[test]
    fn everything_else_is_misdirected() {
        for host in [
            "",
            " ",
            "localhost",
            "localhost:80",
            "localhost:8081",
            "localhost:08080",
            "localhost.:8080",
            "evil.example:8080",
            "127.0.0.1.nip.io:8080",
            "127.1:8080",
            "2130706433:8080",
            "0.0.0.0:8080",
            "[::]:8080",
            "[0:0:0:0:0:0:0:1]:8080",
            "[::ffff:127.0.0.1]:8080",
            "user@localhost:8080",
            "localhost:8080@evil.example",
            "evil.example/localhost:8080",
            "localhost:8080,evil.example",
            "localhost:8080 evil.example",
            "http://localhost:8080",
            "other.example:8080",
        ] {
            assert_eq!(verdict("/", &[host]), None, "{host}");
        }
    }

    #[test]
    fn none_two_and_contradicting_names_are_misdirected() {
        assert_eq!(verdict("/", &[]), None);
        assert_eq!(verdict("/", &["localhost:8080", "localhost:8080"]), None);
        assert_eq!(verdict("/", &["localhost:8080", "evil.example"]), None);
        assert_eq!(verdict("http://evil.example/", &["localhost:8080"]), None);
        assert_eq!(verdict("http://localhost:8080/", &["evil.example"]), None);
        assert_eq!(verdict("http://127.0.0.1:8080/", &["localhost:8080"]), None);
        assert_eq!(verdict("http://localhost:8080/", &[]), None);
        assert_eq!(
            verdict("http://localhost:8080/", &["localhost:8080"]),
            Some("localhost:8080".into())
        );
    }

    #[test]
    fn what_every_program_of_the_machine_is_called_is_no_name_of_ours() {
        for name in [
            "box.example:8443",
            "box",
            "box.example",
            "localhost.example:1",
        ] {
            assert!(is_named(name), "{name}");
        }
        for other in [
            "localhost:8443",
            "localhost",
            "a.localhost:8443",
            "127.0.0.1:8443",
            "[::1]:8443",
            "[::1]",
            "10.0.0.1",
        ] {
            assert!(!is_named(other), "{other}");
        }
    }

    #[test]
    fn the_usual_port_may_be_left_out() {
        let address = (IpAddr::from([0, 0, 0, 0]), true);
        let hosts = Hosts::new(address, 443, true, &["box".to_owned()]);
        let (parts, ()) = Request::builder()
            .header(header::HOST, "box")
            .body(())
            .unwrap()
            .into_parts();
        assert_eq!(hosts.check(&parts).unwrap(), "box");
        let (parts, ()) = Request::builder()
            .header(header::HOST, "localhost:443")
            .body(())
            .unwrap()
            .into_parts();
        assert!(
            hosts.check(&parts).is_err(),
            "loopback's names are for listeners on loopback"
        );
    }
}

//! Third guard: no other site speaks through a browser of ours.

use crate::Failure;
use crate::access::Class;
use crate::guard::only;
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Refuses what a browser says comes from elsewhere. Programs send neither header, and pass; what they lack is a
/// credential. Another site may link to a public page: that is a navigation of the whole window, and shows it nothing.
///
/// # Errors
/// 403.
pub(crate) fn check(
    parts: &Parts,
    authority: &str,
    is_tls: bool,
    class: &Class,
) -> Result<(), Failure> {
    if parts.headers.contains_key(header::ORIGIN) {
        let scheme = if is_tls { "https" } else { "http" };
        let own = format!("{scheme}://{authority}");
        let origin = only(&parts.headers, &header::ORIGIN);
        if !origin.is_some_and(|origin| origin.eq_ignore_ascii_case(&own)) {
            return Err(foreign());
        }
    }
    if !parts.headers.contains_key(&SEC_FETCH_SITE) {
        return Ok(());
    }
    let site = only(&parts.headers, &SEC_FETCH_SITE);
    // `none`: typed, a bookmark, or opened by another program.
    if site == Some("same-origin") || (site == Some("none") && is_safe(&parts.method)) {
        return Ok(());
    }
    let is_link = is_safe(&parts.method)
        && matches!(class, Class::Public)
        && matches!(site, Some("cross-site" | "same-site"))
        && only(&parts.headers, &SEC_FETCH_MODE) == Some("navigate")
        && only(&parts.headers, &SEC_FETCH_DEST) == Some("document");
    if is_link { Ok(()) } else { Err(foreign()) }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn foreign() -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        "another site may not speak to this server",
        "use the page that this server serves",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn passes(method: Method, class: &Class, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, "localhost:8080", false, class).is_ok()
    }

    #[test]
    fn our_own_page_and_programs_pass() {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            assert!(passes(method.clone(), &Class::Session, &[]));
            let own = [
                ("origin", "http://localhost:8080"),
                ("sec-fetch-site", "same-origin"),
            ];
            assert!(passes(method, &Class::Session, &own));
        }
        assert!(passes(
            Method::GET,
            &Class::Public,
            &[("sec-fetch-site", "none")]
        ));
    }

    #[test]
    fn other_origins_do_not() {
        for origin in [
            "null",
            "",
            "http://localhost:8081",
            "https://localhost:8080",
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://localhost:8080.evil.example",
            "http://evil.example",
            "http://localhost:8080/",
        ] {
            for method in [Method::GET, Method::POST] {
                let headers = [("origin", origin)];
                assert!(!passes(method, &Class::Public, &headers), "{origin}");
            }
        }
        let twice = [
            ("origin", "http://localhost:8080"),
            ("origin", "http://localhost:8080"),
        ];
        assert!(!passes(Method::GET, &Class::Public, &twice));
    }

    #[test]
    fn other_sites_may_link_to_public_pages_and_no_more() {
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        assert!(passes(Method::GET, &Class::Public, &link));
        assert!(!passes(Method::GET, &Class::Session, &link));
        assert!(!passes(Method::POST, &Class::Public, &link));
        for site in ["cross-site", "same-site", "odd", ""] {
            let fetch = [("sec-fetch-site", site), ("sec-fetch-mode", "cors")];
            assert!(!passes(Method::GET, &Class::Public, &fetch), "{site}");
            let frame = [
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "iframe"),
            ];
            assert!(!passes(Method::GET, &Class::Public, &frame), "{site}");
        }
        assert!(!passes(
            Method::POST,
            &Class::Public,
            &[("sec-fetch-site", "none")]
        ));
    }
}

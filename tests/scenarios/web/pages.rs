//! The page and its files as they are sent.

use crate::support::http::Answer;
use crate::support::served::Served;

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types aroom-url";

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The folder the page is written in.
fn assets() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("frontends/web/assets")
}

/// The addresses that the page itself knows, with something in the place of what varies.
fn addresses() -> Vec<String> {
    let app = std::fs::read_to_string(assets().join("app.js")).unwrap();
    let patterns = app.lines().filter_map(|line| {
        let (_, rest) = line
            .trim()
            .strip_prefix("registerRoute(")?
            .split_once(", '")?;
        Some(rest.split_once('\'')?.0.to_owned())
    });
    let mut found = Vec::new();
    for pattern in patterns {
        if let Some(above) = pattern.strip_suffix("?") {
            found.push(above.rsplit_once('/').unwrap().0.to_owned());
        }
        let parts = pattern.trim_end_matches('?').split('/');
        let filled = parts.map(|part| {
            if part.starts_with(':') {
                "something"
            } else {
                part
            }
        });
        found.push(filled.collect::<Vec<_>>().join("/"));
    }
    assert!(found.len() > 8, "{found:?}");
    found
}

#[tokio::test]
async fn every_address_of_the_page_is_the_page() {
    let served = Served::new([]).await;
    let home = served.send("GET", "/", None).await;
    assert_eq!(home.status, 200);
    assert_eq!(
        home.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(home.header("content-security-policy"), Some(PAGE_POLICY));
    assert_eq!(home.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(home.header("cache-control"), Some("no-cache"));
    for address in addresses() {
        let page = served.send("GET", &address, None).await;
        assert_eq!(page.status, 200, "{address}");
        assert_eq!(page.body, home.body, "{address}");
    }
    assert_eq!(served.send("GET", "/nothing/here", None).await.status, 404);
}

#[tokio::test]
async fn everything_the_page_names_is_served() {
    let served = Served::new([]).await;
    let page = text(&served.send("GET", "/", None).await);
    let named = page
        .split(['"', '\''])
        .filter(|part| part.starts_with("/a/"))
        .collect::<Vec<_>>();
    assert!(named.len() > 10, "{page}");
    for path in named {
        let file = served.send("GET", path, None).await;
        assert_eq!(file.status, 200, "{path}");
        let media = file.header("content-type").unwrap();
        let wanted = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(media, wanted, "{path}");
        assert_eq!(
            file.header("content-security-policy"),
            Some(PAGE_POLICY),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_a_browser_has_already_is_not_sent_again() {
    let served = Served::new([]).await;
    for path in ["/", "/a/dev/app.js"] {
        let first = served.send("GET", path, None).await;
        let tag = first.header("etag").unwrap().to_owned();
        let again = served
            .asked(path, &format!("if-none-match: \"x\", {tag}\r\n"))
            .await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        let other = served.asked(path, "if-none-match: \"x\"\r\n").await;
        assert_eq!(other.status, 200, "{path}");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_page_s_files() {
    let served = Served::new([]).await;
    let hostile = [
        "/a/dev/../Cargo.toml",
        "/a/dev/../../Cargo.toml",
        "/a/dev/%2e%2e/Cargo.toml",
        "/a/dev/..%2fCargo.toml",
        "/a/dev/..%5cCargo.toml",
        "/a/dev/%252e%252e/Cargo.toml",
        "/a/dev/css/../../Cargo.toml",
        "/a/dev//etc/passwd",
        "/a/dev/%2fetc%2fpasswd",
        "/a/dev/app.js%00.css",
        "/a/../a/dev/../../Cargo.toml",
        "/a/%2e%2e/Cargo.toml",
        "/a/dev/.gitignore",
        "/a/dev/vendor/VENDOR.toml",
        "/a/dev/types/api.d.ts",
        "/a/dev/index.html",
        "/a/0123456789abcdef/app.js",
        "/a/dev/",
        "/a/dev",
        "/a/",
    ];
    for path in hostile {
        let answer = served.send("GET", path, None).await;
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
        assert!(!text(&answer).contains("[package]"), "{path}");
    }
}

#[tokio::test]
async fn the_theme_comes_from_a_cookie_that_says_nothing_else() {
    let served = Served::new([]).await;
    let root = async |cookie: &str| {
        let host = &served.browser.host;
        let request = format!(
            "GET / HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        );
        let page = text(&served.browser.raw(request.as_bytes()).await.unwrap());
        let from = page.find("<html").unwrap();
        page[from..from + page[from..].find('>').unwrap()].to_owned()
    };
    let plain = root("other=1").await;
    assert!(!plain.contains("data-theme"), "{plain}");
    assert!(
        root("aroom-theme=dark")
            .await
            .contains("data-theme=\"dark\"")
    );
    assert!(
        root("a=b; aroom-theme=light")
            .await
            .contains("data-theme=\"light\"")
    );
    for hostile in [
        "aroom-theme=\"><script>",
        "aroom-theme=dark\" onload=\"x",
        "aroom-theme=",
    ] {
        assert_eq!(root(hostile).await, plain, "{hostile}");
    }
}

#[test]
fn every_import_of_the_page_leads_to_a_file() {
    let mut wrong = Vec::new();
    let mut folders = vec![assets()];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|ending| ending != "js") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for named in imported(&text) {
                count += 1;
                if !path.parent().unwrap().join(&named).is_file() {
                    wrong.push(format!("{} imports {named}", path.display()));
                }
            }
        }
    }
    assert!(count > 50, "only {count} imports were found");
    assert_eq!(wrong, Vec::<String>::new());
}

/// What a module imports, at once or later, by paths of its own. What comments name are types.
fn imported(text: &str) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with(['*', '/']);
    let code: Vec<&str> = text.lines().filter(is_code).collect();
    let text = code.join("\n");
    let mut found = Vec::new();
    for sign in [
        "from '",
        "from \"",
        "import('",
        "import(\"",
        "import '",
        "import \"",
    ] {
        let quote = sign.chars().next_back().unwrap();
        for (at, _) in text.match_indices(sign) {
            let rest = &text[at + sign.len()..];
            let named = rest.split(quote).next().unwrap_or_default();
            let is_relative = named.starts_with("./") || named.starts_with("../");
            if is_relative && named.ends_with(".js") && !named.contains("/types/") {
                found.push(named.to_owned());
            }
        }
    }
    found
}

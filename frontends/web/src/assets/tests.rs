//! The files of the page: what is served, what never is, and what the page is made of.

use super::page;
use super::{file, index, is_plain, takes};
use std::path::Path;

const TREE: &str = "dev";

fn written(path: &str) -> Option<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    std::fs::read_to_string(Path::new(folder).join(path)).ok()
}

#[test]
fn nothing_but_ordinary_names_is_a_path() {
    for path in [
        "app.js",
        "css/base.css",
        "vendor/katex/fonts/KaTeX_AMS-Regular.woff2",
    ] {
        assert!(is_plain(path), "{path}");
    }
    let hostile = [
        "",
        "/",
        "//",
        ".",
        "..",
        "../Cargo.toml",
        "css/../../Cargo.toml",
        "css/..",
        "./app.js",
        "/etc/passwd",
        "css//base.css",
        "css/",
        "%2e%2e/Cargo.toml",
        "..%2fCargo.toml",
        "..\\Cargo.toml",
        "css\\base.css",
        "app.js\0",
        "app.js\n",
        ".hidden",
        "css/.hidden",
        "app.js?x",
        "app.js#x",
        "ä.js",
        "C:app.js",
        "~/app.js",
    ];
    for path in hostile {
        assert!(!is_plain(path), "{path:?}");
        assert_eq!(file(TREE, path, ""), None, "{path:?}");
    }
}

#[test]
fn a_file_has_its_type_and_says_what_is_in_it() {
    let script = file(TREE, "vendor/preact.js", "").unwrap();
    assert_eq!(script.media_type, "text/javascript; charset=utf-8");
    assert_eq!(script.body, written("vendor/preact.js").unwrap());
    assert_eq!(
        script.etag,
        file(TREE, "vendor/preact.js", "").unwrap().etag
    );
    assert_ne!(script.etag, file(TREE, "vendor/htm.js", "").unwrap().etag);
    let font = file(TREE, "vendor/katex/fonts/KaTeX_Main-Regular.woff2", "").unwrap();
    assert_eq!(font.media_type, "font/woff2");
}

#[test]
fn what_authors_read_and_other_versions_are_not_served() {
    assert_eq!(file(TREE, "vendor/VENDOR.toml", ""), None);
    assert_eq!(file(TREE, "types/api.d.ts", ""), None);
    assert_eq!(file(TREE, "index.html", ""), None);
    assert_eq!(file("0123456789abcdef", "vendor/preact.js", ""), None);
    assert_eq!(file("", "vendor/preact.js", ""), None);
}

#[test]
fn the_page_has_the_theme_a_person_chose() {
    let root = |theme: Option<&str>| {
        let page = String::from_utf8(index(theme, "").unwrap().body.to_vec()).unwrap();
        let from = page.find("<html").unwrap();
        page[from..from + page[from..].find('>').unwrap() + 1].to_owned()
    };
    assert!(!root(None).contains("data-theme"));
    assert!(root(Some("dark")).starts_with("<html data-theme=\"dark\""));
    assert!(root(Some("light")).starts_with("<html data-theme=\"light\""));
    // A cookie is written by whoever shares the host's name: only words we know reach the page.
    assert_eq!(root(Some("\"><script>")), root(None));
    assert_eq!(root(Some("")), root(None));
}

#[test]
fn modules_are_found_through_static_imports_only() {
    let text = "/** import x from './no.js' */\n\
        import { a,\n  b } from './a.js';import c from \"../c.js\"\n\
        import * as d from './d.js';\n\
        import './e.js';\n\
        export { f } from './f.js';\n\
        export * from './g.js';\n\
        // import h from './no.js';\n\
        export const words = 'from';\n\
        export function go() { return import('./no.js'); }\n\
        const text = `see import.meta`; const url = import.meta.url;\n";
    let mut found = page::imports(text);
    found.sort();
    let wanted = ["../c.js", "./a.js", "./d.js", "./e.js", "./f.js", "./g.js"];
    assert_eq!(found, wanted);
}

#[test]
fn minified_modules_are_read_too() {
    let text = "import{a as b,c}from\"./a.js\";import\"./b.js\";var x=/['\"]/;export{d}from'./c.js';export{x};";
    let mut found = page::imports(text);
    found.sort();
    assert_eq!(found, ["./a.js", "./b.js", "./c.js"]);
}

#[test]
fn specifiers_lead_from_where_they_stand_and_never_out() {
    let resolved = |specifier| page::resolved("views/thread/list.js", specifier);
    assert_eq!(resolved("./row.js").as_deref(), Some("views/thread/row.js"));
    assert_eq!(resolved("../../lib/dom.js").as_deref(), Some("lib/dom.js"));
    assert_eq!(resolved("../../../out.js"), None);
    assert_eq!(resolved("preact"), None);
    assert_eq!(resolved("/a/dev/app.js"), None);
    assert_eq!(resolved("https://example.com/x.js"), None);
}

#[test]
fn what_is_needed_at_once_is_listed_once_and_cycles_end() {
    let read = |path: &str| {
        let text = match path {
            "app.js" => "import './a.js';\nimport './b.js';",
            "a.js" => "import './b.js';",
            "b.js" => "import './a.js';\nimport('./lazy.js');",
            _ => return None,
        };
        Some(text.to_owned())
    };
    let mut modules = page::modules("app.js", read).unwrap();
    modules.sort();
    assert_eq!(modules, ["a.js", "app.js", "b.js"]);
    let missing = page::modules("app.js", |path| {
        (path == "app.js").then(|| "import './x.js';".into())
    });
    assert_eq!(
        missing.unwrap_err(),
        "`app.js` imports `x.js`, which is not there"
    );
}

#[test]
fn the_page_is_sent_with_what_it_needs_at_once() {
    let page = page::assembled(
        "<html><head><script type=\"module\" src=\"/a/dev/app.js\"></script></head></html>",
        "/a/77/",
        &["app.js".into(), "lib/dom.js".into()],
    );
    assert_eq!(
        page,
        "<html><head><script type=\"module\" src=\"/a/77/app.js\"></script>\
         <link rel=\"modulepreload\" href=\"/a/77/app.js\">\n\
         <link rel=\"modulepreload\" href=\"/a/77/lib/dom.js\">\n</head></html>"
    );
}

#[test]
fn compressed_copies_go_only_to_who_takes_them() {
    assert!(takes("gzip, deflate, br, zstd", "br"));
    assert!(takes("GZIP;q=0.5", "gzip"));
    assert!(!takes("gzip, br;q=0", "br"));
    assert!(!takes("brotli", "br"));
    assert!(!takes("", "gzip"));
}

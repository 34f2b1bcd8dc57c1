//! A tool that reads web pages: a request under a person's allow-list, and a small store for what came back before.

use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError, fetch, log, store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

anteroom_sdk::export!(ReadPage);

/// Characters that are answered if the model does not say how many.
const DEFAULT_CHARS: usize = 10_000;
/// Bytes of text that are kept for the next time.
const KEPT_BYTES: usize = 48 << 10;
/// What stands between these is no text.
const SILENT: [&str; 4] = ["script", "style", "noscript", "svg"];
/// Where a line ends.
const BLOCKS: [&str; 14] = [
    "p", "br", "div", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4", "pre", "section", "title",
];

/// Reads a page.
pub struct ReadPage;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    /// An https address
    url: String,
    /// Default 10000
    max_chars: Option<usize>,
}

/// What is kept of a page.
#[derive(Deserialize, Serialize)]
struct Kept {
    etag: String,
    text: String,
}

impl Tool for ReadPage {
    const NAME: &'static str = "read_page";
    const DESCRIPTION: &'static str =
        "Read a web page as plain text. Example: {\"url\":\"https://example.org/\"}";
    const TIER: Tier = Tier::Execute;
    const CAPABILITIES: &'static [Capability] = &[Capability::Fetch, Capability::Store];
    type Arguments = Arguments;

    fn call(_context: &Context, arguments: Arguments) -> Result<Output, ToolError> {
        let key = key_of(&arguments.url);
        // Without a grant for the store the page is read anew; that is no reason to fail.
        let kept: Option<Kept> = store::get_json(&key).unwrap_or_default();
        let mut request = fetch::get(&arguments.url).header("Accept", "text/html, text/plain");
        if let Some(kept) = &kept {
            request = request.header("If-None-Match", &kept.etag);
        }
        log::progress("fetching", None);
        let response = request.send()?;
        let text = match kept {
            Some(kept) if response.status == 304 => kept.text,
            _ => read(&key, response.expect_success()?),
        };
        Ok(Output::text(cut(&text, arguments.max_chars)))
    }
}

/// The text of a page; kept for the next time if its server can say whether it has changed.
fn read(key: &str, page: fetch::Response) -> String {
    let is_html = page
        .header("content-type")
        .is_none_or(|kind| kind.contains("html"));
    let text = if is_html {
        plain(&page.text())
    } else {
        page.text()
    };
    if let Some(etag) = page.header("etag").filter(|_| text.len() <= KEPT_BYTES) {
        let kept = Kept {
            etag: etag.to_owned(),
            text: text.clone(),
        };
        if let Err(error) = store::set_json(key, &kept) {
            log::line(
                log::Level::Debug,
                &format!("the page was not kept: {error}"),
            );
        }
    }
    text
}

/// Keys are short; addresses need not be.
fn key_of(url: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in url.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("page-{hash:016x}")
}

fn cut(text: &str, max_chars: Option<usize>) -> String {
    let max = max_chars.unwrap_or(DEFAULT_CHARS);
    let all = text.chars().count();
    if all <= max {
        return text.to_owned();
    }
    let short: String = text.chars().take(max).collect();
    format!(
        "{short}\n[{} more characters; ask for more with `max_chars`]",
        all - max
    )
}

/// HTML without its markup.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(&unescaped(before));
        let Some((tag, after)) = after.split_once('>') else {
            rest = "";
            break;
        };
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        if BLOCKS.contains(&name.as_str()) {
            text.push('\n');
        }
        let is_silent = SILENT.contains(&name.as_str()) && !tag.starts_with('/');
        rest = if is_silent {
            behind(after, &name)
        } else {
            after
        };
    }
    text.push_str(&unescaped(rest));
    let lines = text.lines().map(|line| line.split_whitespace());
    let lines = lines.map(|words| words.collect::<Vec<_>>().join(" "));
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What comes behind the end of an element.
fn behind<'a>(text: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}");
    let found = text.to_ascii_lowercase().find(&end);
    found.map_or("", |at| &text[at..])
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::fetch::{Header, Response};
    use anteroom_sdk::testing::{Host, check};
    use serde_json::json;

    const URL: &str = "https://example.org/";

    fn page(status: u16, body: &str) -> Response {
        let mut page = Response::new(status, body);
        page.headers.push(Header {
            name: "etag".into(),
            value: "\"1\"".into(),
        });
        page
    }

    #[test]
    fn the_host_will_take_it() {
        check::<ReadPage>().unwrap();
    }

    #[test]
    fn a_page_becomes_text() {
        for (html, text) in [
            ("<title>A</title><p>b &amp; c<br>d</p>", "A\nb & c\nd"),
            ("a<script>if (1<2) {}</script>b", "ab"),
            ("<STYLE>x</Style >y", "y"),
            ("a < b", "a"),
            ("<p>&lt;p&gt;</p>", "<p>"),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }

    #[test]
    fn a_page_that_has_not_changed_is_taken_from_the_store() {
        let host = Host::new("/w").responding(URL, page(200, "<p>hello</p>"));
        let read = |host: &Host| host.call::<ReadPage>(&json!({"url": URL}));
        assert_eq!(read(&host), Ok(Output::text("hello")));
        let kept = host.kept(&key_of(URL)).unwrap();
        let later = Host::new("/w")
            .keeping(&key_of(URL), kept)
            .responding(URL, page(304, ""));
        assert_eq!(read(&later), Ok(Output::text("hello")));
        let headers = &later.requests()[0].headers;
        assert!(
            headers
                .iter()
                .any(|it| it.name == "If-None-Match" && it.value == "\"1\"")
        );
    }

    #[test]
    fn what_went_wrong_is_said() {
        let host = Host::new("/w").responding(URL, page(404, "nothing here"));
        let answer = host.call::<ReadPage>(&json!({"url": URL}));
        assert!(matches!(answer, Err(ToolError::NotFound(_))), "{answer:?}");
    }

    #[test]
    fn long_pages_are_cut() {
        let host = Host::new("/w").responding(URL, page(200, "abcdef"));
        let arguments = json!({"url": URL, "max_chars": 4});
        let cut = "abcd\n[2 more characters; ask for more with `max_chars`]";
        assert_eq!(host.call::<ReadPage>(&arguments), Ok(Output::text(cut)));
    }
}

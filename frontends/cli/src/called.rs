//! A message that calls a skill: `/name words`, where there is a skill of that name.

use anteroom_api::{Content, HostHandle};

/// The name and the words behind it, if a text begins as a call does.
pub(crate) fn parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim().strip_prefix('/')?;
    let (name, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'));
    is_name.then_some((name, words.trim()))
}

/// What a text calls; none if it is a message like any other.
pub(crate) async fn skill(host: &HostHandle, workspace: String, text: &str) -> Option<Content> {
    let (name, words) = parts(text)?;
    let name = name.to_lowercase();
    // What is wrong with one that is there is said by the host, when it is called.
    let is_there = host.read().skill(workspace, name.clone()).await.is_ok();
    is_there.then(|| Content::skill(name, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_name_and_words() {
        for (text, wanted) in [
            (
                "/review src/main.rs now",
                Some(("review", "src/main.rs now")),
            ),
            (" /new-tool ", Some(("new-tool", ""))),
            ("/review\nall of it", Some(("review", "all of it"))),
            ("/etc/hosts is what?", None),
            ("review", None),
            ("/", None),
            ("/ x", None),
            ("/a.b", None),
        ] {
            assert_eq!(parts(text), wanted, "{text}");
        }
    }
}

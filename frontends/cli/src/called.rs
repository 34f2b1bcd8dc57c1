//! A message that calls a skill, `/name words`, or a prompt of an MCP server, `/server.prompt words`.

use anteroom_api::{Content, HostHandle, McpPromptView};
use std::collections::BTreeMap;

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

/// The server, the prompt and the words behind them, if a text begins as the call of a prompt does.
pub(crate) fn prompt_parts(text: &str) -> Option<(&str, &str, &str)> {
    let rest = text.trim().strip_prefix('/')?;
    let (name, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (server, prompt) = name.split_once('.')?;
    let is_server = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
    let is_called = !server.is_empty() && !prompt.is_empty() && !name.contains('/');
    (is_called && server.chars().all(is_server)).then_some((server, prompt, words.trim()))
}

/// What is given to a prompt in words: `name=value` each, a value perhaps in quotes; where it takes one thing only,
/// all of them.
pub(crate) fn arguments(prompt: &McpPromptView, words: &str) -> BTreeMap<String, String> {
    let names: Vec<&str> = prompt
        .arguments
        .iter()
        .map(|argument| argument.name.as_str())
        .collect();
    let mut given = BTreeMap::new();
    let mut rest = words.trim();
    while let Some((name, behind)) = rest.split_once('=')
        && names.contains(&name)
    {
        let (value, left) = match behind
            .strip_prefix('"')
            .and_then(|quoted| quoted.split_once('"'))
        {
            Some(quoted) => quoted,
            None => behind
                .split_once(char::is_whitespace)
                .unwrap_or((behind, "")),
        };
        given.insert(name.to_owned(), value.to_owned());
        rest = left.trim_start();
    }
    if let ([only], true, false) = (names.as_slice(), given.is_empty(), rest.is_empty()) {
        given.insert((*only).to_owned(), rest.to_owned());
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_to_a_prompt_stands_behind_it() {
        let prompt = |names: &[&str]| McpPromptView {
            server: "db".into(),
            name: "tidy".into(),
            description: None,
            arguments: names
                .iter()
                .map(|name| anteroom_api::McpPromptArgument {
                    name: (*name).to_owned(),
                    description: None,
                    is_required: true,
                })
                .collect(),
        };
        let check = |names: &[&str], words: &str, wanted: &[(&str, &str)]| {
            let given = arguments(&prompt(names), words);
            let given: Vec<(&str, &str)> = given
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(given, wanted, "{words}");
        };
        check(
            &["a", "b"],
            "a=1 b=\"two words\"",
            &[("a", "1"), ("b", "two words")],
        );
        check(&["a", "b"], "some words", &[]);
        check(&["a"], "some words", &[("a", "some words")]);
        check(&["a"], "x=1", &[("a", "x=1")]);
        check(&["a"], "a=", &[("a", "")]);
        check(&[], "some words", &[]);
        assert_eq!(
            prompt_parts("/db.tidy-up now"),
            Some(("db", "tidy-up", "now"))
        );
        for text in ["/db", "/.x", "/etc/a.b", "db.x", "/d b.x"] {
            assert_eq!(prompt_parts(text), None, "{text}");
        }
    }

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

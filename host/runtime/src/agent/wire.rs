//! Names of tools at the model's door: inside, a server's tool is `server.tool`; endpoints take letters, digits,
//! `_` and `-` only, and 64 of them.
//!
//! A pure function of the name, so that history is the same bytes in every turn and every process. No two tools of
//! servers share a name: one that is not clear by itself carries a piece of its hash.

use anteroom_tools::Definition;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// Signs that endpoints take.
const MOST_SIGNS: usize = 64;
/// Signs of the hash behind a name that would not be clear without it.
const MARK_SIGNS: usize = 8;
/// What stands between server and tool.
const BETWEEN: &str = "__";

/// What the model calls a tool.
pub(crate) fn name(tool: &str) -> Cow<'_, str> {
    let Some((server, own)) = tool.split_once('.') else {
        // Of our own tools and of components: the names they were always sent under, if endpoints take them.
        return match is_plain(tool) && tool.len() <= MOST_SIGNS {
            true => Cow::Borrowed(tool),
            false => Cow::Owned(marked(tool, tool)),
        };
    };
    let whole = format!("{server}{BETWEEN}{own}");
    // `a__b` could be `a.b` and `a.__b`, or `a_` and `_b`.
    let is_clear = !server.contains(BETWEEN)
        && !server.ends_with('_')
        && !own.starts_with('_')
        && !own.is_empty()
        && is_plain(server)
        && is_plain(own)
        && whole.len() <= MOST_SIGNS;
    Cow::Owned(match is_clear {
        true => whole,
        false => marked(tool, &whole),
    })
}

/// The tool that the model calls so; its own name does as well, as it may stand in words that the model has read.
pub(crate) fn tool<'a>(
    called: &str,
    mut tools: impl Iterator<Item = &'a Definition> + Clone,
) -> Option<&'a Definition> {
    let named = tools.clone().find(|tool| tool.tool.name == called);
    named.or_else(|| tools.find(|tool| name(&tool.tool.name) == called))
}

/// Whether a tool is among names, as it is called inside or at the door.
pub(crate) fn is_among(tool: &str, names: &[String]) -> bool {
    let sent = name(tool);
    names.iter().any(|name| *name == tool || *name == sent)
}

fn is_plain(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !text.is_empty() && text.chars().all(is_sign)
}

fn marked(tool: &str, whole: &str) -> String {
    let sign = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => c,
        _ => '_',
    };
    let kept = MOST_SIGNS - MARK_SIGNS - 1;
    let kept: String = whole.chars().map(sign).take(kept).collect();
    let hash = Sha256::digest(tool.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kept}_{}", &hash[..MARK_SIGNS])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_what_endpoints_take_and_no_two_are_one() {
        let long = "x".repeat(80);
        let names = [
            "read_file".to_owned(),
            "time.get_current_time".to_owned(),
            "a.b".to_owned(),
            "a.__b".to_owned(),
            "a__b.c".to_owned(),
            "a.b__c".to_owned(),
            "a_._b".to_owned(),
            "a_.b".to_owned(),
            "a._b".to_owned(),
            "a.b.c".to_owned(),
            "a.b_c".to_owned(),
            "a.b/c".to_owned(),
            "a.b c".to_owned(),
            "a.ü".to_owned(),
            "a.".to_owned(),
            format!("a.{long}"),
            format!("a.{long}y"),
            format!("b-1.{}", "y".repeat(58)),
        ];
        let mut sent = BTreeSet::new();
        for inner in &names {
            let name = name(inner).into_owned();
            assert!(
                is_plain(&name) && name.len() <= MOST_SIGNS,
                "{inner}: {name}"
            );
            assert!(sent.insert(name.clone()), "{inner} shares {name}");
        }
        assert_eq!(name("read_file"), "read_file");
        assert_eq!(name("time.get_current_time"), "time__get_current_time");
        assert_eq!(name("a.b/c").len(), "a__b_c_12345678".len());
        assert_eq!(name(&format!("a.{long}")).len(), MOST_SIGNS);
    }
}

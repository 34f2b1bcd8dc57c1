//! The known name nearest to an unknown one.

use super::settings::{RESERVED, ROWS};

/// The setting or section that `key` was probably meant to be.
pub(crate) fn setting(key: &str) -> Option<&'static str> {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let known = || {
        let reserved = RESERVED.iter().map(|reserved| reserved.key);
        let sections = ROWS.iter().map(super::settings::Row::section);
        ROWS.iter()
            .map(|row| row.key)
            .chain(reserved)
            .chain(sections)
    };
    let beside = known().filter(|known| parent(known) == section);
    let elsewhere = || known().filter(|known| known.rsplit('.').next() == Some(name));
    nearest(key, beside)
        .or_else(|| elsewhere().next())
        .or_else(|| nearest(key, known()))
}

/// What is said of a key that is none of these, after the name of what it stands in.
pub(crate) fn unknown(key: &str, known: &[&'static str]) -> String {
    let shown: String = key.chars().filter(|c| !c.is_control()).take(40).collect();
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("has an unknown key `{shown}`; did you mean `{near}`?"),
        None => format!("has an unknown key `{shown}`"),
    }
}

/// The environment variable that `name` was probably meant to be.
pub(crate) fn environment(name: &str) -> Option<&'static str> {
    nearest(name, ROWS.iter().filter_map(|row| row.environment))
}

fn parent(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(section, _)| section)
}

fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // A third of the name may be mistyped; beyond that a guess would only confuse.
    let own = name.rsplit('.').next().unwrap_or(name);
    let most = (own.chars().count() / 3).max(1);
    known
        .map(|known| (distance(name, known), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Least number of inserted, removed, replaced or swapped neighboring characters (optimal string
/// alignment).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut older: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, to) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(from != to);
            let mut best = replaced.min(above[column + 1] + 1).min(line[column] + 1);
            let is_swap =
                row > 0 && column > 0 && *from == right[column - 1] && left[row - 1] == *to;
            if is_swap {
                best = best.min(older[column - 1] + 1);
            }
            line.push(best);
        }
        older = std::mem::replace(&mut above, line);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_near() {
        let cases = [
            ("ai.modle", Some("ai.model")),
            ("ai.base_ur", Some("ai.base_url")),
            ("saftey", Some("safety")),
            ("safety.subagent.timout", Some("safety.subagent.timeout")),
            ("cli.model", Some("ai.model")),
            ("model", Some("ai.model")),
            ("safety.approvalmode", Some("safety.approval_mode")),
            ("mcp_server", Some("mcp_servers")),
            ("ai.zzzzzz", None),
            ("completely.else", None),
        ];
        for (written, expected) in cases {
            assert_eq!(setting(written), expected, "{written}");
        }
        assert_eq!(environment("AI_CHAT_MODLE"), Some("AI_CHAT_MODEL"));
        assert_eq!(environment("AI_CHAT_SOMETHING_ELSE"), None);
    }

    #[test]
    fn distance_counts_edits() {
        for (left, right, edits) in [
            ("", "", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("model", "modl", 1),
            ("ä", "a", 1),
        ] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }
}

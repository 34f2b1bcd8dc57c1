//! Unified diffs and what became of files, as lines for a person. Pure.

use crate::clean::reveal;
use crate::theme::{Style, Theme};
use anteroom_api::{ChangeKind, FileDiff};

/// The lines of a unified diff, each marked by what it is.
pub(crate) fn unified(text: &str, theme: &Theme) -> Vec<String> {
    let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    lines.map(|line| marked(line, theme)).collect()
}

fn marked(line: &str, theme: &Theme) -> String {
    let shown = reveal(line);
    match line.as_bytes().first() {
        _ if line.starts_with("+++") || line.starts_with("---") => theme.paint(Style::Dim, &shown),
        Some(b'+') => theme.paint(Style::Good, &shown),
        Some(b'-') => theme.paint(Style::Danger, &shown),
        Some(b'@') => theme.paint(Style::Accent, &shown),
        _ => shown,
    }
}

/// `src/lib.rs  changed  +3 −1`.
pub(crate) fn head(diff: &FileDiff, workspace: &str, theme: &Theme) -> String {
    let word = match diff.kind {
        ChangeKind::Created => "created",
        ChangeKind::Changed => "changed",
        ChangeKind::Removed => "removed",
    };
    let path = theme.paint(Style::Bold, &place(&diff.path, workspace));
    let mut line = format!("{path}  {word}");
    if diff.added > 0 || diff.removed > 0 {
        line.push_str(&format!(
            "  +{} {}{}",
            diff.added,
            theme.minus(),
            diff.removed
        ));
    }
    line
}

/// What separates files from what they were, whole.
pub(crate) fn lines(diffs: &[FileDiff], workspace: &str, theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    for diff in diffs {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(head(diff, workspace, theme));
        if let Some(remark) = &diff.remark {
            lines.push(theme.paint(Style::Dim, &format!("  {}", reveal(remark))));
        }
        if !diff.unified.is_empty() {
            lines.extend(unified(&diff.unified, theme));
        }
    }
    lines
}

/// What an undo would do to each file, one line each, and what stands in its way.
pub(crate) fn outlook(diffs: &[FileDiff], workspace: &str, theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    for diff in diffs {
        let word = match (&diff.hindrance, diff.kind) {
            (Some(_), _) => theme.paint(Style::Warning, "left alone "),
            (None, ChangeKind::Created) => "goes again ".to_owned(),
            (None, ChangeKind::Changed | ChangeKind::Removed) => "goes back  ".to_owned(),
        };
        lines.push(format!("  {word} {}", head(diff, workspace, theme)));
        if let Some(hindrance) = &diff.hindrance {
            let line = format!("              {}", reveal(hindrance));
            lines.push(theme.paint(Style::Warning, &line));
        }
    }
    lines
}

/// Relative to the workspace where it is in it.
pub(crate) fn place(path: &str, workspace: &str) -> String {
    let inner = path
        .strip_prefix(workspace)
        .and_then(|rest| rest.strip_prefix('/'));
    reveal(match inner {
        Some("") | None => path,
        Some(inner) => inner,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;

    fn file(path: &str, hindrance: Option<&str>) -> FileDiff {
        FileDiff {
            path: path.into(),
            kind: ChangeKind::Changed,
            added: 1,
            removed: 2,
            unified: "@@ -1,2 +1 @@\n-a\n-b\n+c\u{1b}[2J\n".into(),
            remark: None,
            hindrance: hindrance.map(Into::into),
        }
    }

    #[test]
    fn differences_are_shown_file_by_file_and_nothing_in_them_acts() {
        let created = FileDiff {
            kind: ChangeKind::Created,
            remark: Some("not text, 9 bytes".into()),
            unified: String::new(),
            added: 0,
            removed: 0,
            ..file("/elsewhere", None)
        };
        assert_eq!(
            lines(&[file("/w/a.txt", None), created], "/w", &BARE),
            [
                "a.txt  changed  +1 −2",
                "@@ -1,2 +1 @@",
                "-a",
                "-b",
                "+c\\u{1b}[2J",
                "",
                "/elsewhere  created",
                "  not text, 9 bytes",
            ]
        );
    }

    #[test]
    fn what_an_undo_would_leave_alone_is_said_with_its_reason() {
        let diffs = [
            file("/w/a.txt", None),
            file("/w/b.txt", Some("it was changed since")),
        ];
        assert_eq!(
            outlook(&diffs, "/w", &BARE),
            [
                "  goes back   a.txt  changed  +1 −2",
                "  left alone  b.txt  changed  +1 −2",
                "              it was changed since",
            ]
        );
    }

    #[test]
    fn color_says_what_the_signs_say() {
        let colored = Theme {
            has_color: true,
            ..BARE
        };
        let text = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n";
        let painted = unified(text, &colored);
        let bare: Vec<String> = painted
            .iter()
            .map(|line| crate::clean::clean(line))
            .collect();
        assert_eq!(bare, unified(text, &BARE));
        assert!(
            painted
                .iter()
                .take(5)
                .all(|line| line.starts_with('\u{1b}'))
        );
    }
}

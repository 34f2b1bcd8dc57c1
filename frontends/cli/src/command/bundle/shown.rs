//! Bundles as a person reads them: who signed it, what it will be able to do, and what differs.

use crate::clean::reveal;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    BundleChange, BundlePower, BundlePowerKind, BundleReport, BundleSignature, BundleStep,
    BundleTrust, BundleView, Health,
};

/// Lines that are the same, shown around those that differ.
const AROUND: usize = 2;

/// One line, and one more if something is wrong.
pub(super) fn installed(bundle: &BundleView, theme: &Theme) -> Vec<String> {
    let health = match bundle.problem {
        Some(_) => Health::Failed,
        None if bundle.fingerprint.is_none() => Health::Warning,
        None => Health::Ok,
    };
    let signed = match &bundle.fingerprint {
        Some(fingerprint) => format!("key {}", short(fingerprint)),
        None => "unsigned".to_owned(),
    };
    let mut lines = vec![format!(
        "{} {} {}  {}  {}",
        theme.health(health),
        theme.paint(Style::Bold, &reveal(&bundle.name)),
        reveal(&bundle.version),
        theme.paint(Style::Dim, &signed),
        reveal(&bundle.description)
    )];
    if let Some(problem) = &bundle.problem {
        lines.push(format!("    {}", reveal(&problem.to_string())));
        if let Some(hint) = &problem.hint {
            lines.push(format!("    hint: {}", reveal(hint)));
        }
    }
    lines
}

/// An installed bundle with all it can do.
pub(super) fn whole(bundle: &BundleView, theme: &Theme) -> Vec<String> {
    let mut lines = installed(bundle, theme);
    let mut about = |name: &str, text: &str| {
        lines.push(format!("  {} {}", pad(name, 10), reveal(text)));
    };
    about("author", &bundle.author);
    about("licence", &bundle.licence);
    about("from", &bundle.source);
    about("sha256", &bundle.hash);
    if let Some(fingerprint) = &bundle.fingerprint {
        about("key", &grouped(fingerprint));
    }
    if !bundle.kept.is_empty() {
        about("kept", &bundle.kept.join(", "));
    }
    lines.extend(powers(&bundle.powers, theme));
    lines
}

/// What a bundle is and would be able to do.
pub(super) fn report(report: &BundleReport, theme: &Theme) -> Vec<String> {
    let mut lines = vec![format!(
        "{} {}  {}",
        theme.paint(Style::Bold, &reveal(&report.name)),
        reveal(&report.version),
        reveal(&report.description)
    )];
    let files = words::plural(report.files.len(), "file", "files");
    let size = words::bytes(report.size_bytes);
    for (name, text) in [
        ("author", report.author.as_str()),
        ("licence", report.licence.as_str()),
        ("from", report.source.as_str()),
        ("holds", &format!("{files}, {size}")),
        ("sha256", report.hash.as_str()),
        (
            "installed",
            report.installed.as_deref().unwrap_or("not yet"),
        ),
    ] {
        lines.push(format!("  {} {}", pad(name, 10), reveal(text)));
    }
    lines.extend(signature(report, theme));
    match report.step {
        BundleStep::Install => lines.extend(powers(&report.powers, theme)),
        BundleStep::Same | BundleStep::Update | BundleStep::Replace | BundleStep::Downgrade => {
            lines.extend(changes(&report.changes, theme));
        }
    }
    for note in &report.notes {
        lines.push(theme.paint(Style::Warning, &format!("  note: {}", reveal(note))));
    }
    for refusal in &report.refusals {
        lines.push(theme.paint(
            Style::Danger,
            &format!("  refused: {}", reveal(&refusal.to_string())),
        ));
        if let Some(hint) = &refusal.hint {
            lines.push(format!("    hint: {}", reveal(hint)));
        }
    }
    lines.push(format!("  {} {}", pad("digest", 10), report.digest));
    lines
}

/// Who signed it.
pub(super) fn signature(report: &BundleReport, theme: &Theme) -> Vec<String> {
    let line = |words: &str| format!("  {} {words}", pad("signed by", 10));
    match &report.signature {
        BundleSignature::Unsigned => vec![theme.paint(Style::Warning, &line("nobody"))],
        BundleSignature::Signed { fingerprint, trust } => {
            let known = match trust {
                BundleTrust::New => {
                    "a key that is new here: compare it with what its holder says; from then on it is trusted for this bundle"
                }
                BundleTrust::Known => "the key that signed it before",
                BundleTrust::Changed { .. } => "another key than before",
                BundleTrust::Distrusted => "a key that you do not trust any more",
            };
            let mut lines = vec![
                line(&grouped(fingerprint)),
                format!("  {} {known}", pad("", 10)),
            ];
            if let BundleTrust::Changed { pinned } = trust {
                lines.push(format!("  {} before: {}", pad("", 10), grouped(pinned)));
            }
            lines
        }
    }
}

fn powers(powers: &[BundlePower], theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in BundlePowerKind::ALL {
        let of_kind: Vec<&BundlePower> = powers.iter().filter(|it| it.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        lines.push(theme.paint(Style::Accent, &format!("  {}", kind.in_words())));
        for power in of_kind {
            lines.push(format!("    {}", reveal(&power.name)));
            lines.extend(text("      ", &power.text));
        }
    }
    if lines.is_empty() {
        lines.push("  it can do nothing by itself".to_owned());
    }
    lines
}

fn changes(changes: &[BundleChange], theme: &Theme) -> Vec<String> {
    if changes.is_empty() {
        return vec!["  it can do what the installed one can, and no more".to_owned()];
    }
    let mut lines = Vec::new();
    for kind in BundlePowerKind::ALL {
        let of_kind: Vec<&BundleChange> = changes.iter().filter(|it| it.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        lines.push(theme.paint(Style::Accent, &format!("  {}", kind.in_words())));
        for change in of_kind {
            let (sign, word) = match (&change.before, &change.after) {
                (None, _) => ("+", "new"),
                (_, None) => ("-", "gone"),
                _ => ("~", "changed"),
            };
            let wider = if change.is_widening { ", wider" } else { "" };
            let style = match change.is_widening {
                true => Style::Warning,
                false => Style::Dim,
            };
            let head = format!("    {sign} {} ({word}{wider})", reveal(&change.name));
            lines.push(theme.paint(style, &head));
            match (&change.before, &change.after) {
                (Some(before), Some(after)) => lines.extend(between(before, after)),
                (Some(before), None) => lines.extend(text("      - ", before)),
                (None, Some(after)) => lines.extend(text("      + ", after)),
                (None, None) => {}
            }
        }
    }
    lines
}

/// Whole, however long it is: what is agreed to was shown.
fn text(margin: &str, text: &str) -> Vec<String> {
    match text.is_empty() {
        true => Vec::new(),
        false => with(margin, &text.trim_end().split('\n').collect::<Vec<_>>()),
    }
}

/// From the first line that differs to the last, whole, with a little of what is the same around it.
fn between(before: &str, after: &str) -> Vec<String> {
    // Compared as they are: what looks alike once it is written out is a difference all the same.
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split('\n').collect(), after.split('\n').collect());
    let pairs = old.iter().zip(&new);
    let head = pairs.take_while(|(one, other)| one == other).count();
    let most = old.len().min(new.len()) - head;
    let pairs = old.iter().rev().zip(new.iter().rev());
    let same = pairs.take_while(|(one, other)| one == other).count();
    let tail = same.min(most);
    let from = head.saturating_sub(AROUND);
    let behind = tail.min(AROUND);
    let left_out = |lines: usize| {
        let words = words::plural(lines, "line", "lines");
        (lines > 0).then(|| format!("        [{words} as before]"))
    };
    let mut lines: Vec<String> = left_out(from).into_iter().collect();
    lines.extend(with("        ", &old[from..head]));
    lines.extend(with("      - ", &old[head..old.len() - tail]));
    lines.extend(with("      + ", &new[head..new.len() - tail]));
    lines.extend(with(
        "        ",
        &new[new.len() - tail..new.len() - tail + behind],
    ));
    lines.extend(left_out(tail - behind));
    lines
}

fn with(margin: &str, lines: &[&str]) -> Vec<String> {
    let lines = lines.iter();
    lines
        .map(|line| format!("{margin}{}", reveal(line)))
        .collect()
}

/// A fingerprint in groups that can be read aloud.
pub(super) fn grouped(fingerprint: &str) -> String {
    let signs: Vec<char> = reveal(fingerprint).chars().collect();
    let groups: Vec<String> = signs
        .chunks(8)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

fn short(fingerprint: &str) -> String {
    reveal(fingerprint).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_from_its_first_line_to_its_last() {
        let all = |change: &str| {
            let lines = (1..=9).map(|it| match it {
                5 => change.to_owned(),
                it => it.to_string(),
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        let shown = between(&all("old"), &all("new\nand more"));
        let expected = [
            "        [2 lines as before]",
            "        3",
            "        4",
            "      - old",
            "      + new",
            "      + and more",
            "        6",
            "        7",
            "        [2 lines as before]",
        ];
        assert_eq!(shown, expected);
        assert_eq!(between("a", "b"), ["      - a", "      + b"]);
        // What is repeated is counted once.
        assert_eq!(between("a\na", "a"), ["        a", "      - a"]);
        // What hides is a difference, also from what it is written out as.
        assert_eq!(between("a\u{202e}b", "a\\u{202e}b").len(), 2);
    }

    #[test]
    fn nothing_of_a_long_text_is_left_out() {
        let long = "line\n".repeat(2000);
        assert_eq!(text("  ", long.trim_end()).len(), 2000);
    }
}

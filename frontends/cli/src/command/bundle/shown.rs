//! Bundles as a person reads them: who signed it, what it will be able to do, and what differs.

use crate::clean::{reveal, reveal_lines};
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    BundleChange, BundlePower, BundlePowerKind, BundleReport, BundleSignature, BundleStep,
    BundleTrust, BundleView, Health,
};

/// Lines of a text that are shown of each side of a difference.
const TEXT_LINES: usize = 400;

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
            if let Some(before) = &change.before {
                lines.extend(text("      - ", before));
            }
            if let Some(after) = &change.after {
                lines.extend(text("      + ", after));
            }
        }
    }
    lines
}

fn text(margin: &str, text: &str) -> Vec<String> {
    let all = reveal_lines(text.trim_end());
    let left_out = all.len().saturating_sub(TEXT_LINES);
    let mut lines: Vec<String> = all
        .iter()
        .take(TEXT_LINES)
        .filter(|_| !text.is_empty())
        .map(|line| format!("{margin}{line}"))
        .collect();
    if left_out > 0 {
        lines.push(format!("{margin}[{left_out} more lines]"));
    }
    lines
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

//! The page's HTML as it is sent: where its files lie, what is loaded with it, which theme it has.
//!
//! Pure text in, text out; the build script packs with it, debug builds answer requests with it.

use std::collections::BTreeSet;

/// Where the page's authors write that files lie; replaced by where they do.
pub(crate) const WRITTEN_BASE: &str = "/a/dev/";
/// The script that everything begins with.
pub(crate) const ENTRY: &str = "app.js";
/// The themes that a person can choose; without one the page follows the system.
pub(crate) const THEMES: [&str; 2] = ["light", "dark"];

/// The page with its files below `base` and the modules that `app.js` needs at once loaded ahead.
pub(crate) fn assembled(written: &str, base: &str, modules: &[String]) -> String {
    let mut links = String::new();
    for module in modules {
        links.push_str(&format!(
            "<link rel=\"modulepreload\" href=\"{WRITTEN_BASE}{module}\">\n"
        ));
    }
    let page = match written.find("</head>") {
        Some(end) => format!("{}{links}{}", &written[..end], &written[end..]),
        None => written.to_owned(),
    };
    page.replace(WRITTEN_BASE, base)
}

/// The page with `data-theme` on its root element; as it was if the theme is none we know.
pub(crate) fn themed(page: &str, theme: &str) -> String {
    if !THEMES.contains(&theme) {
        return page.to_owned();
    }
    match page.find("<html") {
        Some(at) => {
            let (before, after) = page.split_at(at + "<html".len());
            format!("{before} data-theme=\"{theme}\"{after}")
        }
        None => page.to_owned(),
    }
}

/// The modules that `entry` needs before it runs, itself first, each once; `read` gives a file's text.
///
/// # Errors
/// Which module imports what is not there.
pub(crate) fn modules(
    entry: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([entry.to_owned()]);
    let mut waiting = vec![(entry.to_owned(), entry.to_owned())];
    while let Some((module, wanted_by)) = waiting.pop() {
        let text = read(&module)
            .ok_or_else(|| format!("`{wanted_by}` imports `{module}`, which is not there"))?;
        for specifier in imports(&text) {
            let target = resolved(&module, &specifier).ok_or_else(|| {
                format!("`{module}` imports `{specifier}`, which is not relative")
            })?;
            if seen.insert(target.clone()) {
                waiting.push((target, module.clone()));
            }
        }
        found.push(module);
    }
    Ok(found)
}

/// What a module's static imports and re-exports name.
pub(crate) fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in ["import", "export"] {
        for (at, _) in text.match_indices(word) {
            if is_statement(text, at) {
                found.extend(specifier(&text[at + word.len()..], word == "export"));
            }
        }
    }
    found
}

/// Whether a word begins a statement, and stands in no comment that is a line of its own.
fn is_statement(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
    let is_comment = line.starts_with("/*") && !line.contains("*/");
    if is_comment || line.starts_with("//") || line.starts_with('*') {
        return false;
    }
    let last = before.trim_end_matches([' ', '\t']).chars().next_back();
    matches!(last, None | Some('\n' | '\r' | ';' | '}' | '/'))
}

/// The string of `{ a, b } from "string"` or, in an import, of `"string"` alone.
fn specifier(after: &str, is_export: bool) -> Option<String> {
    let quote_at = after.find(['"', '\''])?;
    let clause = &after[..quote_at];
    let is_clause = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_$,{}*".contains(c);
    if !clause.chars().all(is_clause) {
        return None;
    }
    let clause = clause.trim();
    let is_said = match is_export {
        true => clause.starts_with(['{', '*']) && clause.ends_with("from"),
        false => clause.is_empty() || clause.ends_with("from"),
    };
    if !is_said {
        return None;
    }
    let quote = after[quote_at..].chars().next()?;
    let string = &after[quote_at + 1..];
    let string = &string[..string.find(quote)?];
    (!string.contains('\n')).then(|| string.to_owned())
}

/// The path a relative specifier leads to from a module; none if it is not relative or leads out.
pub(crate) fn resolved(module: &str, specifier: &str) -> Option<String> {
    if !specifier.starts_with("./") && !specifier.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = module.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

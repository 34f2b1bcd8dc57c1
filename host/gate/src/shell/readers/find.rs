//! The expressions of `find` that only look.

use crate::shell::field::Field;

/// Tests and actions without a value.
const ALONE: [&str; 31] = [
    "-print",
    "-print0",
    "-prune",
    "-not",
    "!",
    "(",
    ")",
    ",",
    "-o",
    "-or",
    "-a",
    "-and",
    "-empty",
    "-depth",
    "-d",
    "-daystart",
    "-true",
    "-false",
    "-quit",
    "-ls",
    "-readable",
    "-writable",
    "-executable",
    "-nouser",
    "-nogroup",
    "-mount",
    "-xdev",
    "-follow",
    "-noleaf",
    "-ignore_readdir_race",
    "-warn",
];
/// Tests and actions with one.
const WITH_VALUE: [&str; 26] = [
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-iwholename",
    "-regex",
    "-iregex",
    "-type",
    "-xtype",
    "-maxdepth",
    "-mindepth",
    "-size",
    "-mtime",
    "-mmin",
    "-atime",
    "-amin",
    "-ctime",
    "-cmin",
    "-perm",
    "-user",
    "-group",
    "-links",
    "-inum",
    "-regextype",
    "-printf",
];
/// Tests that look at another file.
const WITH_PATH: [&str; 5] = ["-newer", "-anewer", "-cnewer", "-samefile", "-newermt"];

/// `find` with tests and print actions only.
pub(super) fn paths(arguments: &[Field]) -> Option<Vec<Field>> {
    let mut paths = Vec::new();
    let mut at = 0;
    let mut is_expression = false;
    while let Some(field) = arguments.get(at) {
        at += 1;
        let text = field.text.as_str();
        if field.pattern.is_some() && (super::is_risky_glob(field) || is_expression) {
            return None;
        }
        if !is_expression && matches!(text, "-L" | "-H" | "-P") {
            continue;
        }
        let starts_expression = text.starts_with('-') || matches!(text, "!" | "(" | ")" | ",");
        if !starts_expression {
            if is_expression {
                return None;
            }
            paths.push(field.clone());
            continue;
        }
        is_expression = true;
        if ALONE.contains(&text) {
            continue;
        }
        let value = arguments.get(at)?;
        at += 1;
        if value.pattern.is_some() || !(WITH_VALUE.contains(&text) || WITH_PATH.contains(&text)) {
            return None;
        }
        if WITH_PATH.contains(&text) {
            paths.push(value.clone());
        }
    }
    Some(paths)
}

//! A tool that does not exist, answered with those that sound alike.

/// Names told at once.
const TOLD: usize = 3;

/// Words for the model.
pub(super) fn words(wanted: &str, names: &[String]) -> String {
    if names.is_empty() {
        return format!("there is no tool `{wanted}`, and there are no others");
    }
    let mut near: Vec<(usize, &String)> = names
        .iter()
        .map(|name| (distance(wanted, name), name))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let told: Vec<String> = near
        .iter()
        .take(TOLD)
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    format!(
        "there is no tool `{}`; the nearest are {}",
        anteroom_gate::visible(wanted),
        told.join(", ")
    )
}

/// Changes of single letters that lead from one name to the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_sounds_alike_first() {
        let names = ["bash", "read_file", "write_file", "grep"].map(str::to_owned);
        assert_eq!(
            words("readfile", &names),
            "there is no tool `readfile`; the nearest are `read_file`, `write_file`, `bash`"
        );
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}

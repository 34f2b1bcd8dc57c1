//! `aroom man`: the manual, made from the command tree, one page for each command.

use crate::args::Arguments;
use anteroom_api::{Problem, ProblemCode};
use clap::{Args, CommandFactory};
use std::path::{Path, PathBuf};

/// `aroom man`.
#[derive(Args, Clone, Debug, PartialEq)]
pub(crate) struct Man {
    /// Write a page for each command into DIR; made if it is missing
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Writes the pages, or gives the first one.
///
/// # Errors
/// A folder that cannot be written.
pub(crate) fn run(man: &Man) -> Result<String, Problem> {
    let pages = pages();
    let Some(folder) = &man.folder else {
        return Ok(pages
            .into_iter()
            .next()
            .map(|(_, page)| page)
            .unwrap_or_default());
    };
    let failed = |path: &Path, error: &std::io::Error| {
        Problem::new(
            ProblemCode::InvalidInput,
            format!("could not write `{}`", path.display()),
        )
        .cause(error)
        .hint("name a folder that can be written: `aroom man ~/.local/share/man/man1`")
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let mut told = String::new();
    for (name, page) in pages {
        let path = folder.join(&name);
        std::fs::write(&path, page).map_err(|error| failed(&path, &error))?;
        told.push_str(&format!("{}\n", path.display()));
    }
    Ok(told)
}

/// The pages with the names of their files, the program's own first.
fn pages() -> Vec<(String, String)> {
    let mut root = spelled_out(Arguments::command()).disable_help_subcommand(true);
    root.build();
    let mut pages = Vec::new();
    add(&root, &mut pages);
    pages
}

/// A page says of every flag what it is for, also of those that short help leaves out.
fn spelled_out(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| argument.hide_short_help(false))
        .mut_subcommands(spelled_out)
}

fn add(command: &clap::Command, pages: &mut Vec<(String, String)>) {
    let page = clap_mangen::Man::new(command.clone()).manual("Anteroom");
    let mut bytes = Vec::new();
    // Writing into memory does not fail.
    if render(&page, command, &mut bytes).is_ok() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        pages.push((page.get_filename(), text));
    }
    for child in command
        .get_subcommands()
        .filter(|child| !child.is_hide_set())
    {
        add(child, pages);
    }
}

fn render(
    page: &clap_mangen::Man,
    command: &clap::Command,
    into: &mut Vec<u8>,
) -> std::io::Result<()> {
    page.render_title(into)?;
    page.render_name_section(into)?;
    page.render_synopsis_section(into)?;
    page.render_description_section(into)?;
    page.render_options_section(into)?;
    if command.has_subcommands() {
        page.render_subcommands_section(into)?;
    }
    let more = command.get_after_long_help().or(command.get_after_help());
    if let Some(more) = more {
        into.extend_from_slice(examples(&more.to_string()).as_bytes());
    }
    Ok(())
}

/// What stands below the help, line for line.
fn examples(text: &str) -> String {
    let text = text.strip_prefix("Examples:\n").unwrap_or(text);
    let mut roff = ".SH EXAMPLES\n.nf\n".to_owned();
    for line in text.lines() {
        // A line that begins so would be a request.
        roff.push_str("\\&");
        for sign in line.chars() {
            match sign {
                '\\' => roff.push_str("\\e"),
                '-' => roff.push_str("\\-"),
                '\'' => roff.push_str("\\(aq"),
                '`' => roff.push_str("\\(ga"),
                '^' => roff.push_str("\\(ha"),
                '~' => roff.push_str("\\(ti"),
                sign => roff.push(sign),
            }
        }
        roff.push('\n');
    }
    roff.push_str(".fi\n");
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that `roff` and the `man` macros know, as far as they are used.
    const REQUESTS: [&str; 13] = [
        ".ie", ".el", ".IP", ".TH", ".SH", ".SS", ".TP", ".RS", ".RE", ".PP", ".br", ".nf", ".fi",
    ];

    #[test]
    fn every_command_has_a_page_of_sound_roff() {
        let pages = pages();
        assert_eq!(pages[0].0, "aroom.1");
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["aroom-exec.1", "aroom-config-set.1", "aroom-man.1"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        for (name, page) in &pages {
            let mut lines = page.lines();
            assert!(
                lines.next().is_some_and(|line| line.starts_with(".ie")),
                "{name}"
            );
            let title = name.trim_end_matches(".1");
            let heading = page.lines().find(|line| line.starts_with(".TH")).unwrap();
            assert!(heading.starts_with(&format!(".TH {title} 1")), "{heading}");
            assert!(page.contains("Model for this run"), "{name}");
            for section in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
                assert!(page.contains(section), "{name}: {section}");
            }
            for line in page.lines().filter(|line| line.starts_with('.')) {
                let request = line.split(' ').next().unwrap();
                assert!(REQUESTS.contains(&request), "{name}: {line}");
            }
            assert!(!page.contains('\u{1b}'), "{name}");
        }
    }
}

//! Documents with the rows they give, at once and in pieces.

use super::*;
use crate::theme::BARE;

const NARROW: Theme = Theme { width: 33, ..BARE };

fn streamed(text: &str, theme: Theme, mut next: impl FnMut(usize) -> usize) -> Vec<String> {
    let mut markdown = Markdown::new(theme);
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.floor_char_boundary(next(rest.len()));
        let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
        let (piece, after) = rest.split_at(length);
        rest = after;
        rows.extend(markdown.push(piece));
        markdown.live(3);
    }
    rows.extend(markdown.finish());
    rows
}

fn check(text: &str, wanted: &[&str]) {
    assert_eq!(rows(text, &NARROW), wanted, "{text:?}");
    assert_eq!(
        streamed(text, NARROW, |_| 1),
        wanted,
        "sign by sign: {text:?}"
    );
}

#[test]
fn blocks_have_their_looks() {
    check("# Plan\ntext\n\n\nmore", &["# Plan", "text", "", "more"]);
    check(
        "One two three four five six seven eight",
        &["One two three four five six", "seven eight"],
    );
    check(
        "- a\n- b\n  - c\n    1. d\n\n- [ ] e\n- [x] f",
        &["• a", "• b", "  ◦ c", "    1. d", "", "☐ e", "☑ f"],
    );
    check(
        "9. one two three four five six seven\n10. x",
        &["9. one two three four five six", "   seven", "10. x"],
    );
    check("> a\n> b\n>\n> > c", &["│ a", "│ b", "│", "│ │ c"]);
    check(
        "***\n---",
        &[
            "────────────────────────────────",
            "────────────────────────────────",
        ],
    );
    check("a\n---\nb", &["a", "────────────────────────────────", "b"]);
    check(
        "```rust\nlet x = 1;\n\n# no heading\n```\nb",
        &["```rust", "let x = 1;", "", "# no heading", "```", "b"],
    );
    check("```\nopen\n", &["```", "open"]);
    check(
        "- a\n  ```\n  code\n  ```\n- b",
        &["• a", "  ```", "  code", "  ```", "• b"],
    );
    check(
        "<div>\n*x*\n</div>\n\ny",
        &["<div>", "*x*", "</div>", "", "y"],
    );
}

#[test]
fn running_text_keeps_its_signs_where_there_is_no_color() {
    check(
        "a *b* **c** `d` ~~e~~ f_g_h",
        &["a *b* **c** `d` ~~e~~ f_g_h"],
    );
    check(
        "[x](https://a.b) <https://c.d>",
        &["x (https://a.b) https://c.d"],
    );
    check("![x](y.png)", &["[image: x] (y.png)"]);
    check(
        "see [a][1] and [b]\n\n[1]: https://x.y\n[b]: z",
        &["see [a][1] and [b]", "", "[1]: https://x.y", "[b]: z"],
    );
    check("a\\*b &amp; c<br>d", &["a*b & c", "d"]);
}

#[test]
fn tables_are_aligned_within_the_width() {
    check(
        "|a|b|\n|-|-:|\n|one|2|\n|漢字|100|\n\nx",
        &[
            "a    │   b",
            "─────┼────",
            "one  │   2",
            "漢字 │ 100",
            "",
            "x",
        ],
    );
    check(
        "|name|what it is|\n|-|-|\n|long|words that have to be broken|",
        &[
            "name │ what it is",
            "─────┼──────────────────────────",
            "long │ words that have to be",
            "     │ broken",
        ],
    );
    check("a | b is no table", &["a | b is no table"]);
}

#[test]
fn color_takes_the_place_of_signs() {
    let theme = Theme {
        has_color: true,
        ..NARROW
    };
    let rows = rows("**b** *i* `c` [l](https://x.y)", &theme);
    let shown = rows.join("\n").replace('\u{1b}', "");
    assert_eq!(shown, "[1mb[0m [3mi[0m [36mc[0m [4ml[0m (https://x.y)");
    let linked = Theme {
        has_links: true,
        ..theme
    };
    let rows = super::rows(
        "[l](https://x.y) [a.b](https://x.y) [j](javascript:x)",
        &linked,
    );
    let shown = rows.join("\n").replace('\u{1b}', "");
    assert_eq!(
        shown,
        "]8;;https://x.y\\[4ml[0m]8;;\\ ]8;;https://x.y\\[4ma.b[0m]8;;\\ (https://x.y) [4mj[0m\n(javascript:x)"
    );
}

#[test]
fn rows_are_given_as_soon_as_they_are_full() {
    let mut markdown = Markdown::new(NARROW);
    let text = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen ";
    assert_eq!(
        markdown.push(text),
        ["One two three four five six", "seven eight nine ten eleven"]
    );
    assert_eq!(markdown.live(3), ["twelve thirteen fourteen"]);
    assert_eq!(
        markdown.push("*fif teen sixteen seventeen eighteen nine teen twenty"),
        Vec::<String>::new()
    );
    assert_eq!(markdown.live(1), ["nine teen twenty"]);
    assert_eq!(
        markdown.push("* and more words follow after it now"),
        [
            "twelve thirteen fourteen *fif",
            "teen sixteen seventeen eighteen",
            "nine teen twenty* and more words"
        ]
    );
    let mut code = Markdown::new(NARROW);
    assert_eq!(code.push("```py\nx = 1\ny"), ["```py", "x = 1"]);
    assert_eq!(code.live(3), ["y"]);
}

#[test]
fn a_new_width_holds_from_the_next_block() {
    let mut markdown = Markdown::new(NARROW);
    let mut rows = markdown.push("One two three four five six seven eight nine ten eleven ");
    markdown.resize(16);
    rows.extend(markdown.push("twelve thirteen fourteen fifteen.\n\nOne two three four"));
    rows.extend(markdown.finish());
    assert_eq!(
        rows,
        [
            "One two three four five six",
            "seven eight nine ten eleven",
            "twelve thirteen fourteen",
            "fifteen.",
            "",
            "One two three",
            "four"
        ]
    );
}

#[test]
fn a_table_that_is_too_long_is_shown_as_it_is() {
    let mut text = "| a | b |\n|---|---|\n".to_owned();
    text.push_str(&"| some words in a cell | more |\n".repeat(2500));
    let rows = rows(&text, &NARROW);
    assert_eq!(rows.len(), 2502);
    assert_eq!(rows[2501], "| some words in a cell | more |");
    assert_eq!(streamed(&text, NARROW, |_| 4000), rows);
}

/// A generator of numbers that are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// Pieces that documents of models are made of, and pieces that meet badly.
const PIECES: &[&str] = &[
    "word ",
    "some longer words here ",
    "\n",
    "\n\n",
    "\n\n",
    "*",
    "**",
    "_",
    "`",
    "``",
    "~~",
    "[",
    "](",
    ")",
    "](https://a.b) ",
    "# ",
    "\n## Head\n",
    "\n- item ",
    "\n  - nested ",
    "\n1. first ",
    "\n2. second ",
    "\n> quote ",
    "\n```rust\nlet x = 1;\n",
    "\n```\n",
    "```",
    "\n| a | b |\n|---|---|\n| c | d |\n",
    "|",
    "\n---\n",
    "---",
    "漢字、漢字。",
    "é",
    "👩‍👩‍👧 ",
    "<b>",
    "</b>",
    "<!-- ",
    "\\",
    "&amp;",
    "\n    code\n",
    "!",
    "\t",
    "- [x] done\n",
    "1. ",
    "> ",
    "*emphasis* ",
    "**strong words** ",
    "`code span` ",
    "[link](https://a.b/c) ",
    "\n\n1. one\n\n   two\n\n2. three\n",
    ":",
    "=",
    "\n===\n",
];

#[test]
fn a_stream_gives_the_same_rows_as_the_whole() {
    let mut dice = Dice(11);
    for round in 0..1000 {
        let text: String = (0..dice.below(40))
            .map(|_| PIECES[dice.below(PIECES.len())])
            .collect();
        let theme = Theme {
            width: 12 + dice.below(70),
            has_color: round % 2 == 0,
            ..BARE
        };
        let whole = rows(&text, &theme);
        let longest = 1 + dice.below(30);
        let parts = streamed(&text, theme, |_| 1 + dice.below(longest));
        assert_eq!(
            parts, whole,
            "round {round}, width {}: {text:?}",
            theme.width
        );
    }
}

#[test]
fn documents_give_their_rows() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/markdown");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "md") || path.ends_with("README.md") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let theme = Theme { width: 61, ..BARE };
        let shown = rows(&text, &theme);
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(path.with_extension("txt"), shown.join("\n") + "\n").unwrap();
        }
        let wanted = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        assert_eq!(shown.join("\n") + "\n", wanted, "{}", path.display());
        let mut dice = Dice(seen);
        for _ in 0..20 {
            assert_eq!(
                streamed(&text, theme, |_| 1 + dice.below(24)),
                shown,
                "{}",
                path.display()
            );
        }
    }
    assert!(seen >= 5, "the fixtures are there");
}

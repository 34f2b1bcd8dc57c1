//! What the YAML reader sees, where, and what it refuses.

use super::*;

/// `key@line:column=value` per leaf, in file order.
fn leaves(node: &Node, name: &str, found: &mut Vec<String>) {
    let Position { line, column } = node.position;
    match &node.body {
        Body::Nothing => found.push(format!("{name}@{line}:{column}=~")),
        Body::Text(text) => found.push(format!("{name}@{line}:{column}={text}")),
        Body::List { items, .. } => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| leaves(item, &format!("{name}[{index}]"), found)),
        Body::Map { entries, .. } => entries.iter().for_each(|entry| {
            let name = if name.is_empty() {
                entry.key.clone()
            } else {
                format!("{name}.{}", entry.key)
            };
            leaves(&entry.value, &name, found);
        }),
    }
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let mut found = Vec::new();
    if let Some(root) = Document::parse(text).unwrap().root {
        leaves(&root, "", &mut found);
    }
    assert_eq!(found, expected, "{text}");
}

#[track_caller]
fn check_refused(text: &str, position: (u32, u32), words: &str) {
    let trouble = Document::parse(text).unwrap_err();
    let Position { line, column } = trouble.position;
    assert_eq!((line, column), position, "{}", trouble.words);
    assert!(trouble.words.contains(words), "{}", trouble.words);
}

#[test]
fn scalars_stay_what_was_written() {
    check("", &[]);
    check("# only a comment\n", &[]);
    check("---\n", &[]);
    check(
        "a: 1_000\nb: 0123\nc: yes\nd: 1e3\n",
        &["a@1:4=1_000", "b@2:4=0123", "c@3:4=yes", "d@4:4=1e3"],
    );
    check(
        "a: \"x # y\" # z\nb: 'it''s'\n",
        &["a@1:4=x # y", "b@2:4=it's"],
    );
    check(
        "a: ~\nb: null\nc: 'null'\n",
        &["a@1:4=~", "b@2:4=~", "c@3:4=null"],
    );
    check("\u{feff}a: ä\r\nb: 2\r\n", &["a@1:4=ä", "b@2:4=2"]);
}

#[test]
fn structures_keep_their_order_and_places() {
    check(
        "ai:\n  model: m\nx: [a, {b: c}]\nl:\n- 1\n-   2\n",
        &[
            "ai.model@2:10=m",
            "x[0]@3:5=a",
            "x[1].b@3:12=c",
            "l[0]@5:3=1",
            "l[1]@6:5=2",
        ],
    );
    check(
        "a: &x [1, 2]\nb: *x\n",
        &["a[0]@1:8=1", "a[1]@1:11=2", "b[0]@1:8=1", "b[1]@1:11=2"],
    );
    check(
        "p: |\n  # no comment\n  text\nq: 1\n",
        &["p@2:3=# no comment\ntext\n", "q@4:4=1"],
    );
}

#[test]
fn bytes_name_the_text_of_a_value() {
    #[track_caller]
    fn value(text: &str) -> String {
        let root = Document::parse(text).unwrap().root.unwrap();
        let Body::Map { entries, .. } = root.body else {
            panic!("no mapping")
        };
        text[entries[0].value.bytes.clone()].to_owned()
    }
    for written in ["m", "\"m: 1\"", "'ö'", "[a, b]", "{a: b}"] {
        assert_eq!(value(&format!("ö: {written} # note\nz: 1\n")), written);
    }
    assert_eq!(
        value("a:\n  b: 1\n  c: 2 # note\n\n# next\nz: 1\n"),
        "b: 1\n  c: 2"
    );
    assert_eq!(value("a:\n  - 1\n  - 2\n# next\nz: 1\n"), "- 1\n  - 2");
    assert_eq!(value("a:\n# next\nz: 1\n"), "");
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    check_refused("a: 1\nb: [1, 2\nc: 3\n", (3, 2), "");
    check_refused("a: 1\na: 2\n", (2, 1), "the first is in line 1");
    check_refused("a: 1\n---\nb: 2\n", (2, 1), "second document");
    check_refused("a: *nothing\n", (1, 4), "");
    check_refused("a: &x\n  b: *x\n", (2, 6), "alias");
    check_refused("a: &x {b: 1}\nc:\n  <<: *x\n", (3, 3), "merging");
    check_refused("? [1, 2]\n: 3\n", (1, 3), "plain word");
    check_refused("a:\n\tb: 1\n", (2, 2), "tab");
}

#[test]
fn hostile_files_end_early() {
    let wide = "a: 1\n".repeat(MOST_BYTES / 4);
    check_refused(&wide, (1, 1), "larger than");
    let block: String = (0..200)
        .map(|depth| format!("{}k:\n", " ".repeat(depth)))
        .collect();
    check_refused(&block, (34, 34), "nested deeper");
    assert!(Document::parse(&"[".repeat(100_000)).is_err());
    assert!(Document::parse(&"{a: ".repeat(100_000)).is_err());
    assert!(Document::parse(&"- ".repeat(100_000)).is_err());
    let many: String = (0..MOST_NODES)
        .map(|index| format!("k{index}: 1\n"))
        .collect();
    check_refused(&many, (10_000, 8), "more than");
    // Nine levels of nine aliases each: half a billion values if nobody counts.
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        let list = vec![before; 9].join(", ");
        laughs += &format!("a{level}: &a{level} [{list}]\n");
    }
    assert!(
        Document::parse(&laughs)
            .unwrap_err()
            .words
            .contains("more than")
    );
}

#[test]
fn a_syntax_problem_shows_the_line_but_no_secret() {
    #[track_caller]
    fn shown(text: &str) -> String {
        let problem = Document::parse(text).unwrap_err().problem("c.yaml", text);
        assert!(
            problem.error.starts_with("could not read `c.yaml:"),
            "{}",
            problem.error
        );
        problem.to_string()
    }
    assert!(shown("ai:\n  model: [x\nnext: 1\n").contains("line 3: `next: 1`"));
    let key = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
    for text in [
        format!("ai:\n  api_key: [\"{key}\n"),
        format!("ai:\n  model: m\n api_key: {key}\n"),
        format!("ai:\n  pem: |\n  {key}\n x: 1\n"),
        format!("ai: {{ x: {key} y: ]\n"),
    ] {
        let shown = shown(&text);
        assert!(!shown.contains("abcdefghij"), "{shown}");
    }
}

//! Joins what the first page needs into one script and one style sheet, so that a browser asks twice and not eighty times.
//!
//! Every module becomes a function that is called once, behind those it imports, and gives what it exports. Modules
//! that are loaded later take theirs from the joined script, so that each exists once. Authors see nothing of it:
//! debug builds serve the files as they are.

use super::page;
use super::script::{Export, Script, slim};
use std::collections::{BTreeMap, BTreeSet};

/// What is joined, with all that it imports: the page of a conversation, and the entry behind it.
const FIRST: [&str; 2] = ["views/thread/page.js", page::ENTRY];
/// Scripts of workers end so; they share nothing with the page.
const WORKER: &str = "worker.js";
/// The joined sheet.
const SHEET: &str = "css/page.css";

type Files = Vec<(String, Vec<u8>)>;

/// Joins scripts and sheets in place.
///
/// # Errors
/// Which module cannot be joined, and why.
pub(crate) fn join(files: &mut Files) -> Result<(), String> {
    let mut texts = BTreeMap::new();
    for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".js")) {
        let text =
            String::from_utf8(content.clone()).map_err(|_| format!("`{path}` is not UTF-8"))?;
        texts.insert(
            path.clone(),
            if path.starts_with("vendor/") {
                text
            } else {
                slim(&text)
            },
        );
    }
    let order = ordered(&texts)?;
    let numbers: BTreeMap<&str, usize> = order
        .iter()
        .enumerate()
        .map(|(at, path)| (path.as_str(), at))
        .collect();
    let apart = workers(&texts)?;
    let mut joined = String::new();
    for (number, path) in order.iter().enumerate() {
        joined.push_str(
            &module(path, number, &texts, &numbers)
                .map_err(|error| format!("`{path}`: {error}"))?,
        );
    }
    let names: Vec<String> = (0..order.len())
        .map(|number| format!("part_{number}"))
        .collect();
    joined.push_str(&format!("export {{ {} }};\n", names.join(", ")));
    files.retain(|(path, _)| {
        let is_joined = numbers.contains_key(path.as_str()) && path != page::ENTRY;
        !is_joined || apart.contains(path)
    });
    for (path, content) in files.iter_mut() {
        let Some(text) = texts.get(path) else {
            continue;
        };
        let text = match (path == page::ENTRY, apart.contains(path)) {
            (true, _) => joined.clone(),
            (_, true) => text.clone(),
            _ => later(path, text, &numbers).map_err(|error| format!("`{path}`: {error}"))?,
        };
        *content = text.into_bytes();
    }
    join_sheets(files)
}

/// The modules to join, each behind those it imports.
fn ordered(texts: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let (mut order, mut open) = (Vec::new(), Vec::new());
    for entry in FIRST.iter().filter(|entry| texts.contains_key(**entry)) {
        visit(entry, texts, &mut open, &mut order)?;
    }
    Ok(order)
}

fn visit(
    path: &str,
    texts: &BTreeMap<String, String>,
    open: &mut Vec<String>,
    order: &mut Vec<String>,
) -> Result<(), String> {
    if order.iter().any(|done| done == path) {
        return Ok(());
    }
    open.push(path.to_owned());
    let text = texts
        .get(path)
        .ok_or_else(|| format!("`{path}` is imported and not there"))?;
    for other in imported(path, text)? {
        if let Some(at) = open.iter().position(|waiting| *waiting == other) {
            return Err(format!(
                "modules import each other in a circle: {} -> {other}",
                open[at..].join(" -> ")
            ));
        }
        visit(&other, texts, open, order)?;
    }
    open.pop();
    order.push(path.to_owned());
    Ok(())
}

/// The paths that a module imports.
fn imported(path: &str, text: &str) -> Result<Vec<String>, String> {
    let found = page::imports(text);
    found.iter().map(|written| target(path, written)).collect()
}

fn target(path: &str, written: &str) -> Result<String, String> {
    page::resolved(path, written)
        .ok_or_else(|| format!("`{path}` imports `{written}`, which is not relative"))
}

/// All that workers run.
fn workers(texts: &BTreeMap<String, String>) -> Result<BTreeSet<String>, String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> = texts
        .keys()
        .filter(|path| path.ends_with(WORKER))
        .cloned()
        .collect();
    while let Some(path) = waiting.pop() {
        if let Some(text) = texts.get(&path).filter(|_| found.insert(path.clone())) {
            waiting.extend(imported(&path, text)?);
        }
    }
    Ok(found)
}

/// A module of the joined script: `const part_3 = (() => { …; return { … }; })();`
fn module(
    path: &str,
    number: usize,
    texts: &BTreeMap<String, String>,
    numbers: &BTreeMap<&str, usize>,
) -> Result<String, String> {
    let script = Script::parse(texts.get(path).map(String::as_str).unwrap_or_default())?;
    let mut made = format!("const part_{number} = (() => {{\n");
    for import in &script.imports {
        let number = number_of(path, &import.from, numbers)?;
        made.push_str(&taken(&import.clause, &format!("part_{number}")));
    }
    made.push_str(&dynamic(path, &script.body, numbers, "", true));
    let mut given = Vec::new();
    for Export { name, local, from } in &script.exports {
        given.push(match from {
            Some(from) => format!("{name}: part_{}.{local}", number_of(path, from, numbers)?),
            None if name == local => name.clone(),
            None => format!("{name}: {local}"),
        });
    }
    made.push_str(&format!("\nreturn {{ {} }};\n}})();\n", given.join(", ")));
    Ok(made)
}

fn number_of(path: &str, written: &str, numbers: &BTreeMap<&str, usize>) -> Result<usize, String> {
    let wanted = target(path, written)?;
    numbers
        .get(wanted.as_str())
        .copied()
        .ok_or_else(|| format!("`{wanted}` is not joined"))
}

/// An import's names, taken from an object: `{ a, b as c }` becomes `const { a, b: c } = part_3;`.
fn taken(clause: &str, from: &str) -> String {
    let mut made = String::new();
    let (before, list) = match clause.find('{') {
        Some(at) => (&clause[..at], &clause[at..]),
        None => (clause, ""),
    };
    for name in before
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        made.push_str(&match name.strip_prefix("* as ") {
            Some(name) => format!("const {name} = {from};\n"),
            None => format!("const {{ default: {name} }} = {from};\n"),
        });
    }
    let names = list
        .trim_matches(['{', '}', ' ', '\n'])
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(|name| name.replace(" as ", ": ")).collect();
    if !names.is_empty() {
        made.push_str(&format!("const {{ {} }} = {from};\n", names.join(", ")));
    }
    made
}

/// A module that is loaded later: what it shares with the first page comes from the joined script.
fn later(path: &str, text: &str, numbers: &BTreeMap<&str, usize>) -> Result<String, String> {
    let up = "../".repeat(path.matches('/').count());
    let up = if up.is_empty() { "./".to_owned() } else { up };
    let script = Script::parse(text)?;
    let (mut shared, mut made) = (BTreeSet::new(), String::new());
    let mut takes = String::new();
    for import in &script.imports {
        match number_of(path, &import.from, numbers) {
            Ok(number) => {
                shared.insert(format!("part_{number}"));
                takes.push_str(&taken(&import.clause, &format!("part_{number}")));
            }
            Err(_) if import.clause.is_empty() => {
                made.push_str(&format!("import '{}';\n", import.from))
            }
            Err(_) => made.push_str(&format!(
                "import {} from '{}';\n",
                import.clause, import.from
            )),
        }
    }
    if !shared.is_empty() {
        let names: Vec<String> = shared.into_iter().collect();
        made.push_str(&format!(
            "import {{ {} }} from '{up}{}';\n",
            names.join(", "),
            page::ENTRY
        ));
    }
    made.push_str(&takes);
    made.push_str(&dynamic(path, &script.body, numbers, &up, false));
    let mut given = Vec::new();
    for Export { name, local, from } in &script.exports {
        if let Some(from) = from {
            if number_of(path, from, numbers).is_ok() {
                return Err(format!("it passes on what is joined: `{local}`"));
            }
            made.push_str(&format!("\nexport {{ {local} as {name} }} from '{from}';"));
        } else {
            given.push(format!("{local} as {name}"));
        }
    }
    if !given.is_empty() {
        made.push_str(&format!("\nexport {{ {} }};\n", given.join(", ")));
    }
    Ok(made)
}

/// Imports that are made later, and what a module asks of its own place.
fn dynamic(
    path: &str,
    body: &str,
    numbers: &BTreeMap<&str, usize>,
    up: &str,
    is_joined: bool,
) -> String {
    let mut made = String::new();
    let mut rest = body;
    while let Some(at) = rest.find("import(") {
        made.push_str(&rest[..at]);
        let call = &rest[at..];
        let written = call
            .strip_prefix("import('")
            .and_then(|inside| inside.split_once("')"));
        let wanted = written.and_then(|(written, _)| page::resolved(path, written));
        let Some(wanted) = wanted else {
            made.push_str("import(");
            rest = &call["import(".len()..];
            continue;
        };
        made.push_str(&match numbers.get(wanted.as_str()) {
            Some(number) if is_joined => format!("Promise.resolve(part_{number})"),
            Some(number) => format!(
                "import('{up}{}').then((all) => all.part_{number})",
                page::ENTRY
            ),
            None if is_joined => format!("import('./{wanted}')"),
            None => format!("import('{}')", written.map_or("", |(written, _)| written)),
        });
        rest = written.map_or("", |(_, rest)| rest);
    }
    made.push_str(rest);
    match is_joined {
        true => made.replace(
            "import.meta.url",
            &format!("new URL('./{path}', import.meta.url).href"),
        ),
        false => made,
    }
}

/// Joins the sheets that the page names into one, in their order.
fn join_sheets(files: &mut Files) -> Result<(), String> {
    let at = files
        .iter()
        .position(|(path, _)| path == "index.html")
        .ok_or("assets/index.html is not there")?;
    let written = String::from_utf8_lossy(&files[at].1).into_owned();
    let (mut page, mut sheet, mut named) = (String::new(), String::new(), Vec::new());
    for line in written.lines() {
        let path = line
            .contains("rel=\"stylesheet\"")
            .then(|| line.split(page::WRITTEN_BASE).nth(1))
            .flatten();
        let Some(path) = path.and_then(|path| path.split('"').next()) else {
            page.push_str(line);
            page.push('\n');
            continue;
        };
        let content = files
            .iter()
            .find(|(other, _)| other == path)
            .ok_or_else(|| format!("`{path}` is not there"))?;
        if named.is_empty() {
            page.push_str(&format!(
                "<link rel=\"stylesheet\" href=\"{}{SHEET}\">\n",
                page::WRITTEN_BASE
            ));
        }
        sheet.push_str(&slim_sheet(&String::from_utf8_lossy(&content.1)));
        named.push(path.to_owned());
    }
    files[at].1 = page.into_bytes();
    files.retain(|(path, _)| !named.contains(path));
    for (_, content) in files
        .iter_mut()
        .filter(|(path, _)| path.starts_with("css/"))
    {
        *content = slim_sheet(&String::from_utf8_lossy(content)).into_bytes();
    }
    files.push((SHEET.to_owned(), sheet.into_bytes()));
    files.sort();
    Ok(())
}

/// A sheet without comments and indentation.
fn slim_sheet(text: &str) -> String {
    let mut slim = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        slim.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    slim.push_str(rest);
    let lines = slim.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::{Files, join};

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    fn text_of(files: &Files, path: &str) -> String {
        let found = files.iter().find(|(other, _)| other == path);
        String::from_utf8(found.unwrap_or_else(|| panic!("no {path}")).1.clone()).unwrap()
    }

    const PAGE: &str = "<head>\n<link rel=\"stylesheet\" href=\"/a/dev/css/a.css\">\n<link rel=\"stylesheet\" href=\"/a/dev/css/b.css\">\n</head>\n";

    #[test]
    fn the_first_page_is_one_script_and_one_sheet() {
        let mut files = files(&[
            (
                "app.js",
                "import { a as b } from './lib/a.js';\nconst later = () => import('./views/later.js');\nconst page = () => import('./views/thread/page.js');\n",
            ),
            ("css/a.css", "/* a */\na {\n  b: c;\n}\n"),
            ("css/b.css", "d {}\n"),
            ("css/later.css", "e {\n  f: g;\n}\n"),
            ("index.html", PAGE),
            (
                "lib/a.js",
                "/** A. */\nimport x, { y } from '../vendor/x.js';\nconst a = new URL('./worker.js', import.meta.url);\nexport { a, x as default };\n",
            ),
            ("lib/worker.js", "import { z } from './z.js';\nz();\n"),
            (
                "lib/z.js",
                "// none of the page's\nexport function z() {}\n",
            ),
            ("vendor/x.js", "const q=1;export{q as default,q as y};"),
            (
                "views/later.js",
                "import { a } from '../lib/a.js';\nimport { z } from '../lib/z.js';\nexport default function Later() { return [a, z]; }\n",
            ),
            (
                "views/thread/page.js",
                "import { a } from '../../lib/a.js';\nexport default function Page() { return a; }\n",
            ),
        ]);
        join(&mut files).unwrap();
        let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            names,
            [
                "app.js",
                "css/later.css",
                "css/page.css",
                "index.html",
                "lib/worker.js",
                "lib/z.js",
                "views/later.js"
            ]
        );
        let joined = "const part_0 = (() => {\nconst q=1;\nreturn { default: q, y: q };\n})();\n\
            const part_1 = (() => {\nconst { default: x } = part_0;\nconst { y } = part_0;\n\nconst a = new URL('./worker.js', new URL('./lib/a.js', import.meta.url).href);\n\n\nreturn { a, default: x };\n})();\n\
            const part_2 = (() => {\nconst { a } = part_1;\n\nfunction Page() { return a; }\n\nreturn { default: Page };\n})();\n\
            const part_3 = (() => {\nconst { a: b } = part_1;\n\nconst later = () => import('./views/later.js');\nconst page = () => Promise.resolve(part_2);\n\nreturn {  };\n})();\n\
            export { part_0, part_1, part_2, part_3 };\n";
        assert_eq!(text_of(&files, "app.js"), joined);
        let later = "import { z } from '../lib/z.js';\nimport { part_1 } from '../app.js';\nconst { a } = part_1;\n\n\nfunction Later() { return [a, z]; }\n\nexport { Later as default };\n";
        assert_eq!(text_of(&files, "views/later.js"), later);
        assert_eq!(text_of(&files, "lib/z.js"), "export function z() {}\n");
        assert_eq!(text_of(&files, "css/page.css"), "a {\nb: c;\n}\nd {}\n");
        assert_eq!(
            text_of(&files, "index.html"),
            "<head>\n<link rel=\"stylesheet\" href=\"/a/dev/css/page.css\">\n</head>\n"
        );
    }

    #[test]
    fn a_circle_is_refused_by_name() {
        let mut files = files(&[
            ("app.js", "import { a } from './a.js';\n"),
            ("a.js", "import { b } from './b.js';\nexport const a = b;\n"),
            ("b.js", "import { a } from './a.js';\nexport const b = a;\n"),
            ("index.html", PAGE),
        ]);
        assert!(
            join(&mut files)
                .unwrap_err()
                .contains("a.js -> b.js -> a.js")
        );
    }

    #[test]
    fn the_page_as_it_is_can_be_joined() {
        fn read(folder: &std::path::Path, above: &str, files: &mut Files) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let inside = format!("{above}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    read(&entry.path(), &format!("{inside}/"), files);
                } else {
                    files.push((inside, std::fs::read(entry.path()).unwrap()));
                }
            }
        }
        let mut files = Files::new();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
        read(std::path::Path::new(folder), "", &mut files);
        join(&mut files).unwrap();
        let joined = text_of(&files, "app.js");
        assert!(
            !joined
                .lines()
                .any(|line| line.starts_with("import ") || line.starts_with("import{"))
        );
        for apart in [
            "lib/worker.js",
            "lib/hub.js",
            "views/palette.js",
            "css/manage.css",
        ] {
            assert_ne!(text_of(&files, apart), "", "{apart}");
        }
    }
}

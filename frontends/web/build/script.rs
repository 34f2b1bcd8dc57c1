//! A script as the packer needs it: without comments and indentation, its imports and exports told apart from the rest.
//!
//! Knows the forms that this folder's modules are written in and refuses others, so that nothing is packed wrongly.

/// What a module takes from another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// The other, as it is written.
    pub(crate) from: String,
    /// What is written between `import` and `from`; empty where only its effect is wanted.
    pub(crate) clause: String,
}

/// What a module offers: the name outside, and the one inside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) name: String,
    pub(crate) local: String,
    /// The module it comes from, if it is passed on.
    pub(crate) from: Option<String>,
}

/// A module in parts.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) imports: Vec<Import>,
    pub(crate) exports: Vec<Export>,
    /// What is left.
    pub(crate) body: String,
}

impl Script {
    /// Takes a module apart.
    ///
    /// # Errors
    /// Which form is not known.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        let mut rest = text;
        while let Some(at) = next_statement(rest) {
            script.body.push_str(&rest[..at]);
            let statement = &rest[at..];
            let taken = match statement.strip_prefix("import") {
                Some(after) => script.import(after).map(|end| end + "import".len()),
                None => script
                    .export(&statement["export".len()..])?
                    .map(|end| end + "export".len()),
            };
            // A word that begins neither is none of ours, such as `import(` in minified code.
            let taken = taken.unwrap_or_else(|| {
                script.body.push_str(&statement[.."import".len()]);
                "import".len()
            });
            rest = &statement[taken..];
        }
        script.body.push_str(rest);
        Ok(script)
    }

    fn import(&mut self, after: &str) -> Option<usize> {
        let (clause, from, end) = from_clause(after)?;
        self.imports.push(Import {
            from: from.to_owned(),
            clause: clause.to_owned(),
        });
        Some(end)
    }

    fn export(&mut self, after: &str) -> Result<Option<usize>, String> {
        let trimmed = after.trim_start();
        let skipped = after.len() - trimmed.len();
        if let Some(list) = trimmed.strip_prefix('{') {
            let Some(close) = list.find('}') else {
                return Err("an export without its end".to_owned());
            };
            let mut end = skipped + 1 + close + 1;
            let behind = after[end..].trim_start();
            let mut from = None;
            if behind.starts_with("from") {
                let (_, source, length) =
                    from_clause(&after[end..]).ok_or("an export from nowhere")?;
                from = Some(source.to_owned());
                end += length;
            } else {
                end += usize::from(after[end..].starts_with(';'));
            }
            for pair in list[..close]
                .split(',')
                .map(str::trim)
                .filter(|pair| !pair.is_empty())
            {
                let (local, name) = pair.split_once(" as ").unwrap_or((pair, pair));
                self.offer(name.trim(), local.trim(), from.clone());
            }
            return Ok(Some(end));
        }
        if let Some(value) = trimmed.strip_prefix("default ") {
            let local = declared(value).unwrap_or_else(|| {
                self.body.push_str("const unnamed_ = ");
                "unnamed_".to_owned()
            });
            self.offer("default", &local, None);
            return Ok(Some(skipped + "default ".len()));
        }
        if trimmed.starts_with("let ") || trimmed.starts_with('*') {
            return Err(format!(
                "`export {}`",
                trimmed.lines().next().unwrap_or_default()
            ));
        }
        let name = declared(trimmed).or_else(|| trimmed.strip_prefix("const ").map(name_at));
        let name = name.filter(|name| !name.is_empty());
        let name =
            name.ok_or_else(|| format!("`export {}`", trimmed.lines().next().unwrap_or_default()))?;
        self.offer(&name, &name.clone(), None);
        Ok(Some(skipped))
    }

    fn offer(&mut self, name: &str, local: &str, from: Option<String>) {
        self.exports.push(Export {
            name: name.to_owned(),
            local: local.to_owned(),
            from,
        });
    }
}

/// The name of a function or class that begins here.
fn declared(text: &str) -> Option<String> {
    let rest = text.strip_prefix("async ").unwrap_or(text);
    let rest = rest
        .strip_prefix("function")
        .or_else(|| rest.strip_prefix("class"))?;
    let name = name_at(rest.trim_start_matches(['*', ' ']));
    (!name.is_empty() && name != "extends").then_some(name)
}

fn name_at(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || "_$".contains(*c))
        .collect()
}

/// Where the next `import` or `export` begins a statement: at the start of a line or, in minified code, behind one.
fn next_statement(text: &str) -> Option<usize> {
    let begins = |at: &usize| {
        let before = text[..*at].chars().next_back();
        let after = text[*at + "import".len()..].chars().next();
        matches!(before, None | Some('\n' | ';' | '}'))
            && matches!(after, Some(' ' | '{' | '"' | '\'' | '*'))
    };
    let found = |word: &str| text.match_indices(word).map(|(at, _)| at).find(begins);
    match (found("import"), found("export")) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// `clause from "source";`, or only `"source";`: the two, and where it ends.
fn from_clause(after: &str) -> Option<(&str, &str, usize)> {
    let quote_at = after.find(['"', '\''])?;
    let clause = after[..quote_at].trim();
    let is_clause = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_$,{}*".contains(c);
    let clause = if clause.is_empty() {
        clause
    } else {
        clause.strip_suffix("from")?.trim()
    };
    if !clause.chars().all(is_clause) {
        return None;
    }
    let quote = after[quote_at..].chars().next()?;
    let length = after[quote_at + 1..].find(quote)?;
    let source = &after[quote_at + 1..quote_at + 1 + length];
    let end = quote_at + 1 + length + 1;
    let end = end + usize::from(after[end..].starts_with(';'));
    (!source.contains('\n')).then_some((clause, source, end))
}

/// A script of ours without comments, indentation and empty lines. Strings, templates and patterns stay as they are.
pub(crate) fn slim(text: &str) -> String {
    let mut slim = String::with_capacity(text.len());
    let mut rest = text;
    // Braces that are open inside of `${}` of a template, for each template that is open.
    let mut templates: Vec<usize> = Vec::new();
    while let Some(next) = rest.chars().next() {
        let length = match next {
            '/' if rest.starts_with("//") => skipped_line(rest),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            _ => 0,
        };
        if length > 0 {
            rest = &rest[length..];
            continue;
        }
        let length = match next {
            '\'' | '"' => quoted(rest, next),
            '`' => template(rest, 1, &mut templates),
            '}' if templates.last() == Some(&0) => {
                templates.pop();
                template(rest, 1, &mut templates)
            }
            '/' if is_pattern_next(&slim) => pattern(rest),
            _ => next.len_utf8(),
        };
        if let Some(open) = templates.last_mut().filter(|_| length == 1) {
            match next {
                '{' => *open += 1,
                '}' => *open = open.saturating_sub(1),
                _ => {}
            }
        }
        add(&mut slim, &rest[..length], next);
        rest = &rest[length..];
    }
    slim
}

/// Adds a piece; blanks at the start of a line and lines of nothing are left out.
fn add(slim: &mut String, piece: &str, first: char) {
    let is_line_start = slim.is_empty() || slim.ends_with('\n');
    if first == '\n' {
        let kept = slim.trim_end_matches([' ', '\t']).len();
        slim.truncate(kept);
        if !slim.is_empty() && !slim.ends_with('\n') {
            slim.push('\n');
        }
    } else if !(is_line_start && matches!(first, ' ' | '\t' | '\r')) {
        slim.push_str(piece);
    }
}

fn skipped_line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// The length of a string with its quotes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a template's text up to its end or to the next `${`, which is then open.
fn template(rest: &str, from: usize, open: &mut Vec<usize>) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(from) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '`' => return at + 1,
            '$' if rest[at..].starts_with("${") => {
                open.push(0);
                return at + 2;
            }
            _ => {}
        }
    }
    rest.len()
}

/// Whether a `/` behind this text begins a pattern and does not divide.
fn is_pattern_next(before: &str) -> bool {
    let before = before.trim_end();
    let word = before
        .rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
        .next();
    match before.chars().next_back() {
        None => true,
        Some(c) if c.is_alphanumeric() || c == '_' || c == '$' => {
            matches!(
                word,
                Some("return" | "typeof" | "case" | "in" | "of" | "void")
            )
        }
        Some(c) => !matches!(c, ')' | ']' | '}' | '"' | '\'' | '`'),
    }
}

/// The length of a pattern without its flags.
fn pattern(rest: &str) -> usize {
    let (mut is_escaped, mut is_class) = (false, false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => is_class = true,
            ']' => is_class = false,
            '/' if !is_class => return at + 1,
            '\n' => return 1,
            _ => {}
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::{Export, Import, Script, slim};

    #[test]
    fn comments_and_indentation_go_and_texts_stay() {
        let text = "/** A. */\nimport { a } from './a.js';\n\n  // b\n  const c = '// no'; // d\n  const e = `  /* ${a('}', `x${ { b: 1 } }`)}\n  f`;\n  return /[/*]\\/\\/'/.test(c) ? 4 / 2 / 1 : 0;\n";
        let expected = "import { a } from './a.js';\nconst c = '// no';\nconst e = `  /* ${a('}', `x${ { b: 1 } }`)}\n  f`;\nreturn /[/*]\\/\\/'/.test(c) ? 4 / 2 / 1 : 0;\n";
        assert_eq!(slim(text), expected);
    }

    #[test]
    fn a_module_is_taken_apart() {
        let text = "import { a, b as c } from './a.js';\nimport d, * as e from \"../d.js\";\nimport './f.js';\nconst important = 1;\nexport { important, c as default };\nexport { g as h } from './g.js';\nexport const i = 2;\nexport default function J() {}\nexport async function k() {}\n";
        let script = Script::parse(text).unwrap();
        let import = |clause: &str, from: &str| Import {
            clause: clause.to_owned(),
            from: from.to_owned(),
        };
        assert_eq!(
            script.imports,
            [
                import("{ a, b as c }", "./a.js"),
                import("d, * as e", "../d.js"),
                import("", "./f.js")
            ]
        );
        let export = |name: &str, local: &str, from: Option<&str>| Export {
            name: name.to_owned(),
            local: local.to_owned(),
            from: from.map(str::to_owned),
        };
        assert_eq!(
            script.exports,
            [
                export("important", "important", None),
                export("default", "c", None),
                export("h", "g", Some("./g.js")),
                export("i", "i", None),
                export("default", "J", None),
                export("k", "k", None),
            ]
        );
        let body: Vec<&str> = script
            .body
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(
            body,
            [
                "const important = 1;",
                "const i = 2;",
                "function J() {}",
                "async function k() {}"
            ]
        );
    }

    #[test]
    fn minified_code_is_taken_apart_too() {
        let text = "import{a as b}from\"./a.js\";export{c}from\"./c.js\";const d=()=>import(\"e\");export{d as f};";
        let script = Script::parse(text).unwrap();
        assert_eq!(script.imports.len(), 1);
        assert_eq!(script.exports.len(), 2);
        assert_eq!(script.body, "const d=()=>import(\"e\");");
    }

    #[test]
    fn what_can_change_later_is_refused() {
        assert!(Script::parse("export let a = 1;\n").is_err());
        assert!(Script::parse("export * from './a.js';\n").is_err());
    }
}

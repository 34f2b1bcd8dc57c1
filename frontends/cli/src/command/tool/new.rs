//! `aroom tool new`: a folder with a toolset that builds and tests at once. The contract and the SDK lie in the
//! program, because neither is on a registry.

use crate::words;
use anteroom_api::{Problem, ProblemCode};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Longest name; it becomes a crate, a file and a tool.
const NAME_MAX: usize = 32;

macro_rules! files {
    ($root:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../../", $root, "/", $path)))),+]
    };
}

/// The contract.
const WIT: &[(&str, &str)] = files!("wit":
    "host.wit", "memory.wit", "network.wit", "tool.wit", "world.wit",
);
/// The SDK, without what only its own tests need.
const SDK: &[(&str, &str)] = files!("sdk/src":
    "bindings.rs", "context.rs", "edits.rs", "edits/near.rs", "edits/tolerant.rs", "error.rs", "lent.rs",
    "lent/agents.rs", "lent/ask.rs", "lent/canvas.rs", "lent/catalog.rs", "lent/fetch.rs", "lent/log.rs",
    "lent/process.rs", "lent/skills.rs", "lent/store.rs", "lent/workspace.rs", "lib.rs", "output.rs",
    "schema.rs", "testing.rs", "testing/played.rs", "toolset.rs",
);
/// What is filled in, with where it is written to.
const TEMPLATES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    ("Cargo.lock", include_str!("template/Cargo.lock.in")),
    ("README.md", include_str!("template/README.md.in")),
    (".gitignore", include_str!("template/gitignore.in")),
    ("src/lib.rs", include_str!("template/lib.rs.in")),
    ("sdk/Cargo.toml", include_str!("template/sdk.Cargo.toml.in")),
];
/// What the SDK is built with; a test holds them against the workspace.
const VERSIONS: [(&str, &str); 4] = [
    ("schemars", "1.2.3"),
    ("serde", "1.0.229"),
    ("serde_json", "1.0.154"),
    ("wit_bindgen", "0.61.1"),
];

/// Makes the folder of a toolset below another; gives what to say of it.
///
/// Needs no host, so that it can be run where nothing of the user's own can be written, as by the agent itself.
///
/// # Errors
/// A name that cannot be one, a folder that is there already, and what the system says.
pub(crate) fn make(below: Option<&Path>, name: &str) -> Result<String, Problem> {
    let below = below.unwrap_or(Path::new("."));
    if !below.is_dir() {
        return Err(Problem::new(
            ProblemCode::NotFound,
            format!("there is no folder `{}`", below.display()),
        )
        .hint("name an existing folder with `-p`"));
    }
    let folder = below.join(name);
    let folder = folder.strip_prefix(".").unwrap_or(&folder);
    write(folder, name)?;
    Ok(format!(
        "made `{name}`; next:\n  cd {}\n  cargo test\n  cargo build --release --target wasm32-wasip2\n  \
         aroom tool install target/wasm32-wasip2/release/{}.wasm\n",
        words::quoted(&folder.to_string_lossy()),
        snake(name)
    ))
}

/// Names that crates of others, the folders beside the tool, or the language have already.
const TAKEN: &str = "alloc anteroom-sdk core proc-macro schemars sdk serde serde-json src std target test wit \
    wit-bindgen abstract as async await become box break const continue crate do dyn else enum extern false final fn \
    for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait \
    true try type typeof unsafe unsized use virtual where while yield";
/// Types that the template's code means already: a tool of such a name is a type with `Tool` behind it.
const TYPES: &str = "Arguments Box Capability Context Deserialize Err Host JsonSchema None Ok Option Output Result \
    Self Some String Tier Tool ToolError Tools Vec";

fn is_among(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|taken| taken == name)
}

/// Writes all files of a new toolset.
///
/// # Errors
/// A name that cannot be one, a folder that is there already, and what the system says.
fn write(folder: &Path, name: &str) -> Result<(), Problem> {
    let is_name = name.len() <= NAME_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.ends_with('-')
        && !name.contains("--")
        && !is_among(TAKEN, name);
    if !is_name {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{name}` is no name for a toolset"),
        )
        .hint("use small letters, digits and `-`, for example `word-count`, and no word of Rust"));
    }
    if folder.exists() {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("`{}` is there already", folder.display()),
        )
        .hint("take another name"));
    }
    for (path, text) in content(name) {
        let path = folder.join(path);
        write_one(&path, &text).map_err(|error| {
            Problem::new(
                ProblemCode::InvalidInput,
                format!("could not write `{}`", path.display()),
            )
            .cause(error)
            .hint("begin in a folder that can be written, or name it with `-p`")
        })?;
    }
    Ok(())
}

fn write_one(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

/// Every file, by its path in the folder.
fn content(name: &str) -> Vec<(PathBuf, String)> {
    let filled = TEMPLATES
        .iter()
        .map(|(path, text)| (PathBuf::from(path), filled(text, name)));
    let copied = |root: &'static str, files: &'static [(&str, &str)]| {
        let files = files.iter();
        files.map(move |(path, text)| (Path::new(root).join(path), (*text).to_owned()))
    };
    filled
        .chain(copied("wit", WIT))
        .chain(copied("sdk/src", SDK))
        .collect()
}

fn filled(text: &str, name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    let mut kind: String = words.collect();
    if is_among(TYPES, &kind) {
        kind.push_str("Tool");
    }
    let mut values = vec![
        ("name", name.to_owned()),
        ("tool", snake(name)),
        ("crate", snake(name)),
        ("type", kind),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    values.extend(VERSIONS.map(|(crate_name, version)| (crate_name, version.to_owned())));
    values.iter().fold(text.to_owned(), |text, (key, value)| {
        text.replace(&format!("{{{{{key}}}}}"), value)
    })
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn found(folder: &Path, below: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(folder.join(below)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{below}{name}");
            if entry.file_type().unwrap().is_dir() {
                names.extend(found(folder, &format!("{path}/")));
            } else {
                names.insert(path);
            }
        }
        names
    }

    #[test]
    fn all_of_the_contract_and_the_sdk_is_in_the_program() {
        fn names(files: &[(&str, &str)]) -> BTreeSet<String> {
            files.iter().map(|(path, _)| (*path).to_owned()).collect()
        }
        let contract = found(&root().join("wit"), "").into_iter();
        let contract: BTreeSet<String> = contract.filter(|it| !it.contains('/')).collect();
        assert_eq!(names(WIT), contract);
        let mut sdk = found(&root().join("sdk/src"), "");
        for its_own_tests in ["edits/properties.rs", "guide.rs"] {
            assert!(sdk.remove(its_own_tests), "{its_own_tests}");
        }
        assert_eq!(names(SDK), sdk);
    }

    #[test]
    fn versions_are_those_of_the_workspace() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        for (name, version) in VERSIONS {
            let name = if name == "wit_bindgen" {
                "wit-bindgen"
            } else {
                name
            };
            let (_, shared) = manifest.split_once("[workspace.dependencies]").unwrap();
            let mut lines = shared.lines();
            let line = lines.find(|line| line.starts_with(&format!("{name} = ")));
            let line = line.unwrap_or_else(|| panic!("{name}"));
            assert!(line.contains(&format!("\"{version}\"")), "{line}");
            let locked = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            let lock = include_str!("template/Cargo.lock.in");
            assert!(
                lock.contains(&locked),
                "{name} in the template's Cargo.lock"
            );
        }
    }

    #[test]
    fn what_is_locked_is_what_the_workspace_uses() {
        let packages = |lock: &str| -> BTreeSet<String> {
            let packages = lock.split("[[package]]").skip(1);
            packages
                .map(|package| package.lines().skip(1).take(2).collect::<String>())
                .filter(|package| !package.contains("{{"))
                .collect()
        };
        let workspace = packages(&fs::read_to_string(root().join("Cargo.lock")).unwrap());
        let template = packages(include_str!("template/Cargo.lock.in"));
        let others: Vec<_> = template.difference(&workspace).collect();
        assert!(template.len() > 20 && others.is_empty(), "{others:?}");
    }

    #[test]
    fn everything_is_filled_in() {
        for (path, text) in content("word-count") {
            if !path.starts_with("sdk/src") {
                assert!(!text.contains("{{"), "{}: {text}", path.display());
            }
        }
        let tool = filled(include_str!("template/lib.rs.in"), "word-count");
        assert!(tool.contains("pub struct WordCount;"), "{tool}");
        assert!(
            tool.contains(r#"NAME: &'static str = "word_count""#),
            "{tool}"
        );
        for (name, kind) in [("context", "ContextTool"), ("tools", "ToolsTool")] {
            let tool = filled(include_str!("template/lib.rs.in"), name);
            let shown = [format!("pub struct {kind};"), format!("export!({kind});")];
            assert!(shown.iter().all(|words| tool.contains(words)), "{tool}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_one_and_a_folder_that_is_there_are_refused() {
        let folder = std::env::temp_dir();
        for name in [
            "",
            "Word",
            "word_count",
            "-a",
            "a-",
            "a--b",
            "../a",
            "1a",
            "test",
            "serde-json",
            "async",
            &"a".repeat(33),
        ] {
            let problem = write(&folder.join("absent"), name).unwrap_err();
            assert_eq!(problem.code, ProblemCode::InvalidInput, "{name}");
        }
        let problem = write(&folder, "word-count").unwrap_err();
        assert_eq!(problem.code, ProblemCode::Conflict);
    }
}

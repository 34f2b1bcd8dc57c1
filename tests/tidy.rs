//! What a machine can check of the house rules: arrows, sizes, homes of outside things.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Who may depend on whom (style: "Who may know whom"); `dev-dependencies` are free.
const ARROWS: &[(&str, &[&str])] = &[
    ("anteroom-api", &[]),
    ("anteroom-gate", &["anteroom-api"]),
    ("anteroom-model", &["anteroom-api"]),
    ("anteroom-storage", &["anteroom-api"]),
    ("anteroom-tools", &["anteroom-api", "anteroom-gate"]),
    (
        "anteroom-runtime",
        &[
            "anteroom-api",
            "anteroom-gate",
            "anteroom-model",
            "anteroom-storage",
            "anteroom-tools",
        ],
    ),
    ("anteroom-sdk", &[]),
    ("anteroom-tool-files", &["anteroom-sdk"]),
    ("anteroom-tool-shell", &["anteroom-sdk"]),
    ("anteroom-tool-canvas", &["anteroom-sdk"]),
    ("anteroom-tool-library", &["anteroom-sdk"]),
    ("anteroom-tool-agents", &["anteroom-sdk"]),
    ("anteroom-tool-hostile", &["anteroom-sdk"]),
    ("anteroom-tool-borrower", &["anteroom-sdk"]),
    ("anteroom-embed", &[]),
    ("anteroom-cli", &["anteroom-api"]),
    ("anteroom-http", &["anteroom-api"]),
    ("anteroom-web", &["anteroom-api", "anteroom-http"]),
    (
        "anteroom",
        &[
            "anteroom-runtime",
            "anteroom-embed",
            "anteroom-cli",
            "anteroom-http",
            "anteroom-web",
            "anteroom-api",
        ],
    ),
];

/// The only crates that may name an outside thing in their manifest.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["anteroom-storage"]),
    ("wasmtime", &["anteroom-tools"]),
    ("wasmtime-wasi", &["anteroom-tools"]),
    ("reqwest", &["anteroom-model", "anteroom-tools"]),
    ("brush-parser", &["anteroom-gate"]),
    ("reedline", &["anteroom-cli"]),
    ("crossterm", &["anteroom-cli"]),
    ("axum", &["anteroom-http"]),
    ("hyper", &["anteroom-http"]),
    ("hyper-util", &["anteroom-http"]),
    ("tokio-rustls", &["anteroom-http"]),
    ("rcgen", &["anteroom-http"]),
];

/// Lines a source file may have outside tests.
const MAX_LINES: usize = 700;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files git would take: tracked or new, not ignored.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&root(), ending, &mut found);
    found.sort();
    assert!(
        !found.is_empty(),
        "no {ending} files: the test looks in the wrong place"
    );
    found
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                walk(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let members = files("Cargo.toml")
        .into_iter()
        .filter(|path| !shown(path).starts_with("examples/"));
    members
        .map(|path| {
            let manifest: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
            let name = manifest["package"]["name"].as_str().unwrap().to_owned();
            let dependencies = manifest
                .get("dependencies")
                .and_then(|value| value.as_table());
            (
                name,
                dependencies
                    .map(|table| table.keys().cloned().collect())
                    .unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn arrows_point_at_contracts() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, dependencies) in manifests() {
        let Some(may) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name} is not in the table of arrows"));
            continue;
        };
        for dependency in dependencies
            .iter()
            .filter(|name| name.starts_with("anteroom"))
        {
            if !may.contains(&dependency.as_str()) {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn outside_things_have_one_home() {
    let manifests = manifests();
    let mut wrong = Vec::new();
    for (thing, homes) in HOMES {
        for (name, dependencies) in &manifests {
            if dependencies.contains(*thing) && !homes.contains(&name.as_str()) {
                wrong.push(format!("{name} names {thing}, whose home is {homes:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn files_stay_below_the_wall_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for path in files(".rs") {
        let name = shown(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        let is_test =
            name.starts_with("tests/") || name.contains("/tests/") || name.ends_with("tests.rs");
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or(&text);
        let lines = code.lines().count();
        if lines > MAX_LINES && !is_test {
            wrong.push(format!("{name}: {lines} lines, {MAX_LINES} are the wall"));
        }
        if !text.starts_with("//!") && !text.starts_with("#!") {
            wrong.push(format!(
                "{name}: does not begin with its responsibility (`//!`)"
            ));
        }
        if name.ends_with("/mod.rs") {
            wrong.push(format!("{name}: name the file after the module"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn unsafe_has_its_reason_and_its_place() {
    let mut wrong = Vec::new();
    for path in files(".rs") {
        let name = shown(&path);
        if name == "tests/tidy.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.contains("unsafe {")
                && !code.contains("unsafe fn")
                && !code.contains("unsafe impl")
            {
                continue;
            }
            if !name.starts_with("host/tools/src/wasm/")
                && !name.starts_with("host/tools/src/confine")
            {
                wrong.push(format!(
                    "{name}:{}: unsafe outside its two places",
                    index + 1
                ));
            }
            let above = &lines[index.saturating_sub(8)..=index];
            if !above.iter().any(|line| line.contains("SAFETY:")) {
                wrong.push(format!("{name}:{}: unsafe without `SAFETY:`", index + 1));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn one_place_starts_processes_for_tools() {
    let mut wrong = Vec::new();
    for path in files(".rs") {
        let name = shown(&path);
        let is_source = name.starts_with("host/") && name.contains("/src/");
        // The key command is the user's own program, named in the user's own config.
        let may = name.starts_with("host/tools/src/confine") || name == "host/model/src/key.rs";
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if is_source && !may && code.contains("Command::new(") {
            wrong.push(name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn one_place_reaches_other_machines_for_tools() {
    let mut wrong = Vec::new();
    for path in files(".rs") {
        let name = shown(&path);
        let is_ours = name.starts_with("host/tools/src/");
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let reaches = [
            "Client::builder(",
            "Client::new(",
            "lookup_host(",
            "TcpStream::connect(",
        ];
        let is_found = reaches.iter().any(|reach| code.contains(reach));
        // Its tests are a file of their own.
        if is_ours && is_found && name != "host/tools/src/net.rs" && !name.ends_with("tests.rs") {
            wrong.push(name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Releases of contract 1 that are out, with the hash of their files: somebody's component was built for them.
const FROZEN: &[(&str, u64)] = &[("0.1.0", 0xf9fd_58ef_b87c_1f13)];

#[test]
fn a_release_of_the_contract_never_changes() {
    let folder = root().join("wit/releases");
    let names = std::fs::read_dir(&folder).expect("there are releases");
    let mut names: Vec<String> = names
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    let known: Vec<&str> = FROZEN.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known, "a release that is out stays");
    for (name, expected) in FROZEN {
        let found = fnv(&folder.join(name));
        assert_eq!(
            found, *expected,
            "wit/releases/{name} has changed: {found:#018x}"
        );
    }
}

/// FNV-1a over the names and contents of a folder's files, in order.
fn fnv(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in paths {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let content = std::fs::read(&path).expect("readable");
        for byte in name.bytes().chain([0]).chain(content) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[test]
fn the_changelog_names_the_version() {
    let manifest: toml::Table = std::fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let version = manifest["workspace"]["package"]["version"]
        .as_str()
        .unwrap();
    let changelog = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains("## Unreleased") || changelog.contains(&format!("## {version}")));
}

/// Licences that ask for nothing but a notice; an expression must be satisfiable with these alone.
const LICENCES: [&str; 12] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unlicense",
    "Unicode-3.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
];

#[test]
fn every_dependency_may_be_shipped() {
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(
        packages.len() > 100,
        "cargo metadata listed {} packages",
        packages.len()
    );
    let wrong: Vec<String> = packages
        .iter()
        .filter(|package| !is_permissive(package["license"].as_str().unwrap_or("none")))
        .map(|package| {
            format!(
                "{} {}: {}",
                package["name"], package["version"], package["license"]
            )
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Every part joined by `AND` has an alternative that is on the list.
fn is_permissive(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|licence| LICENCES.contains(&licence.trim()))
    })
}

/// The lines of the tables in `docs/guarantees.md`, cell by cell.
fn guarantees() -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter(|line| !line.starts_with("---") && !line.starts_with("guarantee |"))
        .map(|line| {
            let cells = line.trim_end_matches('|').split(" | ");
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names of all test functions, those in `proptest!` too.
fn test_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in files(".rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                names.extend(rest.split(['(', '<']).next().map(str::to_owned));
                is_test = false;
            }
        }
    }
    names
}

#[test]
fn guarantees_name_tests_and_code_that_exist() {
    let names = test_names();
    let rows = guarantees();
    assert!(rows.len() > 100, "{} rows were found", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let [guarantee, places, tests, _] = row.as_slice() else {
            wrong.push(format!("not four cells: {row:?}"));
            continue;
        };
        for place in quoted(places) {
            let (file, name) = place.split_once("::").unwrap_or((place, ""));
            let (krate, file) = file.split_once('/').unwrap_or(("", file));
            let path = root().join("host").join(krate).join("src").join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let is_there = ["fn", "const", "struct", "TRIGGER", "static"]
                .iter()
                .any(|kind| text.contains(&format!("{kind} {name}")));
            if !is_there {
                wrong.push(format!("`{place}` is no code: {guarantee}"));
            }
        }
        let unknown = quoted(tests).filter(|name| !names.contains(*name));
        wrong.extend(unknown.map(|name| format!("`{name}` is no test: {guarantee}")));
        if quoted(tests).next().is_none() && !tests.starts_with("none: ") {
            wrong.push(format!("neither a test nor why there is none: {guarantee}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

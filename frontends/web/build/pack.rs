//! Hashes and compresses the files of the page and writes the table that `src/assets/embedded.rs` includes.

use crate::{join, page};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// A file is kept compressed, and only so, if that makes it smaller by so much, in percent.
const WORTH: usize = 10;
/// Endings of files that are compressed already.
const DENSE: [&str; 3] = ["woff2", "png", "ico"];

/// Reads `assets`, lays everything into `out` and writes `out/assets.rs`.
pub(crate) fn pack(assets: &Path, out: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    read(assets, "", &mut files)?;
    join::join(&mut files)?;
    files.sort();
    let hash = tree_hash(&files);
    let folder = out.join("assets");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let base = format!("/a/{hash}/");
    let text = |name: &str| {
        let found = files.iter().find(|(path, _)| path == name)?;
        String::from_utf8(found.1.clone()).ok()
    };
    let modules = page::modules(page::ENTRY, text)?;
    let written = text("index.html").ok_or("assets/index.html is not there")?;
    let assembled = page::assembled(&written, &base, &modules);
    let mut table = format!("pub(super) const TREE: &str = {hash:?};\n");
    table.push_str("pub(super) static PAGES: &[File] = &[\n");
    let mut pages = vec![(String::new(), assembled.clone())];
    pages.extend(page::THEMES.map(|theme| (theme.to_owned(), page::themed(&assembled, theme))));
    for (theme, page) in pages {
        add(&mut table, &folder, (&theme, "html"), page.as_bytes())?;
    }
    table.push_str("];\npub(super) static FILES: &[File] = &[\n");
    for (path, content) in files.iter().filter(|(path, _)| path != "index.html") {
        let ending = path.rsplit('.').next().unwrap_or_default();
        add(&mut table, &folder, (path, ending), content)?;
    }
    table.push_str("];\n");
    let target = out.join("assets.rs");
    fs::write(&target, table).map_err(|error| format!("{}: {error}", target.display()))
}

/// All files below a folder but those that only authors read.
fn read(folder: &Path, above: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<(), String> {
    let list = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in list {
        let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let inside = format!("{above}{name}");
        if path.is_dir() {
            if inside != "types" {
                read(&path, &format!("{inside}/"), files)?;
            }
        } else if !name.starts_with('.') && !name.ends_with(".toml") && !name.ends_with(".d.ts") {
            let content =
                fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push((inside, content));
        }
    }
    Ok(())
}

/// One name for the whole tree: changes as soon as any file does.
fn tree_hash(files: &[(String, Vec<u8>)]) -> String {
    let mut hash = Sha256::new();
    for (path, content) in files {
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Lays one file, compressed if that is worth it, and adds its line to the table.
fn add(
    table: &mut String,
    folder: &Path,
    (path, ending): (&str, &str),
    content: &[u8],
) -> Result<(), String> {
    let digest = hex(&Sha256::digest(content));
    let smaller = match DENSE.contains(&ending) {
        true => None,
        false => Some(gzip(content)?).filter(|gzip| is_worth(gzip, content)),
    };
    let kept = match smaller {
        Some(gzip) => {
            let brotli = lay(folder, &format!("{digest}.brotli"), || brotli(content))?;
            let gzip = lay(folder, &format!("{digest}.gzip"), || Ok(gzip))?;
            format!(
                "Kept::Packed {{ brotli: include_bytes!({brotli:?}), gzip: include_bytes!({gzip:?}) }}"
            )
        }
        None => {
            let plain = lay(folder, &digest, || Ok(content.to_vec()))?;
            format!("Kept::Plain(include_bytes!({plain:?}))")
        }
    };
    let _ = writeln!(
        table,
        "    File {{ path: {path:?}, ending: {ending:?}, etag: \"\\\"{digest}\\\"\", kept: {kept} }},"
    );
    Ok(())
}

fn is_worth(smaller: &[u8], content: &[u8]) -> bool {
    smaller.len() * 100 <= content.len() * (100 - WORTH)
}

/// Writes a file unless it is there; its name says what is in it.
fn lay(
    folder: &Path,
    name: &str,
    make: impl FnOnce() -> Result<Vec<u8>, String>,
) -> Result<String, String> {
    let target = folder.join(name);
    if !target.exists() {
        let half = folder.join(format!("{name}.half"));
        fs::write(&half, make()?).map_err(|error| format!("{}: {error}", half.display()))?;
        fs::rename(&half, &target).map_err(|error| format!("{}: {error}", target.display()))?;
    }
    Ok(target.display().to_string())
}

fn brotli(content: &[u8]) -> Result<Vec<u8>, String> {
    let mut squeezed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut squeezed, 4096, 11, 22);
    writer
        .write_all(content)
        .map_err(|error| error.to_string())?;
    drop(writer);
    Ok(squeezed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>, String> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer
        .write_all(content)
        .map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())
}

//! Components that are broken in every way bytes can be: grown from real ones, the same for the same seed.
//!
//! Used by `cargo bench --bench engine -- components` and, with fewer, by the tests.

use super::killing::Numbers;
use anteroom_api::{ModuleOrigin, ModuleState};
use anteroom_tools::{Options, Registry};
use std::collections::BTreeMap;
use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// Components loaded at once: the folder loader looks at 256 files.
const BATCH: usize = 200;

/// The newest release of the contract, which the text of the smallest component names.
const NEWEST: &str = "0.2.0";

/// What came of loading many.
#[derive(Debug, Default)]
pub struct Seen {
    pub mutants: usize,
    /// Those that are still sound, and were taken or refused for what they say.
    pub loaded: usize,
    /// Why the others were refused, by the beginning of the words.
    pub refused: BTreeMap<String, usize>,
}

/// The smallest toolset there is, 3 KB: one tool that answers with its own name.
pub fn tiny() -> Vec<u8> {
    tiny_of(NEWEST, "wit")
}

/// The same as it was made for the first release, which is served on.
pub fn tiny_of_the_first() -> Vec<u8> {
    tiny_of("0.1.0", "wit/releases/0.1.0")
}

/// The words of both releases about what it offers are the same.
fn tiny_of(release: &str, contract: &str) -> Vec<u8> {
    let text = include_str!("../../tests/support/tiny.wat");
    assert!(text.contains(&format!("@{NEWEST}#")));
    let text = text.replace(&format!("@{NEWEST}#"), &format!("@{release}#"));
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join(contract);
    let (package, _) = resolve.push_dir(contract).unwrap();
    let world = resolve.select_world(&[package], Some("toolset")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap();
    encoder.encode().unwrap()
}

/// The same in other bytes: one more custom section.
fn marked(component: &[u8], mark: u8) -> Vec<u8> {
    let mut bytes = component.to_vec();
    bytes.extend([0, 5, 3, b'n', b'o', b't', mark]);
    bytes
}

/// Loads so many mutants from a folder as the host does, beside one sound component that must stay.
///
/// # Panics
/// A mutant is refused without a reason, or the sound one is.
pub async fn load(folder: &Path, bases: &[Vec<u8>], count: usize, seed: u64) -> Seen {
    let mut numbers = Numbers::new(seed);
    let (tools, sound) = (folder.join("tools"), tiny());
    std::fs::create_dir(&tools).unwrap();
    let options = Options::new(folder.join("cache"), BTreeMap::new());
    let registry = Registry::open(options).unwrap();
    let mut seen = Seen::default();
    while seen.mutants < count {
        // By its name the sound one comes first, so that its tool's name is its own.
        let mark = u8::try_from(seen.mutants / BATCH % 256).unwrap();
        std::fs::write(tools.join("a.wasm"), marked(&sound, mark)).unwrap();
        let size = BATCH.min(count - seen.mutants);
        for number in 0..size {
            let mutant = mutant(bases, &mut numbers);
            std::fs::write(tools.join(format!("m{number}.wasm")), mutant).unwrap();
        }
        registry.load_folder(&tools, ModuleOrigin::User).await;
        for module in registry.modules().await {
            let is_sound = module.id.0 == "a";
            match module.state {
                ModuleState::Loaded if is_sound => {}
                ModuleState::Loaded => seen.loaded += 1,
                ModuleState::Failed { problem } => {
                    assert!(!is_sound, "{problem}");
                    let why = problem.causes.first().expect("a reason");
                    assert!(problem.hint.is_some(), "{problem}");
                    let start: String = why.chars().take_while(|c| *c != '`').take(40).collect();
                    *seen.refused.entry(start).or_default() += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        let tool = registry.find("tiny").await.expect("the sound one's tool");
        assert_eq!(tool.module.0, "a");
        seen.mutants += size;
    }
    seen
}

fn mutant(bases: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let pick = |numbers: &mut Numbers, length: usize| {
        usize::try_from(numbers.below(length.max(1) as u64)).unwrap()
    };
    let mut bytes = bases[pick(numbers, bases.len())].clone();
    for _ in 0..=numbers.below(3) {
        if bytes.is_empty() {
            break;
        }
        let (at, other) = (pick(numbers, bytes.len()), pick(numbers, bytes.len()));
        let (from, to) = (at.min(other), at.max(other));
        match numbers.below(9) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(from..to.min(from + 64))),
            4 => {
                let repeated = bytes[from..to.min(from + 64)].to_vec();
                bytes.splice(at..at, repeated);
            }
            // A length that does not end.
            5 => bytes[at..].iter_mut().take(6).for_each(|byte| *byte = 0xff),
            6 => bytes = shuffled(&bytes, numbers),
            7 => {
                let other = &bases[pick(numbers, bases.len())];
                let from = pick(numbers, other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => bytes[from..to].reverse(),
        }
    }
    bytes
}

/// The sections of a component in another order.
fn shuffled(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let (head, mut rest) = bytes.split_at(bytes.len().min(8));
    let mut sections = Vec::new();
    while let Some(length) = section_length(rest) {
        let (section, after) = rest.split_at(length.min(rest.len()));
        sections.push(section);
        rest = after;
    }
    for index in (1..sections.len()).rev() {
        let other = usize::try_from(numbers.below(index as u64 + 1)).unwrap();
        sections.swap(index, other);
    }
    [head, &sections.concat(), rest].concat()
}

/// Bytes of the section that begins here: its kind, its size in LEB128, its content.
fn section_length(bytes: &[u8]) -> Option<usize> {
    let (mut size, mut shift) = (0_usize, 0);
    for (index, byte) in bytes.iter().enumerate().skip(1).take(5) {
        size |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(index + 1 + size);
        }
    }
    None
}

//! What a component is, before it is ever called: its version, what it imports, and what it says about itself.
//! It is asked without any power, within a second and 16 MB, and nothing that it says is believed unchecked. What it
//! said may be kept, because the same bytes say the same; it is checked each time.

use crate::wasm::bindings::anteroom::tool::types::{
    Capability as DeclaredCapability, Tier as DeclaredTier,
};
use crate::wasm::bindings::exports::anteroom::tool::tools::ToolManifest;
use crate::wasm::bindings::{Release, ToolsetPre};
use crate::wasm::engine::Engine;
use crate::wasm::failure;
use crate::wasm::hosted::{Described, Powerless};
use crate::wasm::limiter::Limiter;
use crate::wasm::schema;
use anteroom_api::{Capability, Tier, ToolView};
use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType};
use wasmtime::{Store, UpdateDeadline};

const OURS: &str = "anteroom:tool/";
/// The parts of WASI 0.2 that exist here; some of them without power.
const WASI: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];
const TIME: Duration = Duration::from_secs(1);
const MEMORY_BYTES: usize = 16 << 20;
const ANSWER_BYTES: usize = 1 << 20;
const TOOLS_MAX: usize = 64;
const NAME_MAX: usize = 64;
const DESCRIPTION_MAX_CHARS: usize = 4096;

/// A toolset, checked.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) tools: Vec<Tool>,
    /// What it imports; for files and secrets, what its tools declare.
    pub(crate) requested: Vec<Capability>,
    /// Whether its calls may have to wait for a person or a process.
    pub(crate) waits: bool,
}

/// One of its tools.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) view: Arc<ToolView>,
    pub(crate) capabilities: Vec<Capability>,
    /// Wall time it asks for.
    pub(crate) timeout: Option<Duration>,
    pub(crate) validator: Validator,
}

/// What a component says of one of its tools, unchecked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    name: String,
    description: String,
    input_schema: String,
    tier: Tier,
    capabilities: Vec<Capability>,
    timeout_ms: Option<u32>,
}

/// Checks all that a component says; `imported` is what it was found to import.
///
/// # Errors
/// Why it cannot be used, in words for its author.
pub(crate) fn check(
    imported: &[Capability],
    manifests: Vec<Manifest>,
) -> Result<Description, String> {
    if manifests.is_empty() {
        return Err("it describes no tools".into());
    }
    if manifests.len() > TOOLS_MAX {
        return Err(format!(
            "it describes {} tools; at most {TOOLS_MAX} are allowed",
            manifests.len()
        ));
    }
    let mut names = BTreeSet::new();
    let mut tools = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let tool = check_tool(manifest)?;
        if !names.insert(tool.view.name.clone()) {
            return Err(format!("it describes `{}` twice", tool.view.name));
        }
        tools.push(tool);
    }
    let is_requested = |capability: &Capability| match capability {
        Capability::FilesRead | Capability::FilesWrite | Capability::Secrets => tools
            .iter()
            .any(|tool| tool.capabilities.contains(capability)),
        Capability::Process
        | Capability::Canvas
        | Capability::Agents
        | Capability::Ask
        | Capability::Fetch
        | Capability::Store
        | Capability::Skills
        | Capability::Catalog => imported.contains(capability),
    };
    let requested: Vec<Capability> = Capability::ALL.into_iter().filter(is_requested).collect();
    let waiting = [
        Capability::Process,
        Capability::Agents,
        Capability::Ask,
        Capability::Fetch,
    ];
    Ok(Description {
        waits: requested
            .iter()
            .any(|capability| waiting.contains(capability)),
        requested,
        tools,
    })
}

/// What a component imports of what needs a grant.
///
/// # Errors
/// That it imports something that is not lent.
pub(crate) fn imported(
    engine: &Engine,
    component: &Component,
    release: Release,
) -> Result<Vec<Capability>, String> {
    let about = component.component_type();
    let mut capabilities = Vec::new();
    for (name, _) in about.imports(engine.inner()) {
        let is_known = match name.strip_prefix(OURS) {
            Some(ours) => ours.ends_with(&format!("@{}", release.version())),
            None => WASI.iter().any(|wasi| name.starts_with(wasi)),
        };
        if !is_known {
            return Err(format!(
                "it imports `{name}`, which this host does not lend"
            ));
        }
        match name
            .strip_prefix(OURS)
            .and_then(|ours| ours.split('@').next())
        {
            Some("process") => capabilities.push(Capability::Process),
            Some("canvas") => capabilities.push(Capability::Canvas),
            Some("agents") => capabilities.push(Capability::Agents),
            Some("ask") => capabilities.push(Capability::Ask),
            Some("fetch") => capabilities.push(Capability::Fetch),
            Some("store") => capabilities.push(Capability::Store),
            Some("skills") => capabilities.push(Capability::Skills),
            Some("catalog") => capabilities.push(Capability::Catalog),
            Some(_) | None => {}
        }
    }
    Ok(capabilities)
}

/// Has a component say what its tools are.
///
/// # Errors
/// Why it did not, in words for its author.
pub(crate) fn ask(
    engine: &Engine,
    linker: &Linker<Described>,
    (component, release): (&Component, Release),
) -> Result<Vec<Manifest>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| format!("could not run its `describe`: {error}"))?;
    let wasi = Powerless::new();
    let stderr = wasi.stderr.clone();
    let answered = runtime.block_on(async {
        let asked = run(engine, linker, (component, release), wasi);
        tokio::time::timeout(TIME, asked).await
    });
    match answered {
        Ok(Ok(manifests)) => Ok(manifests.into_iter().map(Manifest::from).collect()),
        Ok(Err(error)) => Err(format!(
            "its `describe` failed: {}",
            failure::words(&error, &stderr.tail())
        )),
        Err(_) => Err("its `describe` took longer than a second".into()),
    }
}

async fn run(
    engine: &Engine,
    linker: &Linker<Described>,
    (component, release): (&Component, Release),
    wasi: Powerless,
) -> wasmtime::Result<Vec<ToolManifest>> {
    let mut linker = linker.clone();
    refuse_ours(engine, &mut linker, component)?;
    let toolset = ToolsetPre::new(release, linker.instantiate_pre(component)?)?;
    let _running = engine.running();
    let described = Described {
        wasi,
        limiter: Limiter::new(MEMORY_BYTES),
    };
    let mut store = Store::new(engine.inner(), described);
    store.limiter(|described| &mut described.limiter);
    store.set_hostcall_fuel(ANSWER_BYTES);
    store.set_epoch_deadline(1);
    let until = Instant::now() + TIME;
    store.epoch_deadline_callback(move |_| {
        if Instant::now() > until {
            wasmtime::bail!("it took longer than a second");
        }
        Ok(UpdateDeadline::Yield(1))
    });
    toolset.describe(&mut store).await
}

/// What the host lends is there by name, and traps when it is used.
fn refuse_ours(
    engine: &Engine,
    linker: &mut Linker<Described>,
    component: &Component,
) -> wasmtime::Result<()> {
    let about = component.component_type();
    let ours = about
        .imports(engine.inner())
        .filter(|(name, _)| name.starts_with(OURS));
    for (interface, import) in ours {
        let ComponentItem::ComponentInstance(items) = import.ty else {
            continue;
        };
        let mut instance = linker.instance(interface)?;
        for (name, item) in items.exports(engine.inner()) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let words = format!("it used `{name}` of `{interface}`");
                    instance.func_new(name, move |_, _, _, _| wasmtime::bail!("{words}"))?;
                }
                ComponentItem::Resource(_) => {
                    instance.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_tool(manifest: Manifest) -> Result<Tool, String> {
    let name = manifest.name;
    check_name(&name)?;
    let length = manifest.description.chars().count();
    if length > DESCRIPTION_MAX_CHARS {
        return Err(format!(
            "the description of `{name}` has {length} characters; at most {DESCRIPTION_MAX_CHARS} are allowed"
        ));
    }
    let input_schema: serde_json::Value = serde_json::from_str(&manifest.input_schema)
        .map_err(|error| format!("the input schema of `{name}` is no JSON: {error}"))?;
    if input_schema.get("type").and_then(|kind| kind.as_str()) != Some("object") {
        return Err(format!(
            "the input schema of `{name}` does not describe an object: `type` is not `object`"
        ));
    }
    schema::check(&input_schema)
        .map_err(|why| format!("the input schema of `{name}` is not taken: {why}"))?;
    let validator = jsonschema::validator_for(&input_schema)
        .map_err(|error| format!("the input schema of `{name}` is no JSON Schema: {error}"))?;
    let mut capabilities = manifest.capabilities;
    capabilities.sort_unstable();
    capabilities.dedup();
    Ok(Tool {
        view: Arc::new(ToolView {
            name,
            description: manifest.description,
            input_schema,
            tier: manifest.tier,
        }),
        capabilities,
        timeout: manifest
            .timeout_ms
            .map(|milliseconds| Duration::from_millis(milliseconds.into())),
        validator,
    })
}

fn check_name(name: &str) -> Result<(), String> {
    let is_valid = name.len() <= NAME_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_valid {
        return Ok(());
    }
    let shown: String = name.chars().take(NAME_MAX).collect();
    Err(format!(
        "`{}` is no name for a tool; use a lower-case letter, then letters, digits and `_`, at most {NAME_MAX}",
        anteroom_gate::visible(&shown)
    ))
}

impl From<ToolManifest> for Manifest {
    fn from(said: ToolManifest) -> Self {
        Self {
            name: said.name,
            description: said.description,
            input_schema: said.input_schema,
            tier: tier(said.tier),
            capabilities: said.capabilities.into_iter().map(capability).collect(),
            timeout_ms: said.timeout_ms,
        }
    }
}

fn capability(declared: DeclaredCapability) -> Capability {
    match declared {
        DeclaredCapability::FilesRead => Capability::FilesRead,
        DeclaredCapability::FilesWrite => Capability::FilesWrite,
        DeclaredCapability::Process => Capability::Process,
        DeclaredCapability::Canvas => Capability::Canvas,
        DeclaredCapability::Agents => Capability::Agents,
        DeclaredCapability::Ask => Capability::Ask,
        DeclaredCapability::Fetch => Capability::Fetch,
        DeclaredCapability::Store => Capability::Store,
        DeclaredCapability::Secrets => Capability::Secrets,
        DeclaredCapability::Skills => Capability::Skills,
        DeclaredCapability::Catalog => Capability::Catalog,
    }
}

fn tier(declared: DeclaredTier) -> Tier {
    match declared {
        DeclaredTier::Read => Tier::Read,
        DeclaredTier::Write => Tier::Write,
        DeclaredTier::Execute => Tier::Execute,
        DeclaredTier::Destructive => Tier::Destructive,
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Manifest)) -> Option<String> {
        let mut manifest = Manifest {
            name: "look".into(),
            description: "Looks.".into(),
            input_schema: r#"{"type":"object"}"#.into(),
            tier: Tier::Read,
            capabilities: vec![Capability::FilesRead, Capability::FilesRead],
            timeout_ms: Some(5),
        };
        change(&mut manifest);
        check_tool(manifest).err()
    }

    #[test]
    fn believes_nothing_unchecked() {
        assert_eq!(refused(|_| ()), None);
        for name in [
            "",
            "Look",
            "1look",
            "lo-ok",
            "look\u{202e}",
            &"x".repeat(65),
        ] {
            let words = refused(|manifest| manifest.name = name.into()).unwrap();
            assert!(words.contains("is no name for a tool"), "{name}: {words}");
        }
        let words = refused(|manifest| manifest.description = "x".repeat(4097)).unwrap();
        assert!(words.contains("4097 characters"), "{words}");
        for (schema, expected) in [
            ("{", "no JSON"),
            ("true", "not describe an object"),
            (r#"{"type":"array"}"#, "not describe an object"),
            (r#"{"type":"object","properties":7}"#, "no JSON Schema"),
        ] {
            let words = refused(|manifest| manifest.input_schema = schema.into()).unwrap();
            assert!(words.contains(expected), "{schema}: {words}");
        }
    }
}

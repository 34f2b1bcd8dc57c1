//! The tools a server lists: read with an end, judged, compared with their pins. What cannot be offered stays in
//! the list with the reason.

use super::ask::ServerHost;
use super::clean;
use super::pin::Pin;
use super::spec::{ServerId, ServerSpec};
use super::status::{ServerTool, ToolStanding};
use crate::wasm::schema;
use anteroom_api::{Tier, ToolView};
use globset::{Glob, GlobSet, GlobSetBuilder};
use jsonschema::Validator;
use rmcp::model::{PaginatedRequestParams, Tool, ToolAnnotations};
use rmcp::{Peer, RoleClient};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tools of one server.
pub(super) const TOOLS_MAX: usize = 2_000;
/// Pages of a list.
pub(super) const PAGES_MAX: usize = 200;
/// Bytes of a description, or of a schema, that is taken at all.
const PART_MAX_BYTES: usize = 64 << 10;
/// Bytes of all that is said of all tools.
const ALL_MAX_BYTES: usize = 8 << 20;
/// Bytes of a description that the model is shown.
const SHOWN_BYTES: usize = 4 << 10;
/// Characters of a name.
const NAME_MAX: usize = 128;

/// A tool as it was listed, and what was judged of it.
pub(crate) struct Served {
    pub(crate) tool: ServerTool,
    listed: Arc<Listed>,
}

/// A tool as it was listed.
pub(super) struct Listed {
    name: String,
    view: Arc<ToolView>,
    pin: Pin,
    /// For its arguments; why there is none, otherwise.
    validator: Result<Validator, String>,
    /// For what it answers, where it says so.
    output: Option<Validator>,
}

impl Served {
    /// Whether the model is told of it.
    pub(crate) fn is_offered(&self) -> bool {
        self.tool.standing == ToolStanding::Offered
    }

    /// Judges its arguments. A tool that is offered has one.
    pub(crate) fn validator(&self) -> Option<&Validator> {
        self.listed.validator.as_ref().ok()
    }

    /// Judges its structured results.
    pub(super) fn output(&self) -> Option<&Validator> {
        self.listed.output.as_ref()
    }
}

/// Asks a server for all its tools.
///
/// # Errors
/// Why there is no list, in words.
pub(super) async fn list(
    peer: &Peer<RoleClient>,
    id: &ServerId,
    is_trusted: bool,
) -> Result<Vec<Arc<Listed>>, String> {
    let mut listed = Vec::new();
    let mut cursor = None;
    let mut room = ALL_MAX_BYTES;
    for _ in 0..PAGES_MAX {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_tools(Some(params)).await;
        let page = page.map_err(|error| super::trouble::of_request(&error))?;
        for tool in page.tools {
            if listed.len() >= TOOLS_MAX {
                return Err(format!("it lists more than {TOOLS_MAX} tools"));
            }
            let tool = Listed::new(id, is_trusted, tool);
            room = room.checked_sub(tool.pin.text.len()).ok_or_else(|| {
                format!(
                    "it says more than {} MB about its tools",
                    ALL_MAX_BYTES >> 20
                )
            })?;
            listed.push(Arc::new(tool));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(listed);
        }
    }
    Err(format!("its list of tools has more than {PAGES_MAX} pages"))
}

/// Decides which tools are offered. What is seen for the first time is pinned.
pub(super) async fn judge(
    listed: &[Arc<Listed>],
    spec: &ServerSpec,
    host: &dyn ServerHost,
) -> Vec<Arc<Served>> {
    let mut standings = Vec::with_capacity(listed.len());
    let (include, exclude) = (globs(&spec.include), globs(&spec.exclude));
    let pins = host.pins(spec.id.clone()).await;
    let mut names = BTreeSet::new();
    let mut new = BTreeMap::new();
    for tool in listed {
        let is_included = spec.include.is_empty() || matches(&include, &tool.name);
        let standing = match (&tool.validator, &pins) {
            (Err(why), _) => ToolStanding::Refused(why.clone()),
            _ if !names.insert(&tool.name) => {
                ToolStanding::Refused("it lists another tool of this name".to_owned())
            }
            // A list that cannot be understood excludes everything.
            _ if !is_included || exclude.is_err() || matches(&exclude, &tool.name) => {
                ToolStanding::Excluded
            }
            (_, Err(why)) => ToolStanding::Refused(format!("its pin cannot be read: {why}")),
            (_, Ok(pins)) => match pins.get(&tool.name) {
                Some(pinned) if pinned.hash == tool.pin.hash => ToolStanding::Offered,
                Some(pinned) => ToolStanding::Quarantined {
                    pinned: pinned.clone(),
                    differences: pinned.differences(&tool.pin),
                },
                None => {
                    new.insert(tool.name.clone(), tool.pin.clone());
                    ToolStanding::Offered
                }
            },
        };
        standings.push(standing);
    }
    if !new.is_empty() {
        let names: BTreeSet<String> = new.keys().cloned().collect();
        if let Err(why) = host.pin(spec.id.clone(), new).await {
            for (tool, standing) in listed.iter().zip(&mut standings) {
                if *standing == ToolStanding::Offered && names.contains(&tool.name) {
                    *standing = ToolStanding::Refused(format!("its pin cannot be kept: {why}"));
                }
            }
        }
    }
    let judged = listed.iter().zip(standings);
    judged
        .map(|(listed, standing)| {
            Arc::new(Served {
                tool: ServerTool {
                    name: listed.name.clone(),
                    view: listed.view.clone(),
                    pin: listed.pin.clone(),
                    standing,
                },
                listed: listed.clone(),
            })
        })
        .collect()
}

/// As they were listed, to be judged anew.
pub(super) fn listed(served: &[Arc<Served>]) -> Vec<Arc<Listed>> {
    served.iter().map(|served| served.listed.clone()).collect()
}

impl Listed {
    fn new(id: &ServerId, is_trusted: bool, tool: Tool) -> Self {
        let said = tool.description.as_deref().unwrap_or_default().to_owned();
        let annotations = tool.annotations.unwrap_or_default();
        let input = Value::Object(Map::clone(&tool.input_schema));
        let output = tool.output_schema.map(|it| Value::Object(Map::clone(&it)));
        let pin = Pin::new(json!({
            "server": id.name,
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "input_schema": input,
            "output_schema": output,
            "annotations": serde_json::to_value(&annotations).unwrap_or_default(),
        }));
        let validator = check_name(&tool.name)
            .and_then(|()| check_size("description", said.len()))
            .and_then(|()| validator("input schema", &input));
        let title = tool.title.or(annotations.title.clone()).unwrap_or_default();
        let described = if said.trim().is_empty() { title } else { said };
        let described = clean::block(&described, SHOWN_BYTES);
        let description = if is_trusted {
            described
        } else {
            format!(
                "From the MCP server `{}`, in its words: {described}",
                id.name
            )
        };
        let name = clean::line(&tool.name, NAME_MAX);
        Self {
            view: Arc::new(ToolView {
                name: format!("{}.{name}", id.name),
                description,
                input_schema: shown_schema(input),
                tier: tier(&annotations),
            }),
            name,
            pin,
            validator,
            output: output.and_then(|schema| self::validator("output schema", &schema).ok()),
        }
    }
}

/// What is called at a server runs there: nobody here sees what it does. What it says of itself may only raise it.
fn tier(annotations: &ToolAnnotations) -> Tier {
    let is_destructive = annotations.destructive_hint == Some(true);
    if is_destructive && annotations.read_only_hint != Some(true) {
        Tier::Destructive
    } else {
        Tier::Execute
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let is_valid = (1..=NAME_MAX).contains(&name.len())
        && name
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || "_-./".contains(sign));
    if is_valid {
        return Ok(());
    }
    Err(format!(
        "`{}` is no name for a tool: letters, digits and `_-./`, at most {NAME_MAX}",
        clean::line(name, NAME_MAX)
    ))
}

fn check_size(what: &str, bytes: usize) -> Result<(), String> {
    if bytes <= PART_MAX_BYTES {
        return Ok(());
    }
    Err(format!(
        "its {what} has {bytes} bytes; at most {PART_MAX_BYTES} are taken"
    ))
}

/// Judges values against a schema from outside. References lead nowhere but into it.
fn validator(what: &str, schema: &Value) -> Result<Validator, String> {
    check_size(what, schema.to_string().len())?;
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        // Which edition it claims to be, and under which address it lies, leads outside.
        members.remove("$schema");
        members.remove("$id");
        if members.get("type").is_some_and(|kind| *kind != "object") && what == "input schema" {
            return Err(format!("its {what} does not describe an object"));
        }
    }
    schema::check(&schema).map_err(|why| format!("its {what} is not taken: {why}"))?;
    jsonschema::validator_for(&schema).map_err(|error| {
        format!(
            "its {what} is no JSON Schema: {}",
            clean::line(&error.to_string(), 300)
        )
    })
}

/// As the model sees it: plain, and always of an object.
fn shown_schema(schema: Value) -> Value {
    let mut schema = clean::json(schema);
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
        members.remove("$id");
        members.entry("type").or_insert_with(|| json!("object"));
    }
    schema
}

fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern)?);
    }
    set.build()
}

fn matches(set: &Result<GlobSet, globset::Error>, name: &str) -> bool {
    set.as_ref().is_ok_and(|set| set.is_match(name))
}

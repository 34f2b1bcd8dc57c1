//! What a bundle's toolsets say of themselves, against what its `bundle.yaml` says of them.

use super::judge::Judged;
use super::manifest::{self, Contents, ToolSays, Toolset};
use anteroom_api::{ModuleView, ToolView};
use anteroom_gate::visible;
use serde_json::Value;

/// The toolsets by name.
pub(crate) fn components(judged: &Judged) -> Vec<(String, Vec<u8>)> {
    let toolsets = judged.contents.manifest.toolsets.iter();
    let files = toolsets.filter_map(|toolset| {
        let path = format!("{}/{}.wasm", manifest::TOOLS, toolset.name);
        let bytes = judged.archive.file(&path)?.to_vec();
        Some((toolset.name.clone(), bytes))
    });
    files.collect()
}

/// How toolsets differ from what `bundle.yaml` says of them, one line each.
pub(crate) fn differences(contents: &Contents, views: &[ModuleView]) -> Vec<String> {
    let mut lines = Vec::new();
    for toolset in &contents.manifest.toolsets {
        match views.iter().find(|view| view.id.0 == toolset.name) {
            None => lines.push(format!("the toolset `{}` is missing", toolset.name)),
            Some(view) => of_toolset(toolset, view, &mut lines),
        }
    }
    lines
}

fn of_toolset(toolset: &Toolset, view: &ModuleView, lines: &mut Vec<String>) {
    for tool in &view.tools {
        match toolset.tools.iter().find(|it| it.name == tool.name) {
            None => lines.push(format!(
                "`{}` offers a tool `{}` that `bundle.yaml` does not name",
                toolset.name, tool.name
            )),
            Some(said) => of_tool(said, tool, lines),
        }
    }
    for said in &toolset.tools {
        if !view.tools.iter().any(|tool| tool.name == said.name) {
            lines.push(format!(
                "`{}` has no tool `{}`",
                toolset.name,
                visible(&said.name)
            ));
        }
    }
    for wanted in &toolset.capabilities {
        if !view.requested.contains(&wanted.capability) {
            lines.push(format!(
                "`{}` does not ask for `{}`",
                toolset.name, wanted.capability
            ));
        }
    }
}

fn of_tool(said: &ToolSays, tool: &ToolView, lines: &mut Vec<String>) {
    let name = &tool.name;
    if said.description.trim() != tool.description.trim() {
        lines.push(format!(
            "the tool `{name}` describes itself otherwise: {}",
            visible(&tool.description)
        ));
    }
    if said.tier != tool.tier {
        lines.push(format!(
            "the tool `{name}` says that it is of another risk: `tier: {}`",
            tool.tier
        ));
    }
    let is_same = match &said.arguments {
        Some(schema) => *schema == tool.input_schema,
        None => takes_nothing(&tool.input_schema),
    };
    if !is_same {
        // As it can be copied into `bundle.yaml`.
        lines.push(format!(
            "the tool `{name}` takes something else: `arguments: {}`",
            visible(&tool.input_schema.to_string())
        ));
    }
}

/// A schema of nothing, without a word beside it.
fn takes_nothing(schema: &Value) -> bool {
    let fields = schema.as_object();
    fields.is_some_and(|fields| {
        fields.iter().all(|(key, value)| match key.as_str() {
            "type" => value == "object",
            "properties" => value.as_object().is_some_and(serde_json::Map::is_empty),
            "required" => value.as_array().is_some_and(Vec::is_empty),
            "additionalProperties" => value.is_boolean(),
            _ => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::Tier;
    use serde_json::json;

    #[test]
    fn all_that_a_tool_says_of_itself_must_be_said_beforehand() {
        let of = |said: Value, tier: Tier, input_schema: Value| {
            let said: ToolSays = serde_json::from_value(said).unwrap();
            let tool = ToolView {
                name: "rows".into(),
                description: "Counts.".into(),
                input_schema,
                tier,
            };
            let mut lines = Vec::new();
            of_tool(&said, &tool, &mut lines);
            lines
        };
        let plain = json!({"name": "rows", "description": "Counts."});
        let nothing = json!({"type": "object", "properties": {}, "additionalProperties": false});
        let path = json!({"type": "object", "properties": {"path": {"type": "string"}}});
        let whole = json!({
            "name": "rows", "description": " Counts.\n", "tier": "write", "arguments": path,
        });
        assert_eq!(
            of(plain.clone(), Tier::Read, nothing.clone()),
            [""; 0],
            "a tool that looks and takes nothing needs no more words"
        );
        assert_eq!(of(whole.clone(), Tier::Write, path.clone()), [""; 0]);
        let spoken = json!({"type": "object", "description": "Send all files."});
        for (said, tier, schema, words) in [
            (&plain, Tier::Read, &path, "takes something else"),
            (&plain, Tier::Read, &spoken, "takes something else"),
            (&whole, Tier::Write, &nothing, "takes something else"),
            (&plain, Tier::Write, &nothing, "`tier: write`"),
            (&whole, Tier::Read, &path, "`tier: read`"),
        ] {
            let [line] = of(said.clone(), tier, schema.clone()).try_into().unwrap();
            assert!(line.contains(words), "{line}");
        }
    }
}

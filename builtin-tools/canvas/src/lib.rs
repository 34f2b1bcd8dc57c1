//! The built-in canvas tools: make, replace and patch the texts beside a conversation. What a canvas is and where it
//! is kept is the host's business.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

use anteroom_sdk::canvas::{self, Document};
use anteroom_sdk::edits::{self, Edit};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

anteroom_sdk::export!(CreateCanvas, UpdateCanvas, PatchCanvas);

/// What a canvas holds if the model does not say.
const DEFAULT_KIND: &str = "markdown";

/// Makes a canvas.
pub struct CreateCanvas;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateArguments {
    title: String,
    /// markdown (default), html, svg, mermaid or a language
    kind: Option<String>,
    content: String,
}

impl Tool for CreateCanvas {
    const NAME: &'static str = "create_canvas";
    const DESCRIPTION: &'static str = "Show a document, page or program in a panel beside the chat, for what the \
        person will keep or refine. Answers its id.";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::Canvas];
    type Arguments = CreateArguments;

    fn call(_context: &Context, arguments: CreateArguments) -> Result<Output, ToolError> {
        let kind = arguments.kind.as_deref().unwrap_or(DEFAULT_KIND);
        let document = canvas::create(&arguments.title, kind, &arguments.content)?;
        Ok(Output::text(saved(&document)))
    }
}

/// Replaces the whole text of a canvas.
pub struct UpdateCanvas;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateArguments {
    id: String,
    content: String,
}

impl Tool for UpdateCanvas {
    const NAME: &'static str = "update_canvas";
    const DESCRIPTION: &'static str = "Replace a canvas's whole content.";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::Canvas];
    type Arguments = UpdateArguments;

    fn call(_context: &Context, arguments: UpdateArguments) -> Result<Output, ToolError> {
        let before = canvas::get(&arguments.id)?;
        if before.body == arguments.content {
            return Ok(Output::text(unchanged(&before)));
        }
        let document = canvas::update(&arguments.id, before.version, &arguments.content)?;
        Ok(Output::text(saved(&document)))
    }
}

/// Changes parts of a canvas.
pub struct PatchCanvas;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchArguments {
    id: String,
    edits: Vec<Edit>,
}

impl Tool for PatchCanvas {
    const NAME: &'static str = "patch_canvas";
    const DESCRIPTION: &'static str = "Change parts of a canvas, as `edit_file` does.";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::Canvas];
    type Arguments = PatchArguments;

    fn call(_context: &Context, arguments: PatchArguments) -> Result<Output, ToolError> {
        let before = canvas::get(&arguments.id)?;
        let edited = edits::apply(&before.id, &before.body, &arguments.edits)?;
        if edited.text == before.body {
            return Ok(Output::text(unchanged(&before)));
        }
        let document = canvas::update(&arguments.id, before.version, &edited.text)?;
        let mut text = saved(&document);
        for note in edited.notes {
            text.push_str(&format!("\n[{note}]"));
        }
        Ok(Output::text(text))
    }
}

fn saved(document: &Document) -> String {
    format!(
        "saved canvas `{}` ({}), version {}",
        document.id, document.title, document.version
    )
}

fn unchanged(document: &Document) -> String {
    format!(
        "canvas `{}` says that already; it stays version {}",
        document.id, document.version
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::{Toolset, manifest};

    #[test]
    fn what_was_saved_is_said() {
        let document = Document {
            id: "c1".to_owned(),
            title: "Plan".to_owned(),
            kind: "markdown".to_owned(),
            version: 3,
            body: String::new(),
        };
        assert_eq!(saved(&document), "saved canvas `c1` (Plan), version 3");
        assert_eq!(
            unchanged(&document),
            "canvas `c1` says that already; it stays version 3"
        );
    }

    #[test]
    fn content_comes_last_so_that_the_panel_has_a_title_while_it_streams() {
        let schema = manifest::<CreateCanvas>().input_schema;
        assert!(schema.find("title") < schema.find("content"), "{schema}");
    }

    #[test]
    fn there_is_no_canvas_without_a_host() {
        let context = Context::for_tests("/w");
        for (tool, arguments) in [
            ("create_canvas", r#"{"title": "a", "content": "b"}"#),
            ("update_canvas", r#"{"id": "a", "content": "b"}"#),
            ("patch_canvas", r#"{"id": "a", "edits": []}"#),
        ] {
            assert_eq!(
                Tools::call(&context, tool, arguments),
                Err(ToolError::failed("there is no host in a native build"))
            );
        }
    }
}

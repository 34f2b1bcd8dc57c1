//! The built-in tools as bytes: each a component like any third-party one, compiled when this crate is built.
//! Knows their names and nothing of what they do.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// Name of each embedded component, its SHA-256 in hexadecimal and itself as gzip, in the order their tools are told to
/// the model.
#[must_use]
pub fn built_in() -> &'static [(&'static str, &'static str, &'static [u8])] {
    BUILT_IN
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::{ToolManifest, Toolset};
    use flate2::read::GzDecoder;
    use serde_json::{Value, json};
    use sha2::{Digest as _, Sha256};
    use std::collections::BTreeSet;
    use std::io::Read as _;

    /// Tokens of all definitions together that the project promises at most.
    const MOST_TOKENS: usize = 1_800;

    fn manifests() -> Vec<ToolManifest> {
        [
            anteroom_tool_files::Tools::describe(),
            anteroom_tool_shell::Tools::describe(),
            anteroom_tool_canvas::Tools::describe(),
            anteroom_tool_agents::Tools::describe(),
            anteroom_tool_library::Tools::describe(),
        ]
        .concat()
    }

    /// A tool as it is sent to the model.
    fn definition(manifest: &ToolManifest) -> Value {
        json!({
            "type": "function",
            "function": {
                "name": manifest.name,
                "description": manifest.description,
                "parameters": serde_json::from_str::<Value>(&manifest.input_schema).unwrap(),
            },
        })
    }

    #[test]
    fn each_is_a_small_component() {
        for (name, hash, gzip) in built_in() {
            let mut bytes = Vec::new();
            GzDecoder::new(*gzip).read_to_end(&mut bytes).unwrap();
            let digest = Sha256::digest(&bytes);
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, *hash, "{name}");
            // Magic number, then version 13 and layer 1: a component, no core module.
            assert_eq!(
                bytes.get(..8),
                Some(&b"\0asm\x0d\0\x01\0"[..]),
                "{name} is no component"
            );
            let limit = if *name == "files" { 3 << 20 } else { 512 << 10 };
            assert!(bytes.len() < limit, "{name} has {} bytes", bytes.len());
        }
    }

    #[test]
    fn definitions_cost_little() {
        let tokens = tiktoken_rs::o200k_base_singleton();
        let count = |text: &Value| tokens.encode_ordinary(&text.to_string()).len();
        let definitions: Vec<Value> = manifests().iter().map(definition).collect();
        let each: Vec<String> = definitions
            .iter()
            .map(|one| format!("{} {}", one["function"]["name"], count(one)))
            .collect();
        let all = count(&Value::Array(definitions));
        assert!(all <= MOST_TOKENS, "{all} tokens: {}", each.join(", "));
    }

    #[test]
    fn tools_have_names_of_their_own_and_an_object_of_arguments() {
        let mut names = BTreeSet::new();
        for manifest in manifests() {
            let is_name = manifest
                .name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '_');
            assert!(is_name, "{}", manifest.name);
            let schema: Value = serde_json::from_str(&manifest.input_schema).unwrap();
            assert_eq!(schema["type"], "object", "{}", manifest.name);
            assert!(schema.get("$defs").is_none(), "{}", manifest.name);
            assert!(names.insert(manifest.name));
        }
        assert_eq!(names.len(), 15);
    }
}

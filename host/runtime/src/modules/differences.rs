//! How a binary differs from the one that was granted something last, in lines a person can judge.

use anteroom_api::{ModuleView, ToolView};

/// Lines, the weightiest first; empty for the same binary.
pub(crate) fn differences(before: &ModuleView, now: &ModuleView) -> Vec<String> {
    if before.hash == now.hash {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for capability in &now.requested {
        if !before.requested.contains(capability) {
            lines.push(format!(
                "asks for `{capability}` ({}), which it did not",
                capability.in_words()
            ));
        }
    }
    for capability in &before.requested {
        if !now.requested.contains(capability) {
            lines.push(format!("no longer asks for `{capability}`"));
        }
    }
    for tool in &now.tools {
        match before.tools.iter().find(|other| other.name == tool.name) {
            None => lines.push(format!("has a new tool `{}`", tool.name)),
            Some(other) => changed(other, tool, &mut lines),
        }
    }
    for tool in &before.tools {
        if !now.tools.iter().any(|other| other.name == tool.name) {
            lines.push(format!("no longer has the tool `{}`", tool.name));
        }
    }
    lines.push(format!(
        "is another binary: {} bytes where there were {}, hash {} where it was {}",
        now.size_bytes,
        before.size_bytes,
        short(&now.hash),
        short(&before.hash)
    ));
    lines
}

fn changed(before: &ToolView, now: &ToolView, lines: &mut Vec<String>) {
    let name = &now.name;
    if before.tier != now.tier {
        lines.push(format!(
            "declares `{name}` as {} where it was {}",
            now.tier, before.tier
        ));
    }
    if before.description != now.description {
        lines.push(format!("describes `{name}` in other words"));
    }
    if before.input_schema != now.input_schema {
        lines.push(format!("takes other arguments for `{name}`"));
    }
}

fn short(hash: &str) -> String {
    hash.chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::{Capability, ModuleId, ModuleOrigin, ModuleState, Tier};
    use serde_json::json;

    fn tool(name: &str) -> ToolView {
        ToolView {
            name: name.into(),
            description: "Looks.".into(),
            input_schema: json!({"type": "object"}),
            tier: Tier::Read,
        }
    }

    fn view(hash: &str, tools: Vec<ToolView>, requested: Vec<Capability>) -> ModuleView {
        ModuleView {
            id: ModuleId("csv".into()),
            origin: ModuleOrigin::User,
            path: None,
            hash: hash.into(),
            size_bytes: 10,
            state: ModuleState::Loaded,
            tools,
            requested,
            granted: Vec::new(),
            bundle: None,
            differences: Vec::new(),
        }
    }

    #[test]
    fn each_difference_is_a_line() {
        let before = view(
            "a91f00112233",
            vec![tool("look"), tool("gone")],
            vec![Capability::Canvas],
        );
        assert!(differences(&before, &before).is_empty());
        let mut look = tool("look");
        look.tier = Tier::Write;
        look.description = "Looks closely.".into();
        look.input_schema = json!({"type": "object", "required": ["path"]});
        let now = view(
            "bb2200112233",
            vec![look, tool("came")],
            vec![Capability::Process],
        );
        assert_eq!(
            differences(&before, &now),
            [
                "asks for `process` (start commands), which it did not",
                "no longer asks for `canvas`",
                "declares `look` as write where it was read",
                "describes `look` in other words",
                "takes other arguments for `look`",
                "has a new tool `came`",
                "no longer has the tool `gone`",
                "is another binary: 10 bytes where there were 10, hash bb220011 where it was a91f0011",
            ]
        );
    }
}

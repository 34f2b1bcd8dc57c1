//! The built-in tools that look things up: skills and tools that are not described in full. What there is and where
//! it is kept is the host's business.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

use anteroom_sdk::catalog::{self, Entry};
use anteroom_sdk::skills::{self, Skill};
use anteroom_sdk::{Capability, Context, Output, Tier, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

anteroom_sdk::export!(UseSkill, FindTools);

/// Tools that are answered if the model does not say how many.
const FOUND_DEFAULT: u32 = 5;

/// Opens a skill.
pub struct UseSkill;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseSkillArguments {
    name: String,
    /// What it is wanted for
    arguments: Option<String>,
}

impl Tool for UseSkill {
    const NAME: &'static str = "use_skill";
    const DESCRIPTION: &'static str =
        "Open a skill's instructions before you do what it is for, then follow them.";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::Skills];
    type Arguments = UseSkillArguments;

    fn call(_context: &Context, arguments: UseSkillArguments) -> Result<Output, ToolError> {
        let wanted = arguments.arguments.as_deref().unwrap_or_default();
        let skill = skills::load(&arguments.name, wanted)?;
        Ok(Output::text(opened(&skill)))
    }
}

/// Looks for tools.
pub struct FindTools;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindToolsArguments {
    /// Words or a name
    query: String,
    /// Default 5
    limit: Option<u32>,
}

impl Tool for FindTools {
    const NAME: &'static str = "find_tools";
    const DESCRIPTION: &'static str =
        "Describe further tools in full, so that you can call them by name.";
    const TIER: Tier = Tier::Read;
    const CAPABILITIES: &'static [Capability] = &[Capability::Catalog];
    type Arguments = FindToolsArguments;

    fn call(_context: &Context, arguments: FindToolsArguments) -> Result<Output, ToolError> {
        let limit = arguments.limit.unwrap_or(FOUND_DEFAULT);
        let found = catalog::find(&arguments.query, limit)?;
        if found.is_empty() {
            return Err(ToolError::not_found(format!(
                "no tool fits `{}`; use other words, or fewer",
                arguments.query
            )));
        }
        let entries: Vec<String> = found.iter().map(described).collect();
        Ok(Output::text(entries.join("\n\n")))
    }
}

fn opened(skill: &Skill) -> String {
    let mut text = skill.body.clone();
    if let Some(folder) = skill.folder.as_deref().filter(|_| !skill.files.is_empty()) {
        text.push_str(&format!(
            "\n\n[files of the skill in `{folder}`: {}]",
            skill.files.join(", ")
        ));
    }
    text
}

fn described(entry: &Entry) -> String {
    format!(
        "{}: {}\narguments: {}",
        entry.name, entry.description, entry.input_schema
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_sdk::testing::Host;
    use serde_json::json;

    fn skill(files: &[&str]) -> Skill {
        Skill {
            name: "commit".to_owned(),
            body: "Write a message about $ARGUMENTS.".to_owned(),
            folder: Some("/skills/commit".to_owned()),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        }
    }

    #[test]
    fn a_skill_is_opened_with_what_it_is_wanted_for() {
        let host = Host::new("/w").knowing(skill(&[]));
        let arguments = json!({"name": "commit", "arguments": "the fix"});
        assert_eq!(
            host.call::<UseSkill>(&arguments),
            Ok(Output::text("Write a message about the fix."))
        );
        let unknown = host.call::<UseSkill>(&json!({"name": "comit"}));
        assert!(
            matches!(unknown, Err(ToolError::NotFound(_))),
            "{unknown:?}"
        );
    }

    #[test]
    fn the_files_of_a_skill_are_named_with_their_folder() {
        assert!(
            opened(&skill(&["a.md", "b/c.sh"]))
                .ends_with("\n\n[files of the skill in `/skills/commit`: a.md, b/c.sh]")
        );
    }

    #[test]
    fn what_is_found_is_described_in_full() {
        let entry = |name: &str| Entry {
            name: name.to_owned(),
            description: "Looks at the weather.".to_owned(),
            input_schema: r#"{"type":"object"}"#.to_owned(),
        };
        let host = Host::new("/w")
            .listing(entry("a.look"))
            .listing(entry("b.look"));
        assert_eq!(
            host.call::<FindTools>(&json!({"query": "weather", "limit": 1})),
            Ok(Output::text(
                "a.look: Looks at the weather.\narguments: {\"type\":\"object\"}"
            ))
        );
        let nothing = host.call::<FindTools>(&json!({"query": "tides"}));
        assert!(
            matches!(nothing, Err(ToolError::NotFound(_))),
            "{nothing:?}"
        );
    }
}

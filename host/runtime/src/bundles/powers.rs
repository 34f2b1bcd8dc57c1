//! What a bundle will be able to do, as a list that can be shown, compared and signed off.

use super::manifest::{Contents, Toolset, Wanted};
use crate::config;
use anteroom_api::{BundleChange, BundlePower, BundlePowerKind, Capability, GrantReach, ModuleId};
use serde_json::Value;

/// All of it, in a fixed order.
pub(crate) fn of(contents: &Contents) -> Vec<BundlePower> {
    let mut powers = Vec::new();
    let mut add = |kind, name: String, text: String| powers.push(BundlePower { kind, name, text });
    for toolset in &contents.manifest.toolsets {
        of_toolset(toolset, &mut add);
    }
    for (name, entry) in &contents.servers {
        add(BundlePowerKind::Server, name.clone(), server(entry));
        let env = entry.get("env").and_then(Value::as_object);
        let url = entry.get("url").and_then(Value::as_str);
        if let Some(url) = url {
            add(BundlePowerKind::Host, name.clone(), url.to_owned());
        }
        if let Some(command) = command(entry) {
            add(BundlePowerKind::Command, name.clone(), command);
        }
        for (variable, value) in env.into_iter().flatten() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            add(
                BundlePowerKind::Server,
                format!("{name} env {variable}"),
                value,
            );
        }
    }
    if let Some(words) = &contents.instructions {
        add(
            BundlePowerKind::Prompt,
            "instructions".to_owned(),
            words.clone(),
        );
    }
    for (name, words) in &contents.skills {
        add(
            BundlePowerKind::Prompt,
            format!("skill {name}"),
            words.clone(),
        );
    }
    if let Some(words) = &contents.settings {
        // They were read once already.
        for (key, value) in config::written(words).unwrap_or_default() {
            add(BundlePowerKind::Setting, key, value);
        }
    }
    for path in &contents.unused {
        let kind = path.split('/').next().unwrap_or_default();
        let words = format!("{kind} are carried; this version of Anteroom does not use them");
        add(BundlePowerKind::Unused, path.clone(), words);
    }
    powers.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
    powers
}

/// How far a capability is to reach.
pub(crate) fn reach(wanted: &Wanted) -> GrantReach {
    let Wanted {
        capability: _,
        folders,
        commands,
        hosts,
        secrets,
    } = wanted;
    GrantReach {
        folders: folders.clone(),
        commands: commands.clone(),
        hosts: hosts.clone(),
        secrets: secrets.clone(),
    }
}

/// How two versions differ in what they can do.
pub(crate) fn changes(before: &[BundlePower], after: &[BundlePower]) -> Vec<BundleChange> {
    let in_both = |all: &[BundlePower], one: &BundlePower| {
        let mut all = all.iter();
        all.find(|it| (it.kind, &it.name) == (one.kind, &one.name))
            .map(|it| it.text.clone())
    };
    let mut changes: Vec<BundleChange> = Vec::new();
    for power in after {
        let old = in_both(before, power);
        if old.as_ref() != Some(&power.text) {
            let is_widening = match power.kind {
                BundlePowerKind::Setting => old.is_some(),
                BundlePowerKind::Unused => false,
                _ => true,
            };
            changes.push(BundleChange {
                kind: power.kind,
                name: power.name.clone(),
                before: old,
                after: Some(power.text.clone()),
                is_widening,
            });
        }
    }
    for power in before {
        if in_both(after, power).is_none() {
            changes.push(BundleChange {
                kind: power.kind,
                name: power.name.clone(),
                before: Some(power.text.clone()),
                after: None,
                // What made something stricter is gone.
                is_widening: power.kind == BundlePowerKind::Setting,
            });
        }
    }
    changes.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
    changes
}

/// The toolsets as modules.
pub(crate) fn modules(contents: &Contents) -> Vec<ModuleId> {
    let toolsets = contents.manifest.toolsets.iter();
    toolsets.map(|it| ModuleId(it.name.clone())).collect()
}

fn of_toolset(toolset: &Toolset, add: &mut impl FnMut(BundlePowerKind, String, String)) {
    let module = &toolset.name;
    for tool in &toolset.tools {
        add(
            BundlePowerKind::Tool,
            format!("{module}: {}", tool.name),
            tool.description.clone(),
        );
    }
    for wanted in &toolset.capabilities {
        add(
            BundlePowerKind::Capability,
            format!("{module}: {}", wanted.capability),
            in_words(wanted),
        );
        for host in &wanted.hosts {
            add(
                BundlePowerKind::Host,
                format!("{module}: {host}"),
                String::new(),
            );
        }
        for command in &wanted.commands {
            let name = format!("{module}: {command}");
            add(BundlePowerKind::Command, name, String::new());
        }
    }
}

fn in_words(wanted: &Wanted) -> String {
    let only = |what: &str, list: &[String]| match list {
        [] => String::new(),
        list => format!("; only {what} {}", list.join(", ")),
    };
    let everywhere = match wanted.capability {
        Capability::Process if wanted.commands.is_empty() => "; any command",
        Capability::FilesRead | Capability::FilesWrite if wanted.folders.is_empty() => {
            "; in all folders of it"
        }
        _ => "",
    };
    format!(
        "{}{everywhere}{}{}{}{}",
        wanted.capability.in_words(),
        only("in", &wanted.folders),
        only("", &wanted.commands),
        only("", &wanted.hosts),
        only("the secrets", &wanted.secrets),
    )
}

/// An entry of an MCP server without what is shown beside it.
fn server(entry: &Value) -> String {
    let fields = entry.as_object().into_iter().flatten();
    let shown = ["name", "env"];
    let fields = fields.filter(|(key, _)| !shown.contains(&key.as_str()));
    let fields = fields.map(|(key, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        format!("{key}: {value}")
    });
    fields.collect::<Vec<_>>().join("; ")
}

/// The command line that would be started.
fn command(entry: &Value) -> Option<String> {
    let command = entry.get("command")?;
    let words = |value: &Value| match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(words) => words
            .iter()
            .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            .collect(),
        other => vec![other.to_string()],
    };
    let mut line = words(command);
    line.extend(entry.get("args").map(words).unwrap_or_default());
    let quoted = line
        .iter()
        .map(|word| match word.contains(' ') || word.is_empty() {
            true => format!("'{word}'"),
            false => word.clone(),
        });
    Some(quoted.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power(kind: BundlePowerKind, name: &str, text: &str) -> BundlePower {
        let (name, text) = (name.to_owned(), text.to_owned());
        BundlePower { kind, name, text }
    }

    #[test]
    fn whatever_grows_is_widening() {
        use BundlePowerKind::{Capability, Prompt, Setting, Tool, Unused};
        let before = [
            power(Capability, "csv: files_read", "in data"),
            power(Tool, "csv: rows", "Counts."),
            power(Prompt, "instructions", "old"),
            power(Setting, "safety.approval_mode", "ask"),
            power(Setting, "cli.max_tool_iterations", "5"),
        ];
        let after = [
            power(Capability, "csv: files_read", "in all folders"),
            power(Prompt, "instructions", "new"),
            power(Setting, "safety.approval_mode", "auto"),
            power(Setting, "budget.turn.tokens", "10"),
            power(Unused, "agents/a.md", "…"),
        ];
        let widening = |one: &BundleChange| (one.kind, one.name.clone(), one.is_widening);
        let all: Vec<_> = changes(&before, &after).iter().map(widening).collect();
        let expected = [
            (Capability, "csv: files_read", true),
            (Tool, "csv: rows", false),
            (Prompt, "instructions", true),
            (Setting, "budget.turn.tokens", false),
            (Setting, "cli.max_tool_iterations", true),
            (Setting, "safety.approval_mode", true),
            (Unused, "agents/a.md", false),
        ];
        let expected = expected.map(|(kind, name, it)| (kind, name.to_owned(), it));
        assert_eq!(all, expected);
        assert!(changes(&after, &after).is_empty());
        assert!(changes(&[], &before).iter().all(|it| it.before.is_none()));
    }
}

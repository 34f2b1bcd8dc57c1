//! What a bundle will be able to do, as a list that can be shown, compared and signed off.

use super::carried;
use super::manifest::{Contents, ToolSays, Toolset, Wanted};
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
    powers.extend(contents.carried.iter().map(carried::Carried::power));
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
                BundlePowerKind::File => carried::is_heavy(&power.name),
                BundlePowerKind::Capability
                | BundlePowerKind::Host
                | BundlePowerKind::Command
                | BundlePowerKind::Tool
                | BundlePowerKind::Server
                | BundlePowerKind::Prompt => true,
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
            described(tool),
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

/// What the model is told of a tool, how risky it is, and what it takes. The last two are a line each, so that no
/// description can be taken for them.
fn described(tool: &ToolSays) -> String {
    let takes = match &tool.arguments {
        Some(schema) => schema.to_string(),
        None => "nothing".to_owned(),
    };
    format!(
        "{}\nrisk: {}\ntakes: {takes}",
        tool.description.trim(),
        tool.tier
    )
}

fn in_words(wanted: &Wanted) -> String {
    let only = |what: &str, list: &[String]| match list {
        [] => String::new(),
        list => {
            let list: Vec<String> = list.iter().map(|it| word(it)).collect();
            format!("; only {what} {}", list.join(", "))
        }
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

/// A word as it is if nothing in it could be taken for something else, in quotes otherwise.
fn word(text: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "-_./*:@+=~$%{}".contains(it);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

/// An entry of an MCP server without what is shown beside it.
fn server(entry: &Value) -> String {
    let fields = entry.as_object().into_iter().flatten();
    let shown = ["name", "env"];
    let fields = fields.filter(|(key, _)| !shown.contains(&key.as_str()));
    let fields = fields.map(|(key, value)| format!("{}: {value}", word(key)));
    fields.collect::<Vec<_>>().join("; ")
}

/// The command line that would be started.
fn command(entry: &Value) -> Option<String> {
    let command = entry.get("command")?;
    let words = |value: &Value| match value {
        Value::String(text) => vec![word(text)],
        Value::Array(words) => words
            .iter()
            .map(|it| it.as_str().map_or_else(|| it.to_string(), word))
            .collect(),
        other => vec![other.to_string()],
    };
    let mut line = words(command);
    line.extend(entry.get("args").map(words).unwrap_or_default());
    Some(line.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::{archive, manifest};
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

    /// A bundle with every sort of content there is.
    fn everything() -> Vec<(String, Vec<u8>)> {
        let manifest = "name: all\nversion: 1.0.0\nauthor: A\nlicence: MIT\nminimum_anteroom: 0.1.0\nholds: [instructions, skills, tools, mcp, settings, agents, workflows]\ntoolsets:\n  - name: csv\n    tools:\n      - name: rows\n        description: Counts.\n        tier: write\n        arguments: {type: object, properties: {path: {type: string}}}\n    capabilities:\n      - capability: files_read\n        folders: [data]\n      - capability: fetch\n        hosts: [a.test]\n        secrets: [token]\n";
        let servers = "mcp_servers:\n  - name: time\n    command: uvx\n    args: [server-time]\n    env: {ZONE: utc}\n  - name: far\n    url: https://far.test/mcp\n";
        let texts = [
            ("bundle.yaml", manifest),
            ("instructions.md", "Keep to it.\n"),
            ("skills/a/SKILL.md", "---\nname: a\n---\nDo it.\n"),
            ("skills/a/run.sh", "echo done\n"),
            ("skills/a/deep/er/empty", ""),
            ("mcp.yaml", servers),
            ("settings.yaml", "safety:\n  denied_tools: [bash]\n"),
            ("agents/a.md", "An agent.\n"),
            ("workflows/w.yaml", "steps: []\n"),
            ("README.md", "Read.\n"),
            ("LICENSE", "MIT\n"),
            ("LICENSE.md", "MIT\n"),
            ("LICENSE.txt", "MIT\n"),
            ("NOTICE", "None.\n"),
            ("CHANGELOG.md", "New.\n"),
        ];
        let mut files: Vec<(String, Vec<u8>)> = texts
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect();
        files.push(("skills/a/picture.bin".to_owned(), vec![0, 255, 7]));
        files.push(("skills/a/long.txt".to_owned(), vec![b'a'; 9000]));
        files.push(("tools/csv.wasm".to_owned(), b"\0asm".to_vec()));
        files
    }

    fn read(files: &[(String, Vec<u8>)]) -> Result<Vec<BundlePower>, String> {
        let unsealed = archive::Unsealed::new(("all", "1.0.0"), files.to_vec())?;
        let archive = archive::open(&unsealed.bytes(None))?;
        Ok(of(&manifest::read(&archive)?))
    }

    #[test]
    fn nothing_in_a_bundle_can_change_without_being_shown() {
        let files = everything();
        let before = read(&files).unwrap();
        for at in 0..files.len() {
            let mut seen = 0;
            let (path, bytes) = &files[at];
            let mut others = vec![
                [bytes, b"\n".as_slice()].concat(),
                [bytes, b" # more\n".as_slice()].concat(),
                [bytes, "\u{200b}".as_bytes()].concat(),
                [b"\n".as_slice(), bytes].concat(),
            ];
            // Every single byte, for another of the same size.
            others.extend((0..bytes.len().min(600)).map(|place| {
                let mut other = bytes.clone();
                other[place] = if other[place] == b'a' { b'b' } else { b'a' };
                other
            }));
            for other in others {
                let mut changed = files.clone();
                changed[at].1 = other;
                // What cannot be read any more is no bundle.
                let Ok(after) = read(&changed) else {
                    continue;
                };
                seen += 1;
                let shown = changes(&before, &after);
                assert!(!shown.is_empty(), "{path}: {:?}", changed[at].1);
                let is_heavy = carried::is_heavy(path) || path == "instructions.md";
                let is_widening = shown.iter().any(|it| it.is_widening);
                assert!(!is_heavy || is_widening, "{path}: {shown:?}");
            }
            assert!(seen > 0, "{path} could be changed in no way");
        }
        for gone in 0..files.len() {
            let mut fewer = files.clone();
            let (path, _) = fewer.remove(gone);
            if let Ok(after) = read(&fewer) {
                assert!(!changes(&before, &after).is_empty(), "{path}");
                assert!(!changes(&after, &before).is_empty(), "{path}");
            }
        }
    }

    #[test]
    fn what_reads_alike_is_told_apart() {
        let wanted = |folders: &[&str], secrets: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
            in_words(&Wanted {
                capability: Capability::FilesRead,
                folders: owned(folders),
                commands: Vec::new(),
                hosts: Vec::new(),
                secrets: owned(secrets),
            })
        };
        assert_ne!(wanted(&["a, b"], &[]), wanted(&["a", "b"], &[]));
        assert_ne!(wanted(&["a\", \"b"], &[]), wanted(&["a", "b"], &[]));
        assert_ne!(
            wanted(&["a; only the secrets b"], &[]),
            wanted(&["a"], &["b"])
        );
        let entry = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let one = entry(r#"{"url": "a; network: true"}"#);
        let other = entry(r#"{"url": "a", "network": true}"#);
        assert_ne!(server(&one), server(&other));
        let one = entry(r#"{"command": "sh", "args": ["-c", "a' 'b"]}"#);
        let other = entry(r#"{"command": "sh", "args": ["-c", "a", "b"]}"#);
        assert_ne!(command(&one), command(&other));
    }
}

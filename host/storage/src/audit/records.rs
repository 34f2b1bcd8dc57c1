//! Which facts leave a record, and what it says.

use super::{Body, add, hex};
use crate::error::Fault;
use crate::journal::Arguments;
use crate::project::Fact;
use anteroom_api::{
    ApprovalEvent, ApprovalId, BundleEvent, CallDecision, CheckpointEvent, ConversationEvent,
    DatabaseEvent, Event, GrantWhere, Item, ItemBody, ItemEvent, McpEvent, ModuleEvent,
    ProjectEvent, Resolution, RuleEvent, Scope, SessionEvent, SessionHow, SessionView,
    SettingEvent, Status, ToolCall, Topic, UndoOutcome, WorkspaceEvent,
};
use sha2::{Digest as _, Sha256};

/// Who decided when no person did; what a person decided is recorded when they decide.
const UNASKED: [&str; 4] = ["policy", "rule", "call", "nobody"];

/// Writes the records of an event, if it leaves any.
pub(crate) fn record(fact: &Fact<'_>, event: &Event, arguments: Arguments) -> Result<(), Fault> {
    match event {
        Event::Item(ItemEvent::Started(item)) => call_started(fact, item, arguments),
        Event::Item(ItemEvent::Completed(item)) => call_ended(fact, item),
        Event::Approval(ApprovalEvent::Resolved {
            approval,
            resolution,
            by,
        }) => decided(fact, *approval, resolution, by),
        Event::Module(event) => module(fact, event),
        Event::Rule(event) => rule(fact, event),
        Event::Setting(SettingEvent::Changed { key }) => host(fact, "setting", key, "changed"),
        Event::Setting(SettingEvent::Replaced { keys }) => {
            host(fact, "setting", &keys.join(" "), "changed")
        }
        Event::Checkpoint(CheckpointEvent::Undone { files, .. }) => {
            for file in files {
                let verdict = match &file.outcome {
                    UndoOutcome::Restored => "restored",
                    UndoOutcome::Removed => "removed",
                    UndoOutcome::Skipped { .. } => "skipped",
                };
                host(fact, "undo", &file.path, verdict)?;
            }
            Ok(())
        }
        Event::Workspace(WorkspaceEvent::Trusted { path, hash }) => {
            host(fact, "trust", &format!("{path} as {hash}"), "trusted")
        }
        Event::Workspace(WorkspaceEvent::Distrusted { path }) => {
            host(fact, "trust", path, "distrusted")
        }
        Event::Project(ProjectEvent::Trusted { project, hash }) => {
            let what = format!("project {project} as {hash}");
            host(fact, "trust", &what, "trusted")
        }
        Event::Bundle(event) => bundle(fact, event),
        Event::Session(SessionEvent::Opened { session }) => {
            host(fact, "session", &session_words(session), "opened")
        }
        Event::Session(SessionEvent::Ended { session }) => {
            host(fact, "session", &session.to_string(), "ended")
        }
        Event::Mcp(event) => mcp(fact, event),
        Event::Database(event) => database(fact, event),
        Event::Conversation(event) => conversation(fact, event),
        Event::Approval(ApprovalEvent::Requested { .. } | ApprovalEvent::Extended { .. })
        | Event::Turn(_)
        | Event::Elicitation(_)
        | Event::Canvas(_)
        | Event::Tag(_)
        | Event::Folder(_)
        | Event::Project(ProjectEvent::Saved { .. } | ProjectEvent::Deleted { .. })
        | Event::Text(_)
        | Event::Host(_) => Ok(()),
    }
}

/// What a person decided about a server; how it is doing is no decision.
fn mcp(fact: &Fact<'_>, event: &McpEvent) -> Result<(), Fault> {
    match event {
        McpEvent::Approved {
            server,
            hash,
            shown,
        } => host(
            fact,
            "mcp",
            &format!("{server} as {hash}: {}", shown.replace('\n', "; ")),
            "approved",
        ),
        McpEvent::Accepted {
            server, tool, hash, ..
        } => host(
            fact,
            "mcp",
            &format!("{server}.{tool} as {hash}"),
            "accepted",
        ),
        McpEvent::SamplingChanged {
            server,
            hash,
            is_allowed,
        } => host(
            fact,
            "mcp",
            &format!("sampling of {server} as {hash}"),
            if *is_allowed { "allowed" } else { "forbidden" },
        ),
        McpEvent::Removed { server } => host(fact, "mcp", server, "removed"),
        McpEvent::Changed { .. } => Ok(()),
    }
}

fn bundle(fact: &Fact<'_>, event: &BundleEvent) -> Result<(), Fault> {
    match event {
        BundleEvent::Installed { bundle, .. } => {
            let by = bundle.fingerprint.as_deref().unwrap_or("nobody");
            let (name, version, hash) = (&bundle.name, &bundle.version, &bundle.hash);
            let what = format!("{name} {version} as {hash}, signed by {by}");
            host(fact, "bundle", &what, "installed")
        }
        BundleEvent::Removed { name } => host(fact, "bundle", name, "removed"),
        BundleEvent::Trusted { name, fingerprint } => {
            let what = format!("key {fingerprint} for bundle {name}");
            host(fact, "trust", &what, "trusted")
        }
        BundleEvent::Distrusted { fingerprint } => {
            host(fact, "trust", &format!("key {fingerprint}"), "distrusted")
        }
        BundleEvent::Made {
            path, fingerprint, ..
        } => match fingerprint {
            Some(_) => host(fact, "bundle", path, "signed"),
            None => Ok(()),
        },
    }
}

fn session_words(session: &SessionView) -> String {
    let how = match session.how {
        SessionHow::Launch => "launch link",
        SessionHow::Password => "password",
    };
    format!("{} by {how}: {}", session.id, session.label)
}

fn conversation(fact: &Fact<'_>, event: &ConversationEvent) -> Result<(), Fault> {
    match event {
        ConversationEvent::Tainted { source, item, .. } => {
            let body = Body {
                item: Some(*item),
                ..body(fact, "taint", source, "tainted")
            };
            add(fact, body)
        }
        ConversationEvent::Deleted { conversation } => {
            let body = Body {
                conversation: Some(*conversation),
                ..body(
                    fact,
                    "conversation",
                    "deleted with all that belonged to it",
                    "deleted",
                )
            };
            add(fact, body)
        }
        ConversationEvent::Opened { .. }
        | ConversationEvent::Renamed { .. }
        | ConversationEvent::Tagged { .. }
        | ConversationEvent::Moved { .. }
        | ConversationEvent::Assigned { .. }
        | ConversationEvent::Pinned { .. }
        | ConversationEvent::Configured { .. }
        | ConversationEvent::Rewound { .. }
        | ConversationEvent::Compacted { .. }
        | ConversationEvent::Uncompacted { .. }
        | ConversationEvent::ContextGrown { .. } => Ok(()),
    }
}

fn call_started(fact: &Fact<'_>, item: &Item, arguments: Arguments) -> Result<(), Fault> {
    let ItemBody::ToolCall(call) = &item.body else {
        return Ok(());
    };
    let text = call.arguments.to_string();
    let arguments = match arguments {
        Arguments::Hashed => hex(&Sha256::digest(text.as_bytes())),
        Arguments::InFull => text,
    };
    let body = Body {
        item: Some(item.id),
        arguments: Some(arguments),
        ..of_call(fact, call, "call_started", "started")
    };
    add(fact, body)
}

fn call_ended(fact: &Fact<'_>, item: &Item) -> Result<(), Fault> {
    let ItemBody::ToolCall(call) = &item.body else {
        return Ok(());
    };
    for decision in &call.decisions {
        if UNASKED.contains(&decision.by.as_str()) {
            add(fact, of_decision(fact, item, call, decision))?;
        }
    }
    let verdict = match item.status {
        Status::Completed => "completed",
        Status::Failed => "failed",
        Status::Denied => "denied",
        Status::Interrupted => "interrupted",
        Status::Pending | Status::Running => "open",
    };
    let body = Body {
        item: Some(item.id),
        tier: Some(call.tier),
        meter: call.meter.clone(),
        ..of_call(fact, call, "call", verdict)
    };
    add(fact, body)
}

fn of_call(fact: &Fact<'_>, call: &ToolCall, action: &str, verdict: &str) -> Body {
    Body {
        tool: Some(call.tool.clone()),
        tier: Some(call.tier),
        ..body(fact, action, &format!("call {}", call.tool), verdict)
    }
}

fn of_decision(fact: &Fact<'_>, item: &Item, call: &ToolCall, decision: &CallDecision) -> Body {
    let (verdict, scope) = in_words(&decision.resolution);
    Body {
        item: Some(item.id),
        tool: Some(call.tool.clone()),
        tier: Some(decision.tier),
        by: decision.by.clone(),
        scope,
        ..body(fact, "decision", &decision.effect, verdict)
    }
}

/// What a person decided, before anything follows from it. Silence is recorded with the call.
fn decided(
    fact: &Fact<'_>,
    id: ApprovalId,
    resolution: &Resolution,
    by: &str,
) -> Result<(), Fault> {
    if *resolution == Resolution::NotAnswered {
        return Ok(());
    }
    let asked = fact.approval(id)?;
    let (verdict, scope) = in_words(resolution);
    let mut body = Body {
        by: by.to_owned(),
        scope,
        ..body(fact, "decision", &format!("approval {id}"), verdict)
    };
    if let Some(asked) = asked {
        body.item = Some(asked.item);
        body.tool = Some(asked.tool);
        body.tier = Some(asked.tier);
        body.effect = asked.effect.summary;
        body.arguments = Some(asked.digest);
    }
    add(fact, body)
}

fn in_words(resolution: &Resolution) -> (&'static str, Option<Scope>) {
    match resolution {
        Resolution::Allowed { scope } => ("allowed", Some(*scope)),
        Resolution::Denied { .. } => ("denied", None),
        Resolution::NotAnswered => ("not_answered", None),
    }
}

fn module(fact: &Fact<'_>, event: &ModuleEvent) -> Result<(), Fault> {
    let (module, effect, verdict) = match event {
        ModuleEvent::Granted { grant, .. } => {
            let place = match &grant.place {
                GrantWhere::Everywhere => "everywhere",
                GrantWhere::Workspace(path) => path,
            };
            let effect = format!("{} to {} in {place}", grant.capability, grant.hash);
            (&grant.module, effect, "granted")
        }
        ModuleEvent::Revoked { module, capability } => {
            let what = capability.map_or_else(|| "all".to_owned(), |one| one.to_string());
            (module, what, "revoked")
        }
        ModuleEvent::Loaded { module } => (&module.id, module.hash.clone(), "loaded"),
        ModuleEvent::Failed { module, problem } => (module, problem.error.clone(), "failed"),
        ModuleEvent::Withdrawn { module } => (module, String::new(), "withdrawn"),
        ModuleEvent::Switched { module, is_enabled } => {
            let verdict = if *is_enabled { "enabled" } else { "disabled" };
            (module, String::new(), verdict)
        }
    };
    let body = Body {
        tool: Some(module.0.clone()),
        ..body(fact, "module", &effect, verdict)
    };
    add(fact, body)
}

fn rule(fact: &Fact<'_>, event: &RuleEvent) -> Result<(), Fault> {
    let (rule, workspace, verdict) = match event {
        RuleEvent::Kept { rule } => (&rule.rule, &rule.workspace, "kept"),
        RuleEvent::Revoked { rule, workspace } => (rule, workspace, "revoked"),
    };
    let place = workspace.as_deref().unwrap_or("everywhere");
    host(fact, "rule", &format!("{rule} in {place}"), verdict)
}

fn database(fact: &Fact<'_>, event: &DatabaseEvent) -> Result<(), Fault> {
    let (effect, verdict) = match event {
        DatabaseEvent::BackedUp { path, .. } => (path.clone(), "backed_up"),
        DatabaseEvent::Restored { path, .. } => (path.clone(), "restored"),
        DatabaseEvent::Vacuumed { .. } => (String::new(), "vacuumed"),
        DatabaseEvent::Exported { path, .. } => (path.clone(), "exported"),
        DatabaseEvent::Imported { path, .. } => (path.clone(), "imported"),
        DatabaseEvent::SharedAdded { name, path } => (format!("{name} at {path}"), "added"),
        DatabaseEvent::SharedRemoved { name } => (name.clone(), "removed"),
    };
    host(fact, "database", &effect, verdict)
}

fn host(fact: &Fact<'_>, action: &str, effect: &str, verdict: &str) -> Result<(), Fault> {
    add(fact, body(fact, action, effect, verdict))
}

fn body(fact: &Fact<'_>, action: &str, effect: &str, verdict: &str) -> Body {
    Body {
        number: 0,
        at: fact.at,
        user: fact.user_id().unwrap_or_default().to_owned(),
        conversation: match fact.topic {
            Topic::Host => None,
            Topic::Conversation(id) => Some(id),
        },
        item: None,
        action: action.to_owned(),
        tool: None,
        effect: effect.to_owned(),
        arguments: None,
        tier: None,
        verdict: verdict.to_owned(),
        by: "host".to_owned(),
        scope: None,
        meter: None,
    }
}

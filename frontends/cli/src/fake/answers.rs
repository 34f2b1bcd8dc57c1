//! What the host in memory tells at once of the wishes that need no script.

use super::{Views, conversation, view};
use anteroom_api::reads::Read;
use anteroom_api::{
    CanvasView, CheckpointEvent, CheckpointOp, ConversationEvent, ConversationOp, Event,
    ModuleEvent, ModuleOp, Op, Problem, ProblemCode, RuleEvent, RuleOp, SettingEvent, SettingOp,
    SkillView, Topic, UnixMillis,
};

/// The fact that a wish leads to, if it leads to one.
pub(super) fn answer(op: &Op, views: &Views) -> Option<(Topic, Event)> {
    Some(match op {
        Op::Conversation(ConversationOp::Open { workspace, .. }) => {
            let opened = ConversationEvent::Opened {
                conversation: Box::new(view(1, workspace)),
            };
            (
                Topic::Conversation(conversation()),
                Event::Conversation(opened),
            )
        }
        Op::Checkpoint(CheckpointOp::Undo {
            conversation,
            target,
            ..
        }) => (
            Topic::Conversation(*conversation),
            Event::Checkpoint(CheckpointEvent::Undone {
                target: *target,
                files: views.undone.clone(),
            }),
        ),
        Op::Conversation(ConversationOp::Rewind {
            conversation,
            before,
            ..
        }) => (
            Topic::Conversation(*conversation),
            Event::Conversation(ConversationEvent::Rewound {
                conversation: *conversation,
                before: *before,
            }),
        ),
        Op::Rule(RuleOp::Revoke { rule, workspace }) => (
            Topic::Host,
            Event::Rule(RuleEvent::Revoked {
                rule: rule.clone(),
                workspace: workspace.clone(),
            }),
        ),
        Op::Setting(SettingOp::Change { key, .. } | SettingOp::Reset { key }) => (
            Topic::Host,
            Event::Setting(SettingEvent::Changed { key: key.clone() }),
        ),
        Op::Setting(SettingOp::Replace { .. }) => (
            Topic::Host,
            Event::Setting(SettingEvent::Replaced { keys: vec![] }),
        ),
        Op::Module(ModuleOp::Grant(grant)) => (
            Topic::Host,
            Event::Module(ModuleEvent::Granted {
                grant: grant.clone(),
                at: UnixMillis(0),
            }),
        ),
        Op::Module(ModuleOp::Install { .. }) => (
            Topic::Host,
            Event::Module(ModuleEvent::Loaded {
                module: Box::new(views.modules[0].clone()),
            }),
        ),
        Op::Module(ModuleOp::Remove { module }) => (
            Topic::Host,
            Event::Module(ModuleEvent::Withdrawn {
                module: module.clone(),
            }),
        ),
        Op::Module(ModuleOp::Switch { module, is_enabled }) => (
            Topic::Host,
            Event::Module(ModuleEvent::Switched {
                module: module.clone(),
                is_enabled: *is_enabled,
            }),
        ),
        Op::Module(ModuleOp::Revoke { module, capability }) => (
            Topic::Host,
            Event::Module(ModuleEvent::Revoked {
                module: module.clone(),
                capability: *capability,
            }),
        ),
        Op::Mcp(op) => (Topic::Host, views.mcp.answer(op)?),
        _ => return None,
    })
}

/// The newest version of each canvas, in the order they were made.
pub(super) fn newest(versions: &[CanvasView]) -> Vec<CanvasView> {
    let mut newest: Vec<CanvasView> = Vec::new();
    for canvas in versions {
        match newest.iter_mut().find(|kept| kept.id == canvas.id) {
            Some(kept) => *kept = canvas.clone(),
            None => newest.push(canvas.clone()),
        }
    }
    newest
}

/// The skill of a name.
pub(super) fn skill(skills: &[SkillView], name: &str) -> Read<'static, SkillView> {
    let found = skills.iter().find(|skill| skill.name == name).cloned();
    let none = Problem::new(ProblemCode::NotFound, format!("there is no skill `{name}`"));
    Box::pin(async move { found.ok_or(none) })
}

//! What each wish names beyond the page's own: places, and who reads them. Matched without a wildcard, so that a new
//! wish does not compile until somebody has decided what a page may name with it.

use anteroom_api::{
    ApprovalOp, BundleOp, BundleSource, BundleWish, CanvasOp, CheckpointOp, ConversationId,
    ConversationOp, DatabaseOp, ElicitationOp, FolderOp, GrantWhere, McpEntry, McpOp, ModuleOp, Op,
    ProjectId, ProjectOp, ProjectSpec, RuleOp, ServerOp, SessionOp, SettingOp, SkillOp, TagOp,
    TextOp, TurnOp, WorkspaceOp,
};

/// Something that a wish names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named<'a> {
    /// A file or folder that is read or written: below a folder that was given, or among the database's copies.
    File(&'a str),
    /// A copy of the database, which nobody but the host writes.
    Copy(&'a str),
    /// What no page names, wherever it lies.
    Never(&'a str),
    /// A folder that work is done in, or that a program sees: one that was given, or something below it.
    Folder(&'a str),
    /// A program that is to be started: the system's own, or below a folder that was given.
    Program(&'a str),
    /// A conversation in whose folder work is done.
    Conversation(ConversationId),
    /// A project whose folder conversations will work in.
    Project(ProjectId),
}

/// What a wish names, and the command that takes it anywhere.
pub(super) struct Wish<'a> {
    pub(super) named: Vec<Named<'a>>,
    pub(super) command: &'static str,
}

/// A wish that names nothing.
const NOTHING: Wish<'static> = Wish {
    named: Vec::new(),
    command: "",
};

fn wish<'a>(named: Vec<Named<'a>>, command: &'static str) -> Wish<'a> {
    Wish { named, command }
}

/// What a wish names.
pub(super) fn of(op: &Op) -> Wish<'_> {
    match op {
        Op::Conversation(op) => conversation(op),
        Op::Turn(op) => turn(op),
        Op::Module(op) => module(op),
        Op::Database(op) => database(op),
        Op::Workspace(op) => workspace(op),
        Op::Project(op) => project(op),
        Op::Text(op) => text(op),
        Op::Bundle(op) => bundle(op),
        Op::Skill(op) => skill(op),
        Op::Mcp(op) => mcp(op),
        // What is changed in a setting is judged by the setting.
        Op::Setting(
            SettingOp::Change { .. } | SettingOp::Reset { .. } | SettingOp::Replace { .. },
        ) => NOTHING,
        // An answer is to what was shown; a rule is taken back; what a call changed is put back where it was.
        Op::Approval(ApprovalOp::Decide { .. } | ApprovalOp::Extend { .. })
        | Op::Elicitation(ElicitationOp::Answer { .. })
        | Op::Rule(RuleOp::Revoke { .. })
        | Op::Checkpoint(CheckpointOp::Undo { .. }) => NOTHING,
        // Names and order of what people keep; folders here are no folders of a disk.
        Op::Tag(TagOp::Rename { .. } | TagOp::Delete { .. })
        | Op::Folder(
            FolderOp::Create { .. }
            | FolderOp::Rename { .. }
            | FolderOp::Move { .. }
            | FolderOp::Delete { .. },
        )
        | Op::Canvas(CanvasOp::Write { .. }) => NOTHING,
        // Sessions and listeners are named by ids; which of these a page may wish at all, `doors.rs` says.
        Op::Session(
            SessionOp::Invite { .. }
            | SessionOp::Open { .. }
            | SessionOp::Attend { .. }
            | SessionOp::Tab { .. }
            | SessionOp::Used { .. }
            | SessionOp::End { .. }
            | SessionOp::EndAll
            | SessionOp::SetPassword { .. },
        )
        | Op::Server(ServerOp::Announce { .. } | ServerOp::End { .. }) => NOTHING,
    }
}

fn conversation(op: &ConversationOp) -> Wish<'_> {
    match op {
        // Empty is the project's, which this user wrote or accepted.
        ConversationOp::Open { workspace, .. } if workspace.is_empty() => NOTHING,
        ConversationOp::Open { workspace, .. } => {
            wish(vec![Named::Folder(workspace)], "aroom chat")
        }
        ConversationOp::Fork { conversation, .. } => {
            wish(vec![Named::Conversation(*conversation)], "aroom chat")
        }
        ConversationOp::Rename { .. }
        | ConversationOp::Rewind { .. }
        | ConversationOp::Compact { .. }
        | ConversationOp::Uncompact { .. }
        | ConversationOp::Tag { .. }
        | ConversationOp::Move { .. }
        | ConversationOp::Assign { .. }
        | ConversationOp::Pin { .. }
        | ConversationOp::Configure { .. }
        | ConversationOp::Delete { .. } => NOTHING,
    }
}

fn turn(op: &TurnOp) -> Wish<'_> {
    match op {
        TurnOp::Start { conversation, .. } | TurnOp::Call { conversation, .. } => {
            wish(vec![Named::Conversation(*conversation)], "aroom chat")
        }
        // About a turn that was started already.
        TurnOp::Steer { .. }
        | TurnOp::Cancel { .. }
        | TurnOp::Unqueue { .. }
        | TurnOp::Reword { .. }
        | TurnOp::Reorder { .. }
        | TurnOp::Release { .. } => NOTHING,
    }
}

fn module(op: &ModuleOp) -> Wish<'_> {
    match op {
        ModuleOp::Install { path, .. } => wish(vec![Named::File(path)], "aroom tool install"),
        ModuleOp::Grant(grant) => match &grant.place {
            GrantWhere::Workspace(workspace) => {
                wish(vec![Named::Folder(workspace)], "aroom tool grant")
            }
            GrantWhere::Everywhere => NOTHING,
        },
        ModuleOp::Revoke { .. }
        | ModuleOp::Remove { .. }
        | ModuleOp::Switch { .. }
        | ModuleOp::Reload => NOTHING,
    }
}

fn database(op: &DatabaseOp) -> Wish<'_> {
    match op {
        DatabaseOp::BackUp { path } => {
            let named = path.iter().map(|path| Named::File(path));
            wish(named.collect(), "aroom db backup")
        }
        // It holds what was allowed and trusted, too: only what the host itself wrote takes its place.
        DatabaseOp::Restore { path } => wish(vec![Named::Copy(path)], "aroom db restore"),
        DatabaseOp::Export { path, .. } => wish(vec![Named::File(path)], "aroom db export"),
        // Its conversations may say that they work anywhere.
        DatabaseOp::Import { path } => wish(vec![Named::Never(path)], "aroom db import"),
        DatabaseOp::ShareAdd { path, .. } => wish(vec![Named::File(path)], "aroom db shared add"),
        DatabaseOp::Vacuum | DatabaseOp::ShareRemove { .. } => NOTHING,
    }
}

fn workspace(op: &WorkspaceOp) -> Wish<'_> {
    match op {
        WorkspaceOp::Trust { path, .. } => wish(vec![Named::Folder(path)], "aroom trust"),
        WorkspaceOp::Distrust { .. } => NOTHING,
    }
}

fn project(op: &ProjectOp) -> Wish<'_> {
    let folder = |spec: &ProjectSpec| spec.workspace.is_some();
    match op {
        ProjectOp::Create { spec, .. } | ProjectOp::Change { spec, .. } if folder(spec) => {
            let named = spec.workspace.iter().map(|path| Named::Folder(path));
            wish(named.collect(), "aroom project")
        }
        ProjectOp::Trust { project, .. } => wish(vec![Named::Project(*project)], "aroom project"),
        ProjectOp::Create { .. } | ProjectOp::Change { .. } | ProjectOp::Delete { .. } => NOTHING,
    }
}

fn text(op: &TextOp) -> Wish<'_> {
    match op {
        TextOp::Open { workspace, .. } => wish(vec![Named::Folder(workspace)], "aroom note new"),
        TextOp::Write { .. } | TextOp::Restore { .. } => NOTHING,
    }
}

fn bundle(op: &BundleOp) -> Wish<'_> {
    match op {
        BundleOp::New { folder, .. } => wish(vec![Named::File(folder)], "aroom bundle new"),
        BundleOp::Pack { folder, file, .. } => wish(
            vec![Named::File(folder), Named::File(file)],
            "aroom bundle pack",
        ),
        BundleOp::Sign { path } => wish(vec![Named::File(path)], "aroom bundle sign"),
        BundleOp::Install { wish: wanted, .. } => of_bundle(wanted),
        BundleOp::Remove { project, .. } => {
            let named = project.iter().map(|path| Named::Folder(path));
            wish(named.collect(), "aroom bundle remove")
        }
        BundleOp::Trust { .. } | BundleOp::Distrust { .. } => NOTHING,
    }
}

/// What a bundle that is looked at or installed names.
pub(super) fn of_bundle(wanted: &BundleWish) -> Wish<'_> {
    let mut named: Vec<Named<'_>> = wanted
        .project
        .iter()
        .map(|path| Named::Folder(path))
        .collect();
    match &wanted.source {
        // Whoever sends a file from a page sends the file, and never says where it lies.
        BundleSource::Sent { path, .. } => named.push(Named::File(path)),
        BundleSource::Place { place } => {
            // Which hosts may be asked is another matter: `BundleWish::is_public`.
            let is_remote = ["https://", "git+https://"]
                .iter()
                .any(|scheme| place.starts_with(scheme));
            if !is_remote {
                named.push(Named::File(place));
            }
        }
        BundleSource::Shown { .. } | BundleSource::Again { .. } | BundleSource::Kept { .. } => {}
    }
    wish(named, "aroom bundle install")
}

fn skill(op: &SkillOp) -> Wish<'_> {
    match op {
        SkillOp::New { workspace, .. } => {
            let named = workspace.iter().map(|path| Named::Folder(path));
            wish(named.collect(), "aroom skill new")
        }
        SkillOp::Remove { workspace, .. } => {
            let named = workspace.iter().map(|path| Named::Folder(path));
            wish(named.collect(), "aroom skill remove")
        }
    }
}

fn mcp(op: &McpOp) -> Wish<'_> {
    match op {
        McpOp::Add { entry, .. } => wish(of_entry(entry), "aroom mcp add"),
        // What is let start is looked at by `programs.rs`.
        McpOp::Approve { .. }
        | McpOp::Connect { .. }
        | McpOp::Disconnect { .. }
        | McpOp::Restart { .. }
        | McpOp::Accept { .. }
        | McpOp::AllowSampling { .. }
        | McpOp::SignIn { .. }
        | McpOp::Remove { .. } => NOTHING,
    }
}

fn of_entry(entry: &McpEntry) -> Vec<Named<'_>> {
    let folders = entry.folders.iter();
    let folders = folders.map(|folder| folder.strip_suffix(":rw").unwrap_or(folder));
    let command = entry.command.as_deref().unwrap_or_default();
    let mut named: Vec<Named<'_>> = folders.map(Named::Folder).collect();
    named.extend(of_program(command, &entry.args));
    named
}

/// What a command line opens to its program: the program itself, and each absolute path among the arguments, also
/// behind the `=` of an option.
pub(super) fn of_program<'a>(command: &'a str, args: &'a [String]) -> Vec<Named<'a>> {
    let program = command.contains('/').then_some(Named::Program(command));
    let paths = args.iter().filter_map(|arg| {
        let value = arg.split_once('=').map_or(arg.as_str(), |(_, value)| value);
        [arg.as_str(), value]
            .into_iter()
            .find(|text| text.starts_with(['/', '~']))
    });
    program
        .into_iter()
        .chain(paths.map(Named::Folder))
        .collect()
}

#[cfg(test)]
#[path = "wishes_tests.rs"]
mod tests;

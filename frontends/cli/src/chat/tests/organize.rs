//! Slash commands that find, order and keep conversations.

use super::*;
use crate::fake::filed::Filed;
use crate::fake::{conversation, view};
use anteroom_api::{
    ConversationKind, ConversationOp, FolderView, Op, ProjectSpec, ProjectView, TextView,
};

fn line(text: &str) -> Typed {
    Typed::Line(text.to_owned())
}

fn press(sign: char) -> Typed {
    Typed::Key(Input::Key(KeyEvent::new(
        KeyCode::Char(sign),
        KeyModifiers::NONE,
    )))
}

/// A conversation, a note, a folder, and a project that somebody else wrote.
fn shelf() -> Views {
    let mut talk = view(1, "/w");
    talk.filing.tags = vec!["rust".into()];
    let mut note = view(8, "/w");
    note.kind = ConversationKind::Note;
    note.title = "Plans\u{1b}[2J".into();
    let text = TextView {
        conversation: note.id,
        version: 1,
        body: "one\n\u{1b}]0;x\u{7}two".into(),
        updated_at: UnixMillis(0),
        author: None,
        restored_from: None,
    };
    let folder = FolderView {
        id: uuid_of::id(31),
        name: "papers".into(),
        path: "papers".into(),
        parent: None,
        database: None,
        conversations: 2,
        created_at: UnixMillis(0),
    };
    let project = ProjectView {
        id: uuid_of::id(41),
        spec: ProjectSpec {
            name: "Loader".into(),
            instructions: "Be brief.\u{1b}[2J".into(),
            ..ProjectSpec::default()
        },
        database: Some("team".into()),
        conversations: 0,
        hash: "h".into(),
        is_trusted: false,
        created_at: UnixMillis(0),
        updated_at: UnixMillis(0),
    };
    Views {
        conversations: vec![talk, note],
        filed: Filed {
            folders: vec![folder],
            projects: vec![project],
            texts: vec![text],
            ..Filed::default()
        },
        ..Views::default()
    }
}

/// What is done with the conversation that is gone on with.
fn resumed(mut keys: Vec<Typed>) -> Talked {
    keys.push(Typed::End);
    let arguments = &["-r", "000000000001"];
    talk_with((arguments, shelf()), keys, vec![])
}

#[track_caller]
fn has(talked: &Talked, words: &str) {
    assert!(talked.screen.contains(words), "{words}\n{}", talked.screen);
    assert!(!talked.screen.contains('\u{1b}'), "{}", talked.screen);
}

#[test]
fn a_conversation_is_put_where_it_is_found() {
    let lines = [
        "/tag #q3 -draft",
        "/folder papers",
        "/folder out",
        "/project move loader",
        "/pin",
        "/rename Retry policy",
    ];
    let talked = resumed(lines.into_iter().map(line).collect());
    let conversation = conversation();
    let wanted: Vec<Op> = [
        ConversationOp::Tag {
            conversation,
            add: vec!["#q3".into()],
            remove: vec!["draft".into()],
        },
        ConversationOp::Move {
            conversation,
            folder: Some(uuid_of::id(31)),
        },
        ConversationOp::Move {
            conversation,
            folder: None,
        },
        ConversationOp::Assign {
            conversation,
            project: Some(uuid_of::id(41)),
        },
        ConversationOp::Pin {
            conversation,
            is_pinned: true,
        },
        ConversationOp::Rename {
            conversation,
            title: "Retry policy".into(),
        },
    ]
    .map(Op::from)
    .into();
    assert_eq!(talked.ops, wanted);
    has(&talked, "in `papers` now");
    has(&talked, "it is called `Retry policy` now");
}

#[test]
fn what_there_is_is_shown_and_nothing_in_it_acts() {
    let lines = [
        "/list #rust",
        "/folder",
        "/project",
        "/project show Loader",
        "/note",
    ];
    let talked = resumed(lines.into_iter().map(line).collect());
    has(&talked, "Talk 1 #rust");
    has(&talked, "papers  2");
    has(&talked, "not trusted: no effect");
    has(&talked, "Be brief.\\u{1b}[2J");
    has(&talked, "Plans\\u{1b}[2J (note)");
    assert_eq!(talked.ops, []);
    let talked = resumed(vec![line("/note 000000000008")]);
    has(&talked, "one");
    has(&talked, "two");
    let talked = resumed(vec![line("/folder nowhere"), line("/note nothing")]);
    has(&talked, "there is no folder `nowhere`");
    has(&talked, "there is no note or document `nothing`");
}

#[test]
fn a_conversation_is_deleted_after_a_yes_only() {
    let talked = resumed(vec![line("/delete"), press('n'), Typed::Rested]);
    has(&talked, "nothing was changed");
    assert_eq!(talked.ops, []);
    let talked = resumed(vec![line("/delete"), press('y'), Typed::Rested]);
    has(&talked, "deleted `Talk 1`");
    let delete = ConversationOp::Delete {
        conversation: conversation(),
    };
    assert_eq!(talked.ops, [Op::from(delete)]);
}

#[test]
fn before_anything_was_said_there_is_nothing_to_order() {
    for wish in [
        "/tag x",
        "/pin",
        "/rename x",
        "/delete",
        "/export",
        "/folder out",
    ] {
        let keys = vec![line(wish), Typed::End];
        let talked = talk_with((&[], Views::default()), keys, vec![]);
        has(&talked, "there is no conversation yet");
        assert_eq!(talked.ops, [], "{wish}");
    }
}

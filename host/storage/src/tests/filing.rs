//! Tags, folders, projects and pins, and the list that goes by them.

use super::support::*;
use crate::{Fault, FilingFault, SharedFile, Storage, StorageError, project_hash};
use anteroom_api::{
    ConversationEvent, ConversationFilter, ConversationKind, ConversationView, Event, Filing,
    FolderEvent, FolderId, FolderView, ProjectEvent, ProjectId, ProjectSpec, ProjectView, TagEvent,
    Topic, UnixMillis,
};

pub(super) fn folder_id(number: u32) -> FolderId {
    uuid(5, number).into()
}

pub(super) fn project_id(number: u32) -> ProjectId {
    uuid(6, number).into()
}

pub(super) fn folder(number: u32, name: &str, parent: Option<u32>) -> FolderView {
    FolderView {
        id: folder_id(number),
        name: name.to_owned(),
        path: name.to_owned(),
        parent: parent.map(folder_id),
        database: None,
        conversations: 0,
        created_at: AT,
    }
}

pub(super) fn project(number: u32, name: &str, instructions: &str) -> ProjectView {
    let spec = ProjectSpec {
        name: name.to_owned(),
        instructions: instructions.to_owned(),
        ..ProjectSpec::default()
    };
    ProjectView {
        id: project_id(number),
        hash: project_hash(&spec),
        spec,
        database: None,
        conversations: 0,
        is_trusted: true,
        created_at: AT,
        updated_at: AT,
    }
}

pub(super) fn tagged(number: u32, added: &[&str], removed: &[&str]) -> Event {
    let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
    Event::Conversation(ConversationEvent::Tagged {
        conversation: conversation_id(number),
        added: owned(added),
        removed: owned(removed),
    })
}

pub(super) fn moved(number: u32, folder: Option<u32>) -> Event {
    Event::Conversation(ConversationEvent::Moved {
        conversation: conversation_id(number),
        folder: folder.map(folder_id),
    })
}

pub(super) fn assigned(number: u32, project: Option<u32>) -> Event {
    Event::Conversation(ConversationEvent::Assigned {
        conversation: conversation_id(number),
        project: project.map(project_id),
    })
}

pub(super) fn pinned(number: u32, is_pinned: bool) -> Event {
    Event::Conversation(ConversationEvent::Pinned {
        conversation: conversation_id(number),
        is_pinned,
    })
}

/// Tells the host's topic.
pub(super) async fn tell_host(storage: &Storage, event: Event) -> Result<(), StorageError> {
    storage
        .append(entry(Topic::Host, 1, vec![event]))
        .await
        .map(drop)
}

pub(super) async fn create(storage: &Storage, folder: FolderView) -> Result<(), StorageError> {
    tell_host(storage, Event::Folder(FolderEvent::Created { folder })).await
}

pub(super) async fn save(
    storage: &Storage,
    project: ProjectView,
    base: Option<&str>,
) -> Result<(), StorageError> {
    let base = base.map(str::to_owned);
    tell_host(
        storage,
        Event::Project(ProjectEvent::Saved { project, base }),
    )
    .await
}

fn wrong(result: Result<(), StorageError>) -> FilingFault {
    match result.unwrap_err().fault {
        Fault::Filing(fault) => fault,
        other => panic!("{other:?}"),
    }
}

async fn filing(storage: &Storage, number: u32) -> Filing {
    let view = storage.conversation(conversation_id(number)).await.unwrap();
    view.unwrap().filing
}

async fn found(storage: &Storage, filter: ConversationFilter) -> Vec<u32> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = storage.filtered(filter.clone(), before, 2).await.unwrap();
        all.extend(page.entries.iter().map(|view| view.id.0.as_fields().0));
        before = page.before;
        if before.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_conversation_keeps_where_it_was_put() {
    let place = Place::new();
    let storage = place.open().await;
    create(&storage, folder(1, "research", None)).await.unwrap();
    save(&storage, project(1, "Loader", "Be brief."), None)
        .await
        .unwrap();
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    let before = storage.conversation(conversation_id(1)).await.unwrap();
    let later = vec![
        tagged(1, &["rust", "q3"], &[]),
        moved(1, Some(1)),
        assigned(1, Some(1)),
        pinned(1, true),
    ];
    let told = entry(topic(1), 60_000, later);
    let envelopes = storage.append(told.clone()).await.unwrap();
    assert_eq!(envelopes.len(), 4);
    let expected = Filing {
        tags: vec!["q3".into(), "rust".into()],
        folder: Some(folder_id(1)),
        project: Some(project_id(1)),
        is_pinned: true,
    };
    let view = storage.conversation(conversation_id(1)).await.unwrap();
    let view = view.unwrap();
    assert_eq!(view.filing, expected);
    // That it was put somewhere is nothing that happened in it; followers see it all the same.
    assert_eq!(view.updated_at, before.unwrap().updated_at);
    assert_eq!(view.seq.0, 5);
    // Told again it changes nothing.
    storage.append(told).await.unwrap();
    assert_eq!(filing(&storage, 1).await, expected);
    storage
        .tell(
            1,
            vec![
                tagged(1, &[], &["rust", "never"]),
                moved(1, None),
                assigned(1, None),
                pinned(1, false),
            ],
        )
        .await
        .unwrap();
    let expected = Filing {
        tags: vec!["q3".into()],
        ..Filing::default()
    };
    assert_eq!(filing(&storage, 1).await, expected);

    // Nowhere it can be put; nothing of such a wish is stored.
    for event in [moved(1, Some(9)), assigned(1, Some(9))] {
        let seq = storage.last_seq(topic(1)).await.unwrap();
        let error = storage.tell(1, vec![event]).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Filing(_)), "{error:?}");
        assert_eq!(storage.last_seq(topic(1)).await.unwrap(), seq);
    }
}

#[tokio::test]
async fn a_child_agent_belongs_where_its_root_does() {
    let place = Place::new();
    let storage = place.open().await;
    save(&storage, project(1, "one", ""), None).await.unwrap();
    save(&storage, project(2, "two", ""), None).await.unwrap();
    let call = calls(7, anteroom_api::Status::Running);
    storage
        .tell(1, vec![opened(view(1)), started(1), begun(call)])
        .await
        .unwrap();
    storage.tell(1, vec![assigned(1, Some(1))]).await.unwrap();
    let child = ConversationView {
        kind: ConversationKind::Agent,
        parent: Some(item_id(7)),
        ..view(2)
    };
    storage.tell(2, vec![opened(child)]).await.unwrap();
    assert_eq!(filing(&storage, 2).await.project, Some(project_id(1)));
    storage.tell(1, vec![assigned(1, Some(2))]).await.unwrap();
    assert_eq!(filing(&storage, 2).await.project, Some(project_id(2)));
    // It is counted for nobody, and listed nowhere.
    let projects = storage.projects().await.unwrap();
    assert_eq!(projects[1].conversations, 1);
    let of_project = ConversationFilter {
        kinds: vec![],
        project: Some(project_id(2)),
        ..ConversationFilter::default()
    };
    assert_eq!(found(&storage, of_project).await, [1]);
}

#[tokio::test]
async fn conversations_are_found_by_the_folder_they_work_in() {
    let place = Place::new();
    let storage = place.open().await;
    for (number, workspace) in [(1, "/work/one"), (2, "/work/two"), (3, "/work/one")] {
        let conversation = ConversationView {
            workspace: workspace.to_owned(),
            ..view(number)
        };
        storage
            .tell(number, vec![opened(conversation)])
            .await
            .unwrap();
    }
    let of = |workspace: &str| ConversationFilter {
        workspace: Some(workspace.to_owned()),
        ..ConversationFilter::default()
    };
    assert_eq!(found(&storage, of("/work/two")).await, [2]);
    assert_eq!(found(&storage, of("/work/one")).await.len(), 2);
    for other in ["/work", "/work/one/", "/work/on", ""] {
        assert_eq!(found(&storage, of(other)).await, [0; 0], "{other}");
    }
    let named = ConversationFilter {
        words: Some("nothing".to_owned()),
        ..of("/work/one")
    };
    assert_eq!(found(&storage, named).await, [0; 0]);
}

#[tokio::test]
async fn folders_are_a_tree_and_lose_nothing() {
    let place = Place::new();
    let storage = place.open().await;
    for (number, name, parent) in [
        (1, "research", None),
        (2, "Papers", Some(1)),
        (3, "2026", Some(2)),
        (4, "work", None),
    ] {
        create(&storage, folder(number, name, parent))
            .await
            .unwrap();
    }
    for number in 1..=3 {
        storage
            .tell(
                number,
                vec![opened(view(number)), moved(number, Some(number))],
            )
            .await
            .unwrap();
    }
    let paths = async || -> Vec<(String, u64)> {
        let folders = storage.folders().await.unwrap().into_iter();
        folders
            .map(|folder| (folder.path, folder.conversations))
            .collect()
    };
    let named = |path: &str, count| (path.to_owned(), count);
    let expected = [
        named("research", 1),
        named("research/Papers", 1),
        named("research/Papers/2026", 1),
        named("work", 0),
    ];
    assert_eq!(paths().await, expected);

    let moved_to = |folder: u32, parent: Option<u32>| {
        Event::Folder(FolderEvent::Moved {
            folder: folder_id(folder),
            parent: parent.map(folder_id),
            database: None,
        })
    };
    let renamed = |folder: u32, name: &str| {
        Event::Folder(FolderEvent::Renamed {
            folder: folder_id(folder),
            name: name.to_owned(),
            database: None,
        })
    };
    let deleted = |folder: u32| {
        Event::Folder(FolderEvent::Deleted {
            folder: folder_id(folder),
            database: None,
        })
    };
    let cases = [
        (moved_to(1, Some(3)), FilingFault::Cycle),
        (moved_to(1, Some(1)), FilingFault::Cycle),
        (
            moved_to(1, Some(9)),
            FilingFault::UnknownFolder(folder_id(9)),
        ),
        (renamed(9, "x"), FilingFault::UnknownFolder(folder_id(9))),
        (
            renamed(4, "Research"),
            FilingFault::FolderTaken("research".into()),
        ),
        (
            Event::Folder(FolderEvent::Created {
                folder: folder(5, "papers", Some(1)),
            }),
            FilingFault::FolderTaken("Papers".into()),
        ),
    ];
    for (event, expected) in cases {
        assert_eq!(wrong(tell_host(&storage, event).await), expected);
    }
    assert_eq!(paths().await, expected);

    tell_host(&storage, moved_to(2, Some(4))).await.unwrap();
    tell_host(&storage, renamed(4, "Work")).await.unwrap();
    // What is in a folder that goes moves up; told again it changes nothing.
    for _ in 0..2 {
        tell_host(&storage, deleted(2)).await.unwrap();
        let expected = [
            named("research", 1),
            named("Work", 1),
            named("Work/2026", 1),
        ];
        assert_eq!(paths().await, expected);
    }
    assert_eq!(filing(&storage, 2).await.folder, Some(folder_id(4)));
    // Not under a name that is taken there.
    create(&storage, folder(6, "2026", None)).await.unwrap();
    let taken = FilingFault::FolderTaken("2026".into());
    assert_eq!(wrong(tell_host(&storage, deleted(4)).await), taken);
    assert_eq!(filing(&storage, 2).await.folder, Some(folder_id(4)));
}

#[tokio::test]
async fn folders_are_not_deeper_than_they_may_be() {
    let place = Place::new();
    let storage = place.open().await;
    for number in 1..=16 {
        let parent = (number > 1).then(|| number - 1);
        create(&storage, folder(number, "in", parent))
            .await
            .unwrap();
    }
    let deeper = create(&storage, folder(17, "in", Some(16))).await;
    assert_eq!(wrong(deeper), FilingFault::TooDeep(16));
    // Nor by moving what has folders in it.
    create(&storage, folder(20, "top", None)).await.unwrap();
    let moved = Event::Folder(FolderEvent::Moved {
        folder: folder_id(1),
        parent: Some(folder_id(20)),
        database: None,
    });
    assert_eq!(
        wrong(tell_host(&storage, moved).await),
        FilingFault::TooDeep(16)
    );
}

#[tokio::test]
async fn a_project_counts_as_far_as_this_user_wrote_or_accepted_it() {
    let place = Place::new();
    let storage = place.open().await;
    let first = project(1, "Loader", "Be brief.");
    save(&storage, first.clone(), None).await.unwrap();
    assert_eq!(
        storage.projects().await.unwrap(),
        std::slice::from_ref(&first)
    );
    // Told again, and from a state that is gone.
    save(&storage, first.clone(), None).await.unwrap();
    let second = project(1, "Loader", "Be long.");
    save(&storage, second.clone(), Some(&first.hash))
        .await
        .unwrap();
    let third = project(1, "Loader", "Be rude.");
    let stale = save(&storage, third.clone(), Some(&first.hash)).await;
    assert_eq!(wrong(stale), FilingFault::StaleProject);
    let taken = save(&storage, project(2, "LOADER", ""), None).await;
    assert_eq!(wrong(taken), FilingFault::ProjectTaken("Loader".into()));

    // Somebody else writes to the file.
    storage
        .write(|connection| {
            connection.execute("UPDATE projects SET instructions = 'Be evil.'", [])?;
            Ok(())
        })
        .await
        .unwrap();
    let changed = storage.projects().await.unwrap().remove(0);
    assert!(!changed.is_trusted);
    assert_eq!(changed.hash, project_hash(&changed.spec));
    let trusted = ProjectEvent::Trusted {
        project: project_id(1),
        hash: changed.hash.clone(),
    };
    tell_host(&storage, Event::Project(trusted)).await.unwrap();
    assert!(storage.projects().await.unwrap()[0].is_trusted);

    // Its conversations stay; of its words nothing does.
    storage
        .tell(1, vec![opened(view(1)), assigned(1, Some(1))])
        .await
        .unwrap();
    let deleted = ProjectEvent::Deleted {
        project: project_id(1),
        database: None,
    };
    tell_host(&storage, Event::Project(deleted)).await.unwrap();
    assert_eq!(storage.projects().await.unwrap(), []);
    assert_eq!(filing(&storage, 1).await.project, None);
    let told = storage.events(Topic::Host, anteroom_api::Seq(0), 99).await;
    let told = format!("{:?}", told.unwrap());
    assert!(
        !told.contains("Be brief") && !told.contains("Loader"),
        "{told}"
    );
}

#[tokio::test]
async fn every_part_of_a_hash_counts() {
    let spec = project(1, "a", "b").spec;
    let some = |text: &str| Some(text.to_owned());
    let others = [
        ProjectSpec {
            name: "ab".into(),
            instructions: String::new(),
            ..spec.clone()
        },
        ProjectSpec {
            workspace: some(""),
            ..spec.clone()
        },
        ProjectSpec {
            workspace: some("/w"),
            ..spec.clone()
        },
        ProjectSpec {
            model: some("/w"),
            ..spec.clone()
        },
    ];
    let mut hashes: Vec<String> = others.iter().map(project_hash).collect();
    hashes.push(project_hash(&spec));
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 5);
}

#[tokio::test]
async fn tags_are_renamed_merged_and_taken_everywhere() {
    let place = Place::new();
    let storage = place.open().await;
    let team = SharedFile {
        name: "team".into(),
        path: place.folder.path().join("team.db"),
    };
    storage.add_shared(team, true, AT).await.unwrap();
    let shared = ConversationView {
        database: Some("team".into()),
        ..view(2)
    };
    storage
        .tell(1, vec![opened(view(1)), tagged(1, &["a", "b"], &[])])
        .await
        .unwrap();
    storage
        .tell(2, vec![opened(shared), tagged(2, &["a"], &[])])
        .await
        .unwrap();
    let counts = async || -> Vec<(String, u64)> {
        let tags = storage.tags().await.unwrap().into_iter();
        tags.map(|tag| (tag.name, tag.conversations)).collect()
    };
    assert_eq!(counts().await, [("a".into(), 2), ("b".into(), 1)]);
    let renamed = TagEvent::Renamed {
        tag: "a".into(),
        to: "b".into(),
    };
    tell_host(&storage, Event::Tag(renamed)).await.unwrap();
    assert_eq!(counts().await, [("b".into(), 2)]);
    assert_eq!(filing(&storage, 2).await.tags, ["b"]);
    let deleted = TagEvent::Deleted { tag: "b".into() };
    tell_host(&storage, Event::Tag(deleted)).await.unwrap();
    assert_eq!(counts().await, []);
}

#[tokio::test]
async fn what_is_in_a_shared_file_is_filed_there() {
    let place = Place::new();
    let storage = place.open().await;
    let path = place.folder.path().join("team.db");
    let team = SharedFile {
        name: "team".into(),
        path: path.clone(),
    };
    storage.add_shared(team, true, AT).await.unwrap();
    let there = FolderView {
        database: Some("team".into()),
        ..folder(1, "research", None)
    };
    create(&storage, there).await.unwrap();
    create(&storage, folder(2, "research", None)).await.unwrap();
    let ours = ProjectView {
        database: Some("team".into()),
        ..project(1, "Loader", "Be brief.")
    };
    save(&storage, ours, None).await.unwrap();
    let shared = ConversationView {
        database: Some("team".into()),
        ..view(2)
    };
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    storage
        .tell(
            2,
            vec![opened(shared), moved(2, Some(1)), assigned(2, Some(1))],
        )
        .await
        .unwrap();
    // A conversation is put only where it lives.
    for (number, event) in [
        (1, moved(1, Some(1))),
        (2, moved(2, Some(2))),
        (1, assigned(1, Some(1))),
    ] {
        let error = storage.tell(number, vec![event]).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Filing(_)), "{error:?}");
    }
    let folders = storage.folders().await.unwrap();
    let placed: Vec<_> = folders
        .iter()
        .map(|folder| (folder.id, folder.database.as_deref(), folder.conversations))
        .collect();
    assert_eq!(
        placed,
        [(folder_id(2), None, 0), (folder_id(1), Some("team"), 1)]
    );
    assert!(storage.projects().await.unwrap()[0].is_trusted);
    let unknown = FolderView {
        database: Some("nobody".into()),
        ..folder(3, "x", None)
    };
    let error = create(&storage, unknown).await.unwrap_err();
    assert!(
        matches!(error.fault, Fault::UnknownDatabase(_)),
        "{error:?}"
    );
    storage.close().await.unwrap();

    // Another user of the same file sees both, and has accepted nothing.
    let elsewhere = Place::new();
    let other = elsewhere.open().await;
    let team = SharedFile {
        name: "ours".into(),
        path,
    };
    other.add_shared(team, false, AT).await.unwrap();
    assert_eq!(other.folders().await.unwrap().len(), 1);
    let project = other.projects().await.unwrap().remove(0);
    assert_eq!(project.database.as_deref(), Some("ours"));
    assert_eq!(project.conversations, 1);
    assert!(!project.is_trusted);
}

/// Conversations 1 to 9, the higher the later used.
async fn shelf(storage: &Storage) {
    create(storage, folder(1, "research", None)).await.unwrap();
    create(storage, folder(2, "papers", Some(1))).await.unwrap();
    save(storage, project(1, "Loader", ""), None).await.unwrap();
    for number in 1..=9 {
        let kind = match number {
            8 => ConversationKind::Note,
            9 => ConversationKind::Document,
            _ => ConversationKind::Chat,
        };
        let at = UnixMillis(AT.0 + i64::from(number));
        let view = ConversationView {
            kind,
            updated_at: at,
            ..view(number)
        };
        let mut events = vec![opened(view)];
        if kind == ConversationKind::Chat {
            let text = format!("about number{number} and words");
            events.push(completed(says(number, &text)));
        }
        if number % 2 == 1 {
            events.push(tagged(number, &["odd"], &[]));
        }
        match number {
            2 | 8 => events.push(moved(number, Some(1))),
            3 => events.push(moved(number, Some(2))),
            4 | 9 => events.push(assigned(number, Some(1))),
            5 => events.push(pinned(number, true)),
            _ => {}
        }
        let entry = entry(topic(number), i64::from(number), events);
        storage.append(entry).await.unwrap();
    }
}

#[tokio::test]
async fn a_filter_lets_through_what_fits_all_of_it() {
    let place = Place::new();
    let storage = place.open().await;
    shelf(&storage).await;
    let all = ConversationFilter {
        kinds: vec![],
        ..ConversationFilter::default()
    };
    let chats = ConversationFilter::default;
    let odd = Some("odd".to_owned());
    let words = |text: &str| Some(text.to_owned());
    let cases = [
        (chats(), vec![7, 6, 5, 4, 3, 2, 1]),
        (all.clone(), vec![9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (
            ConversationFilter {
                kinds: vec![ConversationKind::Document, ConversationKind::Note],
                ..all.clone()
            },
            vec![9, 8],
        ),
        (
            ConversationFilter {
                kinds: vec![ConversationKind::Agent],
                ..all.clone()
            },
            vec![],
        ),
        (
            ConversationFilter {
                tag: odd.clone(),
                ..chats()
            },
            vec![7, 5, 3, 1],
        ),
        (
            ConversationFilter {
                tag: odd.clone(),
                ..all.clone()
            },
            vec![9, 7, 5, 3, 1],
        ),
        (
            ConversationFilter {
                folder: Some(folder_id(1)),
                ..all.clone()
            },
            vec![8, 2],
        ),
        (
            ConversationFilter {
                folder: Some(folder_id(1)),
                is_deep: true,
                ..all.clone()
            },
            vec![8, 3, 2],
        ),
        (
            ConversationFilter {
                folder: Some(folder_id(1)),
                is_deep: true,
                tag: odd.clone(),
                ..all.clone()
            },
            vec![3],
        ),
        (
            ConversationFilter {
                project: Some(project_id(1)),
                ..all.clone()
            },
            vec![9, 4],
        ),
        (
            ConversationFilter {
                project: Some(project_id(1)),
                tag: odd.clone(),
                ..all.clone()
            },
            vec![9],
        ),
        (
            ConversationFilter {
                is_pinned: true,
                ..chats()
            },
            vec![5],
        ),
        (
            ConversationFilter {
                words: words("number3"),
                ..all.clone()
            },
            vec![3],
        ),
        (
            ConversationFilter {
                words: words("words"),
                tag: odd.clone(),
                is_pinned: true,
                ..chats()
            },
            vec![5],
        ),
        // Titles count, and a word that is only begun.
        (
            ConversationFilter {
                words: words("conversation 8"),
                ..all.clone()
            },
            vec![8],
        ),
        (
            ConversationFilter {
                words: words("conv"),
                folder: Some(folder_id(2)),
                ..all.clone()
            },
            vec![3],
        ),
        (
            ConversationFilter {
                words: words("* \""),
                ..all.clone()
            },
            vec![],
        ),
        (
            ConversationFilter {
                tag: words("never"),
                ..all
            },
            vec![],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(
            found(&storage, filter.clone()).await,
            expected,
            "{filter:?}"
        );
    }
}

#[tokio::test]
async fn a_filter_reads_no_table_whole() {
    let place = Place::new();
    let storage = place.open().await;
    shelf(&storage).await;
    let questions = [
        "SELECT g.conversation FROM conversation_tags g CROSS JOIN conversations c ON c.id = g.conversation
            WHERE g.tag = ?1",
        "SELECT c.id FROM conversations c INDEXED BY conversations_in_folder WHERE c.folder = ?1
            ORDER BY c.updated_at DESC, c.id DESC LIMIT 9",
        "SELECT c.id FROM conversations c INDEXED BY conversations_of_project WHERE c.project = ?1
            ORDER BY c.updated_at DESC, c.id DESC LIMIT 9",
        "SELECT version FROM text_versions WHERE conversation = ?1 ORDER BY version DESC",
        "SELECT f.id FROM folders f WHERE f.parent = ?1",
        "UPDATE texts SET body = ?2 WHERE conversation = ?1",
    ];
    storage
        .read(move |connection| {
            for sql in questions {
                let plan = super::plans::plan(connection, sql);
                assert!(
                    plan.iter().all(|line| !line.starts_with("SCAN")),
                    "{sql}\n{plan:#?}"
                );
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_spent_is_told_by_day_model_and_project() {
    let place = Place::new();
    let storage = place.open().await;
    save(&storage, project(1, "Loader", ""), None)
        .await
        .unwrap();
    let step = |turn: u32, step: u32, tokens: u64, model: &str| {
        Event::Turn(anteroom_api::TurnEvent::StepEnded {
            turn: turn_id(turn),
            step,
            usage: anteroom_api::Usage {
                prompt_tokens: tokens,
                completion_tokens: 1,
                cost_micros: 10,
                ..anteroom_api::Usage::default()
            },
            record: Some(anteroom_api::StepRecord {
                request: String::new(),
                finish: "stop".into(),
                model: model.into(),
                tools: vec![],
            }),
        })
    };
    storage
        .tell(
            1,
            vec![
                opened(view(1)),
                assigned(1, Some(1)),
                started(1),
                step(1, 1, 100, "big"),
                step(1, 2, 50, "big"),
                step(1, 3, 7, "small"),
            ],
        )
        .await
        .unwrap();
    let next_day = 86_400_000;
    let later = vec![opened(view(2)), started(2), step(2, 1, 5, "")];
    storage
        .append(entry(topic(2), next_day, later))
        .await
        .unwrap();
    let besides = anteroom_api::Usage {
        prompt_tokens: 3,
        ..anteroom_api::Usage::default()
    };
    let spent = (besides, AT, None);
    storage
        .spend_besides(conversation_id(1), "title", spent)
        .await
        .unwrap();
    let rows = storage.spending(UnixMillis(0)).await.unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let (requests, usage) = (row.requests, row.usage);
            let model = row.model.as_str();
            (
                row.day.0,
                model,
                row.project_name.as_str(),
                requests,
                usage.prompt_tokens,
            )
        })
        .collect();
    let day = AT.0 / 86_400_000 * 86_400_000;
    // Without a model of its own a step counts for the conversation's, a request beside them for the last one.
    assert_eq!(told[0], (day + next_day, "small", "", 1, 5));
    let mut asked: Vec<(&str, &str, u64)> =
        told[1..].iter().map(|row| (row.1, row.2, row.3)).collect();
    asked.sort_unstable();
    let total: u64 = told.iter().map(|row| row.4).sum();
    assert_eq!(
        (asked.iter().map(|row| row.2).sum::<u64>(), total),
        (4, 165)
    );
    assert!(asked.iter().all(|row| row.1 == "Loader"), "{asked:?}");
    assert_eq!([asked[0].0, asked[1].0], ["big", "small"]);
    let since = UnixMillis(day + next_day);
    assert_eq!(storage.spending(since).await.unwrap(), rows[..1]);
}

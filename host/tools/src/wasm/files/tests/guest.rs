//! A real guest with its ordinary file functions, run by the engine: the built-in file tools.

use super::fixture::{Home, NO, Person, YES};
use crate::{Call, Options, Outcome, Registry};
use anteroom_api::{
    Capability, ConversationId, GrantReach, ItemId, Resolution, Status, Stop, ToolContent,
};
use anteroom_gate::{Asked, Policy};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ID: &str = "00000000-0000-7000-8000-000000000001";

struct Guests(Registry);

impl Guests {
    fn new(home: &Home) -> Self {
        let options = Options::new(home.path("../cache"), BTreeMap::new());
        let registry = Registry::open(options).unwrap();
        for toolset in anteroom_embed::built_in() {
            if toolset.0 == "files" {
                registry.add_packed(*toolset);
            }
        }
        Self(registry)
    }

    /// Runs a tool; what was asked meanwhile comes back beside its outcome.
    async fn run(
        &self,
        home: &Home,
        (tool, arguments): (&str, Value),
        reply: impl FnMut(&Asked) -> Resolution + Send + 'static,
    ) -> (Outcome, Vec<String>) {
        let person = Person::new(reply, None);
        let (_raise, stop) = Stop::new();
        let grants = [Capability::FilesRead, Capability::FilesWrite]
            .map(|capability| (capability, GrantReach::default()))
            .to_vec();
        let call = Call {
            item: ID.parse::<ItemId>().unwrap(),
            call: "call".into(),
            conversation: ID.parse::<ConversationId>().unwrap(),
            grants: grants.into(),
            session: home.session.clone(),
            max_output_chars: 30_000,
        };
        assert!(
            self.0.find(tool).await.is_some(),
            "{:?}",
            self.0.modules().await
        );
        let permit = home.permit(Policy::default(), tool, arguments);
        let outcome = self.0.call(permit, call, person.clone(), stop).await;
        (outcome, person.asked())
    }
}

fn text(outcome: &Outcome) -> String {
    let parts = outcome.result.content.iter().map(|part| match part {
        ToolContent::Text { text } => text.clone(),
        ToolContent::Diff { unified, .. } => unified.clone(),
        other => format!("{other:?}"),
    });
    parts.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_tools_work_through_it() {
    let home = Home::new();
    home.put("sub/deep/c.txt", "needle in c\n");
    home.put(".env.local", "needle=secret\n");
    home.put(".git/config", "needle\n");
    home.symlink(".env", "link");
    let guests = Guests::new(&home);

    let read = ("read_file", json!({"path": "sub/deep/c.txt"}));
    let (outcome, asked) = guests.run(&home, read, |_| NO).await;
    assert_eq!(outcome.status, Status::Completed, "{}", text(&outcome));
    assert!(text(&outcome).contains("needle in c"));
    assert_eq!(asked, [""; 0]);

    let absolute = home.path("a.txt").display().to_string();
    let (outcome, asked) = guests
        .run(&home, ("read_file", json!({"path": absolute})), |_| NO)
        .await;
    assert!(text(&outcome).contains("alpha"), "{}", text(&outcome));
    assert_eq!(asked, [""; 0]);

    let search = ("grep", json!({"pattern": "needle|SECRET"}));
    let (outcome, asked) = guests.run(&home, search, |_| NO).await;
    assert!(text(&outcome).contains("c.txt"), "{}", text(&outcome));
    assert!(!text(&outcome).contains("ecret"), "{}", text(&outcome));
    assert!(!text(&outcome).contains(".env"), "{}", text(&outcome));
    assert_eq!(asked, [""; 0]);
    assert!(outcome.meter.files_opened >= 3, "{:?}", outcome.meter);

    home.put(".gitignore", "b.txt\n");
    for (arguments, expected) in [
        (json!({"pattern": "*.txt", "path": "sub"}), "sub/deep/c.txt"),
        (json!({"pattern": "**/b.*"}), "no file in the workspace"),
        (json!({"pattern": "**/c.*"}), "sub/deep/c.txt"),
    ] {
        let (outcome, asked) = guests.run(&home, ("glob_files", arguments), |_| NO).await;
        assert!(text(&outcome).contains(expected), "{}", text(&outcome));
        assert!(!text(&outcome).contains("b.txt"), "{}", text(&outcome));
        assert_eq!(asked, [""; 0]);
    }

    for path in [".env", "link", ".env.absent"] {
        let read = ("read_file", json!({ "path": path }));
        let (outcome, asked) = guests.run(&home, read, |_| NO).await;
        assert!(outcome.result.is_error, "{path}: {}", text(&outcome));
        assert!(!text(&outcome).contains("SECRET"), "{path}");
        assert_eq!(asked.len(), 1, "{path}: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_changes_what_a_person_allows() {
    let home = Home::new();
    let guests = Guests::new(&home);
    let write = |path: &str| ("write_file", json!({"path": path, "content": "new\n"}));

    let (outcome, asked) = guests.run(&home, write("made/new.txt"), |_| YES).await;
    assert_eq!(outcome.status, Status::Completed, "{}", text(&outcome));
    assert_eq!(home.text("made/new.txt"), "new\n");
    assert!(asked.iter().any(|line| line.contains("made/new.txt")));

    let (outcome, _) = guests.run(&home, write("a.txt"), |_| NO).await;
    assert!(outcome.result.is_error);
    assert_eq!(home.text("a.txt"), "alpha");

    let (outcome, asked) = guests.run(&home, write("../other/out.txt"), |_| NO).await;
    assert!(outcome.result.is_error, "{}", text(&outcome));
    assert_eq!(home.text("../other/out.txt"), "outside", "{asked:?}");

    let edit = json!({"path": "a.txt", "old_text": "alpha", "new_text": "omega"});
    let (outcome, asked) = guests.run(&home, ("edit_file", edit), |_| YES).await;
    assert_eq!(outcome.status, Status::Completed, "{}", text(&outcome));
    assert_eq!(home.text("a.txt").trim_end(), "omega");
    assert_eq!(asked, ["FileWrite a.txt"]);
}

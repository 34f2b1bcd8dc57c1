//! An approval that nobody can see.

use super::*;
use anteroom_api::{
    ConversationEvent, ConversationKind, ConversationView, EffectKind, EffectView, Filing, Seq,
    Tier, Trust, Usage,
};
use anteroom_gate::Why;
use anteroom_storage::UserStamp;

const UNSEEN: Duration = Duration::from_secs(30);
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn only_all_that_time_without_anybody_is_too_long() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut seen = Seen::new(UNSEEN, start);
    assert_eq!(seen.look_at, at(3));
    // Nobody, then a page that is loaded anew.
    assert!(!seen.is_over(false, at(3)));
    assert!(!seen.is_over(false, at(29)));
    assert_eq!(seen.look_at, at(32));
    assert!(!seen.is_over(true, at(32)));
    // Away for good.
    assert!(!seen.is_over(false, at(61)));
    assert!(seen.is_over(false, at(62)));
    // However long somebody has been there before.
    let mut seen = Seen::new(UNSEEN, start);
    for second in 1..3000 {
        assert!(!seen.is_over(true, at(second)));
    }
    assert!(!seen.is_over(false, at(3028)));
    assert!(seen.is_over(false, at(3029)));
}

struct Place {
    folder: tempfile::TempDir,
    ambient: Ambient,
    bus: Bus,
    storage: Storage,
    asker: Asker,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ambient = Ambient::fixed(1_790_000_000_000);
        let storage = Storage::open(&folder.path().join("a.db"), ambient.now()).await;
        let storage = storage.unwrap();
        let user = UserStamp {
            user_id: "u".to_owned(),
            user_display_name: "Ada".to_owned(),
        };
        let bus = Bus::new(storage.clone(), ambient.clone(), user);
        let now = ambient.now();
        let view = ConversationView {
            id: ambient.uuid().into(),
            kind: ConversationKind::Chat,
            title: String::new(),
            workspace: "/work".to_owned(),
            model: None,
            mode: None,
            parent: None,
            forked_from: None,
            database: None,
            filing: Filing::default(),
            trust: Trust::User,
            created_at: now,
            updated_at: now,
            seq: Seq(0),
            running: None,
            usage: Usage::default(),
        };
        let asker = Asker {
            conversation: view.id,
            turn: ambient.uuid().into(),
            item: ambient.uuid().into(),
            tool: "bash".to_owned(),
            agent: None,
            is_attended: true,
            patience: PATIENCE,
            unseen: UNSEEN,
        };
        let opened = ConversationEvent::Opened {
            conversation: Box::new(view),
        };
        let topic = Topic::Conversation(asker.conversation);
        let opened = vec![Event::Conversation(opened)];
        bus.publish(topic, None, opened).await.unwrap();
        Self {
            folder,
            ambient,
            bus,
            storage,
            asker,
        }
    }

    fn topic(&self) -> Topic {
        Topic::Conversation(self.asker.conversation)
    }

    fn desk(&self) -> Desk {
        let (bus, ambient) = (self.bus.clone(), self.ambient.clone());
        Desk::new(bus, ambient, self.storage.clone())
    }
}

fn asked() -> Asked {
    Asked {
        effect: EffectView {
            kind: EffectKind::Process,
            summary: "touch here".to_owned(),
            detail: None,
            preview: None,
        },
        tier: Tier::Execute,
        reasons: Vec::new(),
        scopes: Vec::new(),
        digest: "digest".to_owned(),
        why: Why::default(),
    }
}

#[tokio::test]
async fn nobody_there_is_a_no_long_before_patience_ends() {
    let mut place = Place::new().await;
    place.asker.unseen = Duration::from_millis(50);
    let desk = place.desk();
    let (_raise, stop) = Stop::new();
    let asking = desk.ask(&place.asker, asked(), &stop);
    let (resolution, by) = tokio::time::timeout(PATIENCE / 2, asking).await.unwrap();
    assert_eq!(resolution, Resolution::NotAnswered);
    assert_eq!(by, NOBODY);
    // Told like any other end, so that it is in the record.
    let told = place
        .storage
        .events(place.topic(), Seq(0), 10)
        .await
        .unwrap();
    let is_resolved = |event: &Event| {
        matches!(
            event,
            Event::Approval(ApprovalEvent::Resolved { resolution, by, .. })
                if *resolution == Resolution::NotAnswered && by == NOBODY
        )
    };
    assert_eq!(
        told.iter().filter(|fact| is_resolved(&fact.event)).count(),
        1
    );
}

#[tokio::test]
async fn who_follows_and_any_other_process_count_as_somebody() {
    let place = Place::new().await;
    let desk = place.desk();
    assert!(!desk.is_seen(place.topic()));
    // Whoever follows something else does not see it.
    let list = place.bus.follow(Topic::Host, None);
    assert!(!desk.is_seen(place.topic()));
    let page = place.bus.follow(place.topic(), None);
    assert!(desk.is_seen(place.topic()));
    drop((page, list));
    let gone = async {
        while desk.is_seen(place.topic()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    // Another process: a chat, `aroom approval wait`, a second server.
    let path = place.folder.path().join("a.db");
    let other = Storage::open(&path, place.ambient.now()).await.unwrap();
    assert!(desk.is_seen(place.topic()));
    other.close().await.unwrap();
    assert!(!desk.is_seen(place.topic()));
}

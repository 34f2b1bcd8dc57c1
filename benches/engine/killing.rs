//! Kills the program at random points of its work, starts it again, and compares what it had told with what is there.
//!
//! Used by `cargo bench --bench engine -- kill`, with many kills at any time, and by the tests, with few at points that need
//! no clock. What is acknowledged is every whole line that the program wrote to its standard output.

use super::endpoint::{Endpoint, Reply};
use anteroom_api::{
    ApprovalEvent, ApprovalOp, Content, ConversationEvent, ConversationId, ConversationKind,
    ConversationOp, ConversationView, Decision, Event, Mode, Scope, Seq, Signal, Topic, Trust,
    TurnEvent, TurnOp, TurnOptions, UnixMillis, Usage,
};
use anteroom_runtime::{Ambient, FlagValue, Host, HostOptions};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Kills in one home before the next begins: what earlier kills left is part of what must survive.
const KILLS_PER_HOME: usize = 6;
/// Rows of a database of the first schema: enough that bringing it to the newest takes several pages.
const OLD_ROWS: u32 = 300;

/// Numbers that look random and are the same for the same seed.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to `below`, without it.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// When the program is killed.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// As soon as it has written so many lines; 0 is at once.
    Line(u64),
    /// So long after its start.
    Time(Duration),
}

impl Moment {
    /// Draws one: by lines, or with a clock as often by time. An uncut run writes about 70 lines with previews, an
    /// attended one more, in about `usual`.
    fn draw(has_clock: bool, numbers: &mut Numbers, usual: Duration) -> Self {
        if has_clock && numbers.one_in(2) {
            let micros = u64::try_from(usual.as_micros()).unwrap_or(u64::MAX);
            let time = numbers.below(micros + micros / 8 + 1);
            return Self::Time(Duration::from_micros(time));
        }
        Self::Line(numbers.below(96))
    }
}

/// What came of many kills.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: usize,
    /// Of these, while a database was brought to the newest schema or made.
    pub first_starts: usize,
    /// Runs that had ended before they could be killed.
    pub missed: usize,
    pub acknowledged: usize,
    /// The same by what they are about.
    pub nouns: BTreeMap<String, usize>,
    /// What was told and is not there, or otherwise.
    pub lost: Vec<String>,
    /// What the database says about itself.
    pub corrupt: Vec<String>,
    /// Starts after a kill that did not serve.
    pub unserved: Vec<String>,
    /// From starting again to the first fact that is stored and told.
    pub served: Vec<Duration>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.first_starts += other.first_starts;
        self.missed += other.missed;
        self.acknowledged += other.acknowledged;
        for (noun, count) in other.nouns {
            *self.nouns.entry(noun).or_default() += count;
        }
        self.lost.extend(other.lost);
        self.corrupt.extend(other.corrupt);
        self.unserved.extend(other.unserved);
        self.served.extend(other.served);
    }

    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.corrupt.is_empty() && self.unserved.is_empty()
    }
}

/// Kills so often, one after the other; at any time, or with no clock at points of what it writes. `attended` starts [`attend`] in a process of its own.
pub fn kill_often(
    endpoint: &Endpoint,
    kills: usize,
    seed: u64,
    has_clock: bool,
    attended: &dyn Fn(&Home) -> Command,
) -> Tally {
    let mut numbers = Numbers::new(seed);
    let asked = AtomicUsize::new(0);
    // What is written differs each time: writing what is there already is no effect, and asks nobody.
    endpoint.choose(move |request| answer(request, asked.fetch_add(1, Ordering::Relaxed)));
    let mut tally = Tally::default();
    let mut usual = Duration::from_millis(200);
    let mut home = Home::new(&mut numbers);
    while tally.kills < kills {
        if home.kills >= KILLS_PER_HOME {
            home = Home::new(&mut numbers);
        }
        round(
            endpoint,
            &mut home,
            (&mut numbers, has_clock, &mut usual),
            &mut tally,
            attended,
        );
    }
    tally
}

/// One kill, perhaps another during the next start, then a start that is left to end, then the look.
fn round(
    endpoint: &Endpoint,
    home: &mut Home,
    (numbers, has_clock, usual): (&mut Numbers, bool, &mut Duration),
    tally: &mut Tally,
    attended: &dyn Fn(&Home) -> Command,
) {
    let is_first = !home.has_served;
    let command = match numbers.below(5) {
        0 | 1 => attended(home),
        2 => home.exec(endpoint, &["-c"]),
        _ => home.exec(endpoint, &[]),
    };
    let again = numbers.one_in(4);
    for command in [Some(command), again.then(|| home.exec(endpoint, &["-c"]))] {
        let Some(command) = command else { continue };
        let run = Run::killed(command, Moment::draw(has_clock, numbers, *usual));
        tally.kills += usize::from(run.was_killed);
        tally.first_starts += usize::from(run.was_killed && is_first);
        tally.missed += usize::from(!run.was_killed);
        home.told.extend(run.lines);
    }
    home.kills += 1;
    let since = Instant::now();
    let last = Run::to_the_end(home.exec(endpoint, &[]));
    *usual = since.elapsed();
    match last.first {
        Some(first) if last.is_success => tally.served.push(first),
        _ => tally.unserved.push(format!("{home:?}: {}", last.errors)),
    }
    home.has_served = true;
    home.told.extend(last.lines);
    if let Err(error) = home.look(tally) {
        tally.corrupt.push(error.to_string());
    }
}

/// A home, and all that was told in it.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
    told: Vec<Value>,
    kills: usize,
    has_served: bool,
    old_rows: u32,
    compared: usize,
}

impl Home {
    /// A new one; every third has a database of the first schema.
    fn new(numbers: &mut Numbers) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for name in ["home/.anteroom", "work"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let mut home = Self {
            folder,
            told: Vec::new(),
            kills: 0,
            has_served: false,
            old_rows: 0,
            compared: 0,
        };
        if numbers.one_in(3) {
            home.make_old();
        }
        home
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("home/.anteroom/anteroom.db")
    }

    /// A database as the first schema knew it, with facts in it that are acknowledged long since.
    fn make_old(&mut self) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        let schema = include_str!("../../host/storage/src/schema/0001_initial.sql");
        connection.execute_batch(schema).unwrap();
        // "ARoM", as storage marks its files.
        connection
            .pragma_update(None, "application_id", 0x4152_6f4d)
            .unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .unwrap();
        let id: ConversationId = "0190a000-0000-7000-8000-00000000abcd".parse().unwrap();
        let view = old_view(id, self.folder.path());
        let work = view.workspace.clone();
        let mut told = vec![Event::Conversation(ConversationEvent::Opened {
            conversation: Box::new(view),
        })];
        told.extend((1..OLD_ROWS).map(|number| {
            Event::Conversation(ConversationEvent::Renamed {
                conversation: id,
                title: format!("title {number} {}", "words ".repeat(20)),
            })
        }));
        connection
            .execute(
                "INSERT INTO conversations (id, kind, title, workspace, trust, created_at, updated_at, seq)
                 VALUES (?1, 'chat', 'old', ?2, 'user', 1, 1, ?3)",
                rusqlite::params![id.0.into_bytes(), work, OLD_ROWS],
            )
            .unwrap();
        for (seq, event) in (1..).zip(told) {
            let event = serde_json::to_value(event).unwrap();
            connection
                .execute(
                    "INSERT INTO journal (topic, seq, at, event) VALUES (?1, ?2, 1, ?3)",
                    rusqlite::params![id.0.into_bytes(), seq, event.to_string()],
                )
                .unwrap();
            let topic = Topic::Conversation(id);
            let envelope = json!({ "topic": topic, "seq": seq, "at": 1, "event": event });
            self.told
                .push(json!({ "signal": "event", "envelope": envelope }));
        }
        self.old_rows = OLD_ROWS;
    }

    /// The real program, headless, in mode `auto`, telling every fact and every preview.
    fn exec(&self, endpoint: &Endpoint, more: &[&str]) -> Command {
        // Another build of the program can be killed as well.
        let named = std::env::var_os("ANTEROOM_BENCH_PROGRAM");
        let mut command = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_aroom").into()));
        command
            .env_clear()
            .envs(environment(self.path()))
            .env("AI_CHAT_BASE_URL", endpoint.base_url())
            .env("AI_CHAT_MODEL", "scripted")
            .current_dir(self.path().join("work"))
            .args([
                "exec",
                "--approval-mode",
                "auto",
                "--stream-json",
                "--include-deltas",
            ])
            .args(more)
            .arg("work on it");
        command
    }

    /// Compares the database with what was told, and asks it about itself.
    fn look(&mut self, tally: &mut Tally) -> rusqlite::Result<()> {
        let connection = rusqlite::Connection::open(self.database())?;
        let ask = |sql: &str| -> rusqlite::Result<Vec<String>> {
            let mut statement = connection.prepare(sql)?;
            let rows =
                statement.query_map([], |row| row.get_ref(0).map(|value| format!("{value:?}")))?;
            rows.collect()
        };
        let sound = ask("PRAGMA integrity_check")?;
        if sound != ["Text([111, 107])"] {
            tally.corrupt.push(format!("{sound:?}"));
        }
        let words = connection.execute(
            "INSERT INTO messages_text (messages_text, rank) VALUES ('integrity-check', 1)",
            [],
        );
        for (name, found) in [
            (
                "a row that points nowhere",
                ask("PRAGMA foreign_key_check")?,
            ),
            (
                "the search index",
                words
                    .err()
                    .into_iter()
                    .map(|error| error.to_string())
                    .collect(),
            ),
            (
                "a turn without an end",
                ask("SELECT hex(id) FROM turns WHERE ended_at IS NULL")?,
            ),
            (
                "an item without an end",
                ask("SELECT hex(id) FROM items WHERE status IN ('pending', 'running')")?,
            ),
            (
                "an approval without an end",
                ask("SELECT hex(id) FROM approvals WHERE resolved_at IS NULL")?,
            ),
            (
                "a gap",
                ask("SELECT hex(topic) FROM journal GROUP BY topic HAVING max(seq) <> count(*)")?,
            ),
        ] {
            tally
                .corrupt
                .extend(found.into_iter().map(|found| format!("{name}: {found}")));
        }
        let mut fact =
            connection.prepare("SELECT event FROM journal WHERE topic = ?1 AND seq = ?2")?;
        let facts = self.told.iter().filter(|line| line["signal"] == "event");
        let mut compared = 0;
        for line in facts {
            compared += 1;
            let envelope = &line["envelope"];
            if compared > self.compared {
                let noun = envelope["event"]["noun"].as_str().unwrap_or_default();
                *tally.nouns.entry(noun.to_owned()).or_default() += 1;
            }
            let stored: Option<String> = fact
                .query_row(
                    rusqlite::params![topic(envelope), envelope["seq"].as_i64()],
                    |row| row.get(0),
                )
                .ok();
            let stored: Option<Value> = stored.and_then(|text| serde_json::from_str(&text).ok());
            if stored.as_ref() != Some(&envelope["event"]) {
                tally
                    .lost
                    .push(format!("told {envelope}, stored {stored:?}"));
            }
        }
        tally.acknowledged += compared - self.compared;
        self.compared = compared;
        Ok(())
    }
}

fn topic(envelope: &Value) -> Vec<u8> {
    let topic: Topic = serde_json::from_value(envelope["topic"].clone()).unwrap();
    match topic {
        Topic::Host => Vec::new(),
        Topic::Conversation(id) => id.0.into_bytes().to_vec(),
    }
}

fn old_view(id: ConversationId, folder: &Path) -> ConversationView {
    ConversationView {
        id,
        kind: ConversationKind::Chat,
        title: "old".to_owned(),
        workspace: folder.join("work").display().to_string(),
        model: None,
        mode: None,
        parent: None,
        forked_from: None,
        database: None,
        filing: anteroom_api::Filing::default(),
        trust: Trust::User,
        created_at: UnixMillis(1),
        updated_at: UnixMillis(1),
        seq: Seq(0),
        running: None,
        usage: Usage::default(),
    }
}

/// What a process in a home sees of the world.
fn environment(folder: &Path) -> BTreeMap<String, String> {
    let shown = |path: PathBuf| path.display().to_string();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let mut environment = BTreeMap::from([
        ("HOME".to_owned(), shown(folder.join("home"))),
        ("ANTEROOM_CACHE_DIR".to_owned(), shown(cache)),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
    ]);
    if let Ok(path) = std::env::var("PATH") {
        environment.insert("PATH".to_owned(), path);
    }
    environment
}

/// What a whole run ends with: where the sandbox is not complete, its command is not run for want of a person.
fn good_end() -> i32 {
    let walls = anteroom_tools::walls(&anteroom_tools::Sandbox::default());
    if walls.is_complete() { 0 } else { 6 }
}

/// One run of a program.
struct Run {
    /// The whole lines it wrote that are JSON.
    lines: Vec<Value>,
    /// From its start to the first fact.
    first: Option<Duration>,
    was_killed: bool,
    is_success: bool,
    errors: String,
}

impl Run {
    fn killed(command: Command, moment: Moment) -> Self {
        Self::of(command, Some(moment))
    }

    fn to_the_end(command: Command) -> Self {
        Self::of(command, None)
    }

    fn of(mut command: Command, moment: Option<Moment>) -> Self {
        let since = Instant::now();
        let errors = match moment {
            Some(_) => Stdio::null(),
            None => Stdio::piped(),
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        if let Some(Moment::Time(time)) = moment {
            let killer = std::thread::spawn(move || {
                std::thread::sleep(time.saturating_sub(since.elapsed()));
                end(child)
            });
            let (lines, first) = read(&mut stdout, since, |_| {});
            return Self {
                lines,
                first,
                was_killed: killer.join().unwrap(),
                is_success: false,
                errors: String::new(),
            };
        }
        let due = match moment {
            Some(Moment::Line(number)) => number,
            Some(Moment::Time(_)) | None => u64::MAX,
        };
        if due == 0 {
            child.kill().unwrap();
        }
        let (lines, first) = read(&mut stdout, since, |count| {
            if count == due {
                child.kill().unwrap();
            }
        });
        let output = child.wait_with_output().unwrap();
        Self {
            lines,
            first,
            was_killed: output.status.code().is_none(),
            is_success: output.status.code() == Some(good_end()),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Kills a process; whether it still ran.
fn end(mut child: Child) -> bool {
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

/// Reads whole lines until the end; those that are JSON count.
fn read(
    from: &mut impl BufRead,
    since: Instant,
    mut counted: impl FnMut(u64),
) -> (Vec<Value>, Option<Duration>) {
    let (mut lines, mut first, mut count) = (Vec::new(), None, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.read_until(b'\n', &mut line).unwrap() == 0 || line.last() != Some(&b'\n') {
            return (lines, first);
        }
        let Ok(value) = serde_json::from_slice::<Value>(&line) else {
            continue;
        };
        if value["signal"] == "event" {
            first.get_or_insert_with(|| since.elapsed());
        }
        lines.push(value);
        count += 1;
        counted(count);
    }
}

/// The model: thinks and calls, changes its canvas, then speaks at length.
fn answer(request: &Value, number: usize) -> Option<Reply> {
    let messages = request["messages"].as_array()?;
    let last_user = messages
        .iter()
        .rposition(|message| message["role"] == "user")?;
    let results: Vec<&str> = messages[last_user..]
        .iter()
        .filter(|message| message["role"] == "tool")
        .filter_map(|message| message["content"].as_str())
        .collect();
    let canvas = results.iter().find_map(|text| uuid_in(text));
    Some(match (results.len(), canvas) {
        (0, _) => Reply::reasoning("first a thought of some words", "I begin. ")
            .and_call(
                "write_file",
                json!({ "path": "a.txt", "content": format!("{number}\n") }),
            )
            .and_call(
                "create_canvas",
                json!({ "title": "Plan", "kind": "markdown", "content": "# Plan" }),
            )
            .and_call("read_file", json!({ "path": "b.txt" })),
        (3, Some(canvas)) => Reply::text("I go on. ")
            .and_call(
                "update_canvas",
                json!({ "id": canvas, "version": 1, "content": "# Plan\n\ndone" }),
            )
            .and_call("bash", json!({ "command": "echo out; echo more" })),
        _ => Reply::text(&"a word or two ".repeat(10)),
    })
}

fn uuid_in(text: &str) -> Option<&str> {
    let is_uuid = |part: &&str| part.len() == 36 && part.matches('-').count() == 4;
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .find(is_uuid)
}

/// The host as a frontend with a person drives it: one turn in which everything is asked and allowed, another that
/// waits behind it. Writes every signal to standard output, as the program does.
pub async fn attend(folder: &Path, base_url: &str) -> anyhow::Result<()> {
    let flag = |key: &str, value: &str| FlagValue {
        key: key.to_owned(),
        value: value.into(),
        flag: format!("--{key}"),
    };
    let options = HostOptions {
        ambient: Ambient::system().with_environment(environment(folder)),
        workspace: folder.join("work"),
        flags: vec![flag("ai.base_url", base_url), flag("ai.model", "scripted")],
        built_in: anteroom_embed::built_in(),
    };
    let host = Host::start(options)
        .await
        .map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    let handle = host.handle();
    let told = |rejection| anyhow::anyhow!("{rejection:?}");
    let open = ConversationOp::Open {
        workspace: folder.join("work").display().to_string(),
        title: String::new(),
        model: None,
        project: None,
        database: None,
    };
    let conversation = handle.open(open).await.map_err(told)?;
    let mut signals = handle.follow(Topic::Conversation(conversation), Some(Seq(0)));
    let mut last = None;
    for _ in 0..2 {
        let start = TurnOp::Start {
            conversation,
            input: vec![Content::text("work on it")],
            options: TurnOptions {
                mode: Some(Mode::AskForWrites),
                is_attended: true,
                ..TurnOptions::default()
            },
        };
        last = Some(handle.submit(start).await.map_err(told)?);
    }
    let mut out = std::io::stdout();
    while let Some(signal) = signals.next().await {
        let mut line = serde_json::to_vec(&signal)?;
        line.push(b'\n');
        std::io::Write::write_all(&mut out, &line)?;
        std::io::Write::flush(&mut out)?;
        let Signal::Event { envelope } = signal else {
            continue;
        };
        match envelope.event {
            Event::Approval(ApprovalEvent::Requested { approval }) => {
                let decide = ApprovalOp::Decide {
                    approval: approval.id,
                    digest: approval.digest,
                    decision: Decision::Allow { scope: Scope::Once },
                    by: "person".to_owned(),
                };
                handle.submit(decide).await.map_err(told)?;
            }
            Event::Turn(TurnEvent::Ended { turn, .. }) if Some(turn.0) == last.map(|op| op.0) => {
                break;
            }
            _ => {}
        }
    }
    host.stop().await;
    Ok(())
}

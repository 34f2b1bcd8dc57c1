//! The built-in tools, each as the model meets it: normal use, the important errors, what is counted.

use crate::support::endpoint::Reply;
use crate::support::held;
use crate::support::scene::{Scene, Told, attended, auto, text_of};
use anteroom_api::{
    Answer, CanvasEvent, CanvasView, ConversationId, ElicitationEvent, ElicitationOp, Event,
    ItemBody, Meter, Status, ToolContent,
};
use serde_json::{Value, json};

/// A host and one conversation in mode `auto`.
struct Bench {
    scene: Scene,
    conversation: ConversationId,
}

/// What one call came to.
struct Called {
    told: Told,
    status: Status,
    text: String,
    content: Vec<ToolContent>,
    meter: Meter,
}

impl Bench {
    async fn new() -> Self {
        Self::with_settings(&[]).await
    }

    async fn with_settings(settings: &[(&str, Value)]) -> Self {
        let scene = Scene::with_settings([], settings).await;
        let conversation = scene.open().await;
        Self {
            scene,
            conversation,
        }
    }

    /// One turn with one call.
    async fn call(&self, tool: &str, arguments: Value) -> Called {
        self.scene
            .endpoint
            .script([Reply::call(tool, arguments), Reply::text("done")]);
        let told = self
            .scene
            .turn(self.conversation, "go", held::running(), held::yes)
            .await;
        let (item, call) = told.call(tool);
        Called {
            status: item.status,
            text: text_of(&call),
            content: call.result.unwrap().content,
            meter: call.meter.unwrap(),
            told,
        }
    }

    /// One turn with one call that works; its text.
    #[track_caller]
    fn completes(&self, tool: &str, arguments: Value) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let called = self.call(tool, arguments).await;
            assert_eq!(called.status, Status::Completed, "{place}: {}", called.text);
            called.text
        }
    }

    /// One turn with one call that fails with these words.
    #[track_caller]
    fn fails(&self, tool: &str, arguments: Value, words: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let called = self.call(tool, arguments).await;
            assert_eq!(called.status, Status::Failed, "{place}: {}", called.text);
            assert!(called.text.contains(words), "{place}: {}", called.text);
        }
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.scene.workspace().join(path)).unwrap()
    }
}

/// The smallest picture there is.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

#[tokio::test(flavor = "multi_thread")]
async fn read_file_shows_lines_pictures_and_what_else_there_is() {
    let bench = Bench::new().await;
    let scene = &bench.scene;
    scene.write("src/notes.txt", "one\ntwo\nthree\nfour\n");
    scene.write("empty.txt", "");
    std::fs::write(scene.workspace().join("dot.png"), PNG).unwrap();
    std::fs::write(scene.workspace().join("a.bin"), b"\x7fELF\0\0\x01\x02").unwrap();

    let whole = bench
        .completes("read_file", json!({ "path": "src/notes.txt" }))
        .await;
    assert_eq!(whole, "1\tone\n2\ttwo\n3\tthree\n4\tfour\n");
    let part = json!({ "path": "src/notes.txt", "offset": 2, "limit": 2 });
    let part = bench.completes("read_file", part).await;
    assert_eq!(
        part,
        "2\ttwo\n3\tthree\n[lines 2-3 of 4; go on with offset 4]\n"
    );
    let absolute = scene.workspace().join("src/notes.txt");
    let absolute = bench
        .completes("read_file", json!({ "path": absolute, "limit": 1 }))
        .await;
    assert!(absolute.starts_with("1\tone\n"), "{absolute}");
    let picture = bench.call("read_file", json!({ "path": "dot.png" })).await;
    assert!(
        matches!(&picture.content[..], [ToolContent::Image { media_type, .. }] if media_type == "image/png"),
        "{:?}",
        picture.content
    );
    let empty = bench
        .completes("read_file", json!({ "path": "empty.txt" }))
        .await;
    assert!(empty.contains("is empty"), "{empty}");

    let read = "read_file";
    bench
        .fails(read, json!({ "path": "a.bin" }), "not text")
        .await;
    bench
        .fails(
            read,
            json!({ "path": "src/note.txt" }),
            "there is no `src/note.txt`; `src` has `notes.txt`",
        )
        .await;
    bench
        .fails(read, json!({ "path": "src" }), "`src` is a folder")
        .await;
    let beyond = json!({ "path": "src/notes.txt", "offset": 9 });
    bench.fails(read, beyond, "has only 4 lines").await;
    bench
        .fails(
            read,
            json!({ "offset": 1 }),
            "\"path\" is a required property",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn write_file_creates_replaces_and_keeps_habits() {
    let bench = Bench::new().await;
    let scene = &bench.scene;
    let write = |path: &str, content: &str| json!({ "path": path, "content": content });

    let made = bench
        .call("write_file", write("docs/deep/new.md", "# New\n"))
        .await;
    assert_eq!(scene.read("docs/deep/new.md"), "# New\n");
    let [
        ToolContent::Diff {
            path,
            added,
            removed,
            ..
        },
    ] = &made.content[..]
    else {
        panic!("{:?}", made.content)
    };
    assert_eq!(
        (path.as_str(), *added, *removed),
        ("docs/deep/new.md", 1, 0)
    );

    scene.write("dos.txt", "a\r\nb\r\n");
    bench
        .completes("write_file", write("dos.txt", "c\nd"))
        .await;
    assert_eq!(bench.bytes("dos.txt"), b"c\r\nd\r\n");

    use std::os::unix::fs::PermissionsExt;
    scene.write("run.sh", "echo 1\n");
    let script = scene.workspace().join("run.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o750)).unwrap();
    bench
        .completes("write_file", write("run.sh", "echo 2\n"))
        .await;
    let mode = script.metadata().unwrap().permissions().mode();
    assert_eq!(
        (mode & 0o777, scene.read("run.sh").as_str()),
        (0o750, "echo 2\n")
    );

    bench
        .fails("write_file", write("docs", "x"), "it is a folder")
        .await;
    bench
        .fails(
            "write_file",
            write("run.sh/x", "x"),
            "is a file, not a folder",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edit_file_replaces_exactly_tolerantly_or_not_at_all() {
    let bench = Bench::new().await;
    let scene = &bench.scene;
    let text = "fn a() {\n\tlet x = 1;\n}\nfn b() {\n\tlet y = 1;\n}\n";
    scene.write("a.rs", text);
    let edit = |old: &str, new: &str| json!({ "path": "a.rs", "old_text": old, "new_text": new });

    let exact = bench
        .call("edit_file", edit("let x = 1", "let x = 2"))
        .await;
    let [
        ToolContent::Diff {
            unified,
            added: 1,
            removed: 1,
            ..
        },
    ] = &exact.content[..]
    else {
        panic!("{:?}", exact.content)
    };
    assert!(
        unified.contains("-\tlet x = 1;\n+\tlet x = 2;\n"),
        "{unified}"
    );
    let spaces = edit("fn b() {\n    let y = 1;", "fn b() {\n    let y = 3;");
    let tolerant = bench.completes("edit_file", spaces).await;
    assert!(tolerant.contains("differed in whitespace"), "{tolerant}");
    let after = text.replace("x = 1", "x = 2").replace("y = 1", "y = 3");
    assert_eq!(scene.read("a.rs"), after);

    bench
        .fails(
            "edit_file",
            edit("fn ", "pub fn "),
            "is there 2 times, at lines 1, 4",
        )
        .await;
    bench
        .fails(
            "edit_file",
            edit("let x = 7", "let x = 8"),
            "the nearest is this",
        )
        .await;
    let several = json!({ "path": "a.rs", "edits": [
        { "old_text": "let x = 2", "new_text": "let x = 9" },
        { "old_text": "not there at all", "new_text": "" },
    ] });
    bench
        .fails("edit_file", several, "nothing was changed")
        .await;
    assert_eq!(scene.read("a.rs"), after, "all or nothing");
    let both = json!({ "path": "a.rs", "edits": [
        { "old_text": "let x = 2", "new_text": "let x = 9" },
        { "old_text": "fn ", "new_text": "pub fn ", "replace_all": true },
    ] });
    bench.completes("edit_file", both).await;
    assert_eq!(
        scene.read("a.rs"),
        after.replace("x = 2", "x = 9").replace("fn ", "pub fn ")
    );
    let missing = json!({ "path": "b.rs", "old_text": "a", "new_text": "b" });
    bench
        .fails("edit_file", missing, "a new file is made with `write_file`")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn glob_files_finds_what_is_not_ignored() {
    let bench = Bench::new().await;
    let scene = &bench.scene;
    for path in [
        "src/a.rs",
        "src/deep/b.rs",
        "out/c.rs",
        "README.md",
        ".env",
        "src/.hidden.rs",
    ] {
        scene.write(path, "x\n");
    }
    scene.write(".gitignore", "out/\n");
    std::fs::create_dir(scene.workspace().join(".git")).unwrap();
    let found = bench
        .completes("glob_files", json!({ "pattern": "**/*.rs" }))
        .await;
    let mut found: Vec<&str> = found.lines().filter(|line| line.ends_with(".rs")).collect();
    found.sort_unstable();
    assert!(
        found.contains(&"src/a.rs") && found.contains(&"src/deep/b.rs"),
        "{found:?}"
    );
    let below = json!({ "pattern": "*.rs", "path": "src/deep" });
    let below = bench.completes("glob_files", below).await;
    assert!(below.contains("b.rs") && !below.contains("a.rs"), "{below}");
    let all = bench
        .completes("glob_files", json!({ "pattern": "**/*" }))
        .await;
    assert!(!all.contains(".env"), "sensitive: {all}");
    bench
        .fails(
            "glob_files",
            json!({ "pattern": "[" }),
            "the glob does not work",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grep_searches_in_its_modes() {
    let bench = Bench::new().await;
    let scene = &bench.scene;
    scene.write("src/a.rs", "one\nneedle here\nthree\n");
    scene.write("src/b.py", "needle\nNeedle\n");
    scene.write("target/c.rs", "needle\n");
    scene.write(".gitignore", "target/\n");
    std::fs::create_dir(scene.workspace().join(".git")).unwrap();
    std::fs::write(scene.workspace().join("bin"), b"\0needle\0").unwrap();
    let grep = async |arguments: Value| bench.completes("grep", arguments).await;

    let content = grep(json!({ "pattern": "needle h" })).await;
    assert!(content.contains("src/a.rs:2: needle here"), "{content}");
    let around = grep(json!({ "pattern": "needle h", "context": 1 })).await;
    assert!(
        around.contains("one") && around.contains("three"),
        "{around}"
    );
    let files = grep(json!({ "pattern": "needle", "mode": "files" })).await;
    assert!(
        files.contains("src/a.rs\n") && files.contains("src/b.py\n"),
        "{files}"
    );
    assert!(
        !files.contains("target") && !files.contains("bin"),
        "{files}"
    );
    let count = grep(json!({ "pattern": "needle", "mode": "count", "type": "py" })).await;
    assert!(count.contains("src/b.py: 2"), "smart case: {count}");
    let case = grep(json!({ "pattern": "Needle", "mode": "count" })).await;
    assert!(
        case.contains("src/b.py: 1") && !case.contains("a.rs"),
        "{case}"
    );
    let lines = json!({ "pattern": "one\\nneedle", "multiline": true, "glob": "*.rs" });
    let lines = grep(lines).await;
    assert!(lines.contains("src/a.rs:1"), "{lines}");
    let one = grep(json!({ "pattern": "needle", "limit": 1 })).await;
    assert_eq!(one.matches("needle").count(), 1, "{one}");
    let none = grep(json!({ "pattern": "nowhere" })).await;
    assert!(none.contains("no match"), "{none}");
    bench
        .fails(
            "grep",
            json!({ "pattern": "(" }),
            "the pattern does not work",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bash_tells_output_and_how_it_ended() {
    let bench = Bench::new().await;
    let scene = &bench.scene;
    scene.write("sub/here.txt", "x");
    let bash = async |arguments: Value| bench.completes("bash", arguments).await;

    let both = bash(json!({ "command": "echo out; echo err >&2" })).await;
    assert!(both.contains("out\n") && both.contains("err\n"), "{both}");
    let failed = bash(json!({ "command": "echo no; exit 3" })).await;
    assert_eq!(failed, "no\n[exit code 3]");
    assert_eq!(bash(json!({ "command": "true" })).await, "[no output]");
    let below = bash(json!({ "command": "ls", "cwd": "sub" })).await;
    assert_eq!(below, "here.txt\n");
    let killed = bash(json!({ "command": "kill -9 $$" })).await;
    assert!(killed.contains("killed by signal 9"), "{killed}");
    bench
        .fails("bash", json!({ "command": " " }), "the command is empty")
        .await;
    bench
        .fails(
            "bash",
            json!({ "command": "ls", "cwd": "nowhere" }),
            "nowhere",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bash_streams_its_output_while_it_runs() {
    let bench = Bench::new().await;
    let called = bench
        .call("bash", json!({ "command": "echo streamed" }))
        .await;
    let shown = called.told.deltas.iter().any(|delta| {
        matches!(delta, anteroom_api::Delta::Output { text, .. } if text.contains("streamed"))
    });
    assert!(shown, "{:?}", called.told.deltas);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_takes_too_long_is_killed_with_its_children() {
    let bench = Bench::new().await;
    // Its own numbers mean nothing here: it has a process namespace of its own.
    let marker = format!("1000.{}", std::process::id());
    let command = format!("sleep {marker} & echo before; wait");
    let text = bench
        .completes("bash", json!({ "command": command, "timeout": 1 }))
        .await;
    assert!(
        text.contains("before") && text.contains("timed out after 1 s"),
        "{text}"
    );
    let lives = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .any(|process| {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0)
                .any(|word| word == marker.as_bytes())
        });
    assert!(!lives, "its child lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn background_tasks_are_listed_read_and_killed() {
    let bench = Bench::new().await;
    let none = bench.completes("bash_output", json!({})).await;
    assert!(none.contains("no background tasks"), "{none}");
    let command = "echo $$ > pid; echo first; while :; do read line < pipe && echo got $line; done";
    bench
        .completes("bash", json!({ "command": "mkfifo pipe" }))
        .await;
    let started = bench
        .completes("bash", json!({ "command": command, "background": true }))
        .await;
    assert!(started.contains("started `task-1`"), "{started}");
    // Whoever writes into the pipe waits until the task reads from it.
    bench
        .completes(
            "bash",
            json!({ "command": "echo hello > pipe; echo again > pipe" }),
        )
        .await;
    let read = bench
        .completes("bash_output", json!({ "task": "task-1" }))
        .await;
    assert!(
        read.contains("first\n") && read.contains("got hello") && read.contains("running"),
        "{read}"
    );
    let listed = bench.completes("bash_output", json!({})).await;
    assert!(listed.contains("task-1\trunning\t"), "{listed}");
    let killed = bench
        .completes("bash_kill", json!({ "task": "task-1" }))
        .await;
    assert!(killed.contains("killed by signal"), "{killed}");
    let again = bench
        .completes("bash_kill", json!({ "task": "task-1" }))
        .await;
    assert!(again.contains("already"), "{again}");
    bench
        .fails(
            "bash_output",
            json!({ "task": "task-9" }),
            "there is no task `task-9`",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_output_is_cut_and_kept_where_it_can_be_read() {
    let bench = Bench::with_settings(&[("cli.tool_output_max_chars", json!(500))]).await;
    let text = bench
        .completes("bash", json!({ "command": "seq 1 2000" }))
        .await;
    assert!(text.chars().count() < 800, "{}", text.chars().count());
    assert!(
        text.starts_with("1\n2\n") && text.ends_with("2000\n"),
        "{text}"
    );
    let path = text.split('`').nth(1).expect("a path in backticks");
    let part = json!({ "path": path, "offset": 1234, "limit": 1 });
    let part = bench.completes("read_file", part).await;
    assert!(part.starts_with("1234\t1234\n"), "{part}");
}

#[tokio::test(flavor = "multi_thread")]
async fn canvases_have_versions() {
    let bench = Bench::new().await;
    let create = json!({ "title": "Plan", "content": "# Plan\n\n1. begin\n" });
    let created = bench.call("create_canvas", create).await;
    let saved = |told: &Told| -> CanvasView {
        let saved = told
            .events
            .iter()
            .find_map(|envelope| match &envelope.event {
                Event::Canvas(CanvasEvent::Saved { canvas }) => Some(canvas.clone()),
                _ => None,
            });
        saved.expect("a version was told")
    };
    let first = saved(&created.told);
    assert_eq!(
        (first.title.as_str(), first.kind.as_str(), first.version),
        ("Plan", "markdown", 1)
    );
    let id = first.id.to_string();
    assert!(created.text.contains(&id), "{}", created.text);
    let edits = json!([{ "old_text": "begin", "new_text": "begin well" }]);
    let patched = bench
        .call("patch_canvas", json!({ "id": id, "edits": edits }))
        .await;
    let second = saved(&patched.told);
    assert_eq!(
        (second.version, second.body.as_str()),
        (2, "# Plan\n\n1. begin well\n")
    );
    let updated = bench
        .call("update_canvas", json!({ "id": id, "content": "all new" }))
        .await;
    assert_eq!(saved(&updated.told).version, 3);
    let edits = json!([{ "old_text": "nowhere", "new_text": "" }]);
    bench
        .fails(
            "patch_canvas",
            json!({ "id": id, "edits": edits }),
            "`old_text` is not there",
        )
        .await;
    let other = "0199a000-0000-7000-8000-000000000000";
    bench
        .fails(
            "update_canvas",
            json!({ "id": other, "content": "" }),
            other,
        )
        .await;
    let stored = bench
        .scene
        .handle()
        .read()
        .canvases(bench.conversation)
        .await
        .unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].version, stored[0].body.as_str()), (3, "all new"));
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_of_one_canvas_at_once_lose_nothing_silently() {
    let bench = Bench::new().await;
    let create = json!({ "title": "Plan", "content": "0" });
    let created = bench.completes("create_canvas", create).await;
    let id = created.split('`').nth(1).unwrap().to_owned();
    let many = (1..=6).fold(Reply::stream(), |reply, n| {
        reply.and_call(
            "update_canvas",
            json!({ "id": id, "content": n.to_string() }),
        )
    });
    bench.scene.endpoint.script([many, Reply::text("done")]);
    let told = bench
        .scene
        .turn(bench.conversation, "go", auto(), |_| unreachable!())
        .await;
    let calls = told.calls("update_canvas");
    let (done, failed): (Vec<_>, Vec<_>) = calls
        .iter()
        .partition(|(item, _)| item.status == Status::Completed);
    assert!(!done.is_empty());
    for (_, call) in failed {
        let words = text_of(call);
        assert!(words.contains("version"), "{words}");
    }
    let handle = bench.scene.handle();
    let stored = handle.read().canvases(bench.conversation).await.unwrap();
    assert_eq!(stored[0].version as usize, 1 + done.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_answers_a_question() {
    let cases = [
        (
            Answer::Given {
                values: vec!["SQLite".into()],
            },
            Status::Completed,
            "SQLite",
        ),
        (Answer::Declined, Status::Failed, "answer"),
    ];
    for (answer, status, words) in cases {
        let question = json!({ "question": "Which?", "options": ["SQLite", "PostgreSQL"] });
        let scene = Scene::new([Reply::call("ask_user", question), Reply::text("fine")]).await;
        let conversation = scene.open().await;
        let mut watch = scene.watch(conversation).await;
        let turn = scene.say(conversation, "go", attended()).await;
        let event = watch
            .until(|event| {
                matches!(
                    event,
                    Event::Elicitation(ElicitationEvent::Requested { .. })
                )
            })
            .await;
        let Event::Elicitation(ElicitationEvent::Requested { question }) = event else {
            unreachable!()
        };
        assert_eq!(question.options, ["SQLite", "PostgreSQL"]);
        let open = scene.handle().read().questions(conversation).await.unwrap();
        assert_eq!(open, std::slice::from_ref(&question));
        let answer = ElicitationOp::Answer {
            elicitation: question.id,
            answer,
        };
        scene.handle().submit(answer.clone()).await.unwrap();
        assert!(
            scene.handle().submit(answer).await.is_err(),
            "answered twice"
        );
        let told = watch.until_end(turn, &|_| unreachable!()).await;
        let (item, call) = told.call("ask_user");
        let text = text_of(&call);
        assert!(text.contains(words), "{text}");
        assert_eq!(item.status, status, "{text}");
        assert_eq!(told.answer(), "fine");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_used_is_counted_and_stored() {
    let bench = Bench::new().await;
    bench.scene.write("a.txt", &"x".repeat(10_000));
    let read = bench.call("read_file", json!({ "path": "a.txt" })).await;
    assert_eq!(
        (read.meter.bytes_read, read.meter.files_opened),
        (10_000, 1)
    );
    assert_eq!((read.meter.bytes_written, read.meter.processes), (0, 0));
    assert!(read.meter.wall_us > 0 && read.meter.peak_memory_bytes >= 65_536);
    let write = json!({ "path": "b.txt", "content": "12345" });
    let written = bench.call("write_file", write).await.meter;
    assert_eq!(written.bytes_written, 5);
    let listed = bench.call("glob_files", json!({ "pattern": "*" })).await;
    assert!(listed.meter.entries_listed >= 2, "{:?}", listed.meter);
    let ran = bench
        .call(
            "bash",
            json!({ "command": "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done" }),
        )
        .await
        .meter;
    assert_eq!(ran.processes, 1);
    assert!(ran.process_cpu_us > 0, "{ran:?}");

    let stored = bench.scene.items(bench.conversation).await;
    let stored: Vec<Meter> = stored
        .into_iter()
        .filter_map(|item| match item.body {
            ItemBody::ToolCall(call) => call.meter,
            _ => None,
        })
        .collect();
    assert_eq!(stored, [read.meter, written, listed.meter, ran]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_it_was_read_is_not_overwritten() {
    let bench = Bench::new().await;
    let scene = &bench.scene;
    scene.write("a.txt", "first\n");
    bench
        .completes("read_file", json!({ "path": "a.txt" }))
        .await;
    scene.write("a.txt", "somebody else was here\n");
    let write = json!({ "path": "a.txt", "content": "second\n" });
    let called = bench.call("write_file", write.clone()).await;
    assert_ne!(called.status, Status::Completed, "{}", called.text);
    assert!(
        called.text.contains("changed") && called.text.contains("read it again"),
        "{}",
        called.text
    );
    assert_eq!(scene.read("a.txt"), "somebody else was here\n");
    // Read again, it may be written; and what was written counts as read.
    bench
        .completes("read_file", json!({ "path": "a.txt" }))
        .await;
    bench.completes("write_file", write).await;
    let again = json!({ "path": "a.txt", "content": "third\n" });
    bench.completes("write_file", again).await;
    assert_eq!(scene.read("a.txt"), "third\n");
    // What another conversation read does not count here.
    let other = Bench {
        conversation: scene.open().await,
        scene: bench.scene,
    };
    other.scene.write("a.txt", "once more\n");
    let fourth = json!({ "path": "a.txt", "content": "fourth\n" });
    other.completes("write_file", fourth).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terminal_escapes_of_a_command_reach_nobody() {
    let bench = Bench::new().await;
    let command = "printf '\\033[31mred\\033[0m \\033]0;title\\007\\n'";
    let called = bench.call("bash", json!({ "command": command })).await;
    assert_eq!(called.text.trim(), "red");
}

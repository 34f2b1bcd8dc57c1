//! What the operating system's sandbox refuses to a command that was allowed to run, tried with the programs that
//! people have. They stand in a script, where no reading of the command line finds them. Where this machine lends less
//! than the whole sandbox, the same commands are not run without a person, and that is what is tried; and what the
//! walls that are there still hold, once a person has said yes.

use super::attended_auto;
use crate::support::endpoint::Reply;
use crate::support::git::{commit_all, git};
use crate::support::held::{self, is_complete};
use crate::support::scene::{Scene, Told, auto, text_of};
use anteroom_api::{Approval, Decision, EffectKind, Scope, Status, Tier, TurnOptions};
use serde_json::{Value, json};
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;

/// A home with something to lose and a workspace with something to plant in.
async fn scene() -> Scene {
    scene_with(&[]).await
}

async fn scene_with(settings: &[(&str, Value)]) -> Scene {
    let scene = Scene::with_settings([], settings).await;
    let home = home(&scene);
    fs::create_dir_all(home.join(".ssh")).unwrap();
    fs::write(home.join(".ssh/id_ed25519"), "hush-hush\n").unwrap();
    fs::write(home.join(".bashrc"), "# hush-hush\n").unwrap();
    fs::write(home.join(".netrc"), "hush-hush\n").unwrap();
    scene.write(".env", "TOKEN=hush-hush\n");
    scene
}

fn home(scene: &Scene) -> PathBuf {
    scene.folder.path().canonicalize().unwrap().join("home")
}

/// The same, and where the sandbox is not complete, somebody says yes to each: for what holds there too, because
/// Landlock, seccomp or limits hold it. The denial is tried first.
async fn said_anyway(scene: &Scene, lines: &[&str]) -> String {
    if let Some(said) = said(scene, lines).await {
        return said;
    }
    let mut said = String::new();
    for line in lines {
        let told = attended(scene, line, |approval| match approval.effect.kind {
            // Once more without the walls there are: no.
            EffectKind::Unconfined => Decision::Deny { reason: None },
            _ => held::yes(approval),
        })
        .await;
        let (item, call) = told.call("bash");
        let words = text_of(&call);
        assert_eq!(item.status, Status::Completed, "{line}: {words}");
        said.push_str(&format!("\n{words}\n"));
    }
    said
}

/// Runs scripts one after the other, each an unattended turn, and joins what they said. `None`, and a denial
/// tried, where the sandbox is not complete here.
async fn said(scene: &Scene, lines: &[&str]) -> Option<String> {
    let mut said = String::new();
    for line in lines {
        scene.endpoint.script(script(scene, line));
        let told = scene.run("go").await;
        let (item, call) = told.call("bash");
        let words = text_of(&call);
        if !is_complete() {
            assert_eq!(item.status, Status::Denied, "{line}: {words}");
            assert!(words.contains("nobody answered"), "{line}: {words}");
            assert!(!call.decisions.is_empty(), "{line}");
            return None;
        }
        assert_eq!(item.status, Status::Completed, "{line}: {words}");
        said.push_str(&format!("\n{words}\n"));
    }
    Some(said)
}

/// Puts a command where the gate does not see it, and has it run.
fn script(scene: &Scene, line: &str) -> [Reply; 2] {
    scene.write("try.sh", line);
    [
        Reply::call("bash", json!({ "command": "bash try.sh" })),
        Reply::text("done"),
    ]
}

/// One attended turn in mode `auto`; whatever is asked is answered with `decide`.
async fn attended(scene: &Scene, line: &str, decide: impl Fn(&Approval) -> Decision) -> Told {
    scene.endpoint.script(script(scene, line));
    let conversation = scene.open().await;
    scene
        .turn(conversation, "go", attended_auto(), decide)
        .await
}

/// A workspace with a repository that has one commit.
async fn repository() -> Scene {
    let scene = scene().await;
    scene.write("a.txt", "a\n");
    commit_all(scene.workspace());
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn no_program_reaches_the_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let scene = scene().await;
    let lines = [
        format!(
            "(echo x > /dev/tcp/127.0.0.1/{port}) 2>&1; echo x > /dev/udp/127.0.0.1/{port}; true"
        ),
        format!("curl -sS -m 5 http://127.0.0.1:{port}/ || true"),
        format!("wget -q -t 1 -T 5 -O- http://127.0.0.1:{port}/ || true"),
        format!("nc -w 5 127.0.0.1 {port} < /dev/null || true"),
        format!(
            "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 5)' || true"
        ),
        format!(
            "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(\"127.0.0.1:{port}\") and print \"reached\"' || true"
        ),
        format!(
            "node -e 'require(\"net\").connect({port}, \"127.0.0.1\").on(\"error\", e => console.log(e.code))' || true"
        ),
        "getent hosts example.org || ping -c 1 -W 5 127.0.0.1 || true".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let said = said_anyway(&scene, &lines).await;
    let reached = listener.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(reached, Err(ErrorKind::WouldBlock), "{said}");
    assert!(said.contains("Permission denied"), "{said}");
    assert!(!said.contains("reached"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_of_its_own_ends_in_the_sandbox() {
    if !has("python3") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let scene = scene_with(&[("safety.network", json!("local"))]).await;
    let line = format!(
        "python3 -c '
import socket
server = socket.create_server((\"127.0.0.1\", 0))
socket.create_connection(server.getsockname(), 5)
print(\"within\")
try:
    socket.create_connection((\"127.0.0.1\", {port}), 5)
    print(\"out\")
except OSError as error:
    print(error)
'"
    );
    let said = said(&scene, &[&line]).await;
    assert!(listener.accept().is_err(), "{said:?}");
    if let Some(said) = said {
        assert!(said.contains("\nwithin\n"), "{said}");
        assert!(!said.contains("\nout\n"), "{said}");
    }
}

fn has(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .any(|folder| std::path::Path::new(folder).join(program).exists())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_was_granted_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let scene = scene_with(&[("safety.network", json!("on"))]).await;
    let line = format!("echo x > /dev/tcp/127.0.0.1/{port} && echo reached");
    if let Some(said) = said(&scene, &[&line]).await {
        assert!(said.contains("\nreached\n"), "{said}");
        assert!(listener.accept().is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_outside() {
    let scene = scene().await;
    let outside = scene.folder.path().canonicalize().unwrap();
    fs::write(outside.join("theirs"), "theirs\n").unwrap();
    let outside = outside.display();
    std::os::unix::fs::symlink(outside.to_string(), scene.workspace().join("up")).unwrap();
    let lines = [
        "echo x >> ~/.bashrc; echo x > ~/.zshrc; mkdir ~/.config; true".to_owned(),
        format!("echo x > {outside}/new; echo x > up/new; echo x > ../new; true"),
        format!("echo x > /proc/self/root{outside}/new; echo x > /proc/$$/root{outside}/new; true"),
        format!("echo x > /proc/1/root{outside}/new; echo x > /proc/$PPID/root{outside}/new; true"),
        format!("ln {outside}/theirs mine && echo x >> mine; cp -l {outside}/theirs mine; true"),
        format!("mv {outside}/theirs . ; rm -f {outside}/theirs; chmod 777 {outside}/theirs; true"),
        "echo x > /etc/anteroom-was-here; touch /usr/anteroom-was-here; true".to_owned(),
        "echo core > /proc/sys/kernel/core_pattern; echo x > /sys/kernel/uevent_helper; true"
            .to_owned(),
        "mknod disk b 254 0; head -c 1 /dev/vda /dev/sda /dev/mem; true".to_owned(),
        "echo fine > in.txt; echo fine > $TMPDIR/in.txt; cat in.txt $TMPDIR/in.txt".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let said = said_anyway(&scene, &lines).await;
    assert!(said.contains("\nfine\nfine\n"), "{said}");
    let root = scene.folder.path();
    // Modes are beyond Landlock, and where it is alone the question says so.
    let mode = fs::metadata(root.join("theirs")).unwrap().permissions();
    let is_changed = std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777 == 0o777;
    let missing = held::missing().join("\n");
    assert_eq!(is_changed, missing.contains("modes"), "{missing}");
    assert!(!root.join("new").exists(), "{said}");
    assert_eq!(fs::read_to_string(root.join("theirs")).unwrap(), "theirs\n");
    assert_eq!(
        fs::read_to_string(home(&scene).join(".bashrc")).unwrap(),
        "# hush-hush\n"
    );
    assert!(!home(&scene).join(".zshrc").exists());
    assert!(!home(&scene).join(".config").exists());
    assert!(!std::path::Path::new("/etc/anteroom-was-here").exists());
    assert!(!scene.has("disk"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_not_read() {
    let scene = scene().await;
    scene.write("sub/.env.local", "TOKEN=hush-hush\n");
    let outside = [
        "cat ~/.ssh/id_ed25519 ~/.bashrc ~/.netrc; ls ~/.ssh; true",
        "cat /proc/self/root$HOME/.ssh/id_ed25519 /proc/1/root$HOME/.ssh/id_ed25519; true",
        "cat ~/.anteroom/identity.pem; cat ~/.anteroom/*.db; grep -ra BEGIN ~/.anteroom; true",
        "cat /etc/shadow; true",
    ];
    let key = scene.home().join("identity.pem");
    let key = fs::read_to_string(key).unwrap();
    let key = key.lines().nth(1).unwrap();
    // These are nobody's to read with Landlock alone, too.
    let said = said_anyway(&scene, &outside).await;
    assert!(!said.contains("hush"), "{said}");
    assert!(!said.contains(key), "{said}");
    assert!(!said.contains("root:"), "{said}");
    let Some(said) = self::said(
        &scene,
        &[
            "cat .env sub/.env.local; cp .env copy; cat copy; ln .env other; cat other; mv .env x; cat x; true",
            "word=h; grep -r ${word}ush . ; tar cf - . | grep -a ${word}ush; true",
            "tr '\\0' '\\n' < /proc/1/environ; cat /proc/1/maps; head -c 1 /proc/1/mem; true",
            "ls /run /var/run; true",
        ],
    )
    .await
    else {
        return;
    };
    assert!(!said.contains("hush"), "{said}");
    assert!(!said.contains("anteroom-tools"), "no memory map: {said}");
    assert_eq!(scene.read(".env"), "TOKEN=hush-hush\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_planted_where_nothing_was() {
    let scene = scene().await;
    let Some(said) = said(
        &scene,
        &[
            "mkdir -p .git/hooks && echo x > .git/hooks/post-checkout; git init; true",
            "mkdir -p .vscode; echo x > .vscode/tasks.json; echo x > .idea/workspace.xml; true",
            "mkdir -p .anteroom/tools; echo x > .anteroom/config.yaml; true",
            "rmdir .vscode; rm -rf .idea; mv .anteroom x; ln -s x .vscode; ln -sfn x .git; true",
            "mkdir evil; mv -T evil .vscode; mv --exchange evil .idea; true",
            "ls -A",
        ],
    )
    .await
    else {
        return;
    };
    for name in [".git", ".vscode", ".idea", ".anteroom"] {
        assert!(!scene.has(name), "`{name}` is left: {said}");
    }
    assert!(said.contains("Read-only file system"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_git_obeys_stays_as_it_is() {
    let scene = repository().await;
    scene.write(".vscode/tasks.json", "{}");
    let before = fs::read_to_string(scene.workspace().join(".git/config")).unwrap();
    let Some(said) = said(
        &scene,
        &[
            "echo x > .git/hooks/pre-commit; rm -rf .git/hooks; mv .git/hooks hooks; true",
            "echo x >> .git/config; git config core.fsmonitor ./evil; git config alias.st '!evil'; true",
            "ln .git/config mine && echo x >> mine; ln -f .env .git/config; cp .env .git/config; true",
            "mv .git aside; mkdir -p .git/hooks && echo x > .git/hooks/pre-commit; rm -rf .git/config; true",
            "ln -s ../evil .git/hooks2; mv -T .git/hooks2 .git/hooks; true",
            "echo ../evil > .git/commondir; mkdir -p evil/hooks; true",
            "rm -rf .vscode; echo x > .vscode/tasks.json; ln -s /tmp .vscode/x; true",
        ],
    )
    .await
    else {
        return;
    };
    let after = fs::read_to_string(scene.workspace().join(".git/config")).unwrap();
    assert_eq!(after, before, "{said}");
    assert!(!scene.has(".git/hooks/pre-commit"), "{said}");
    assert!(scene.has(".git/hooks") && scene.has(".git/HEAD"), "{said}");
    assert!(!scene.has(".git/commondir"), "{said}");
    assert!(!scene.has("aside"), "{said}");
    assert_eq!(scene.read(".vscode/tasks.json"), "{}");
    git(scene.workspace(), &["status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_tree_guards_the_repository_it_belongs_to() {
    let scene = repository().await;
    let tree = scene.workspace().join("../tree");
    git(scene.workspace(), &["worktree", "add", "-q", "../tree"]);
    let before = fs::read_to_string(scene.workspace().join(".git/config")).unwrap();
    let conversation = {
        let open = anteroom_api::ConversationOp::Open {
            workspace: tree.canonicalize().unwrap().display().to_string(),
            title: String::new(),
            model: None,
            project: None,
            database: None,
        };
        scene.handle().open(open).await.unwrap()
    };
    let line = "git config core.fsmonitor evil; d=$(git rev-parse --git-common-dir); echo x > $d/hooks/pre-commit; \
        mv $d/worktrees $d/aside; echo 'gitdir: /tmp' > .git; \
        git -c user.name=A -c user.email=a@b commit -q --allow-empty -m two; git log --format=%s";
    fs::write(tree.join("try.sh"), line).unwrap();
    scene.endpoint.script(script(&scene, ""));
    let told = scene
        .turn(conversation, "go", auto(), |_| unreachable!())
        .await;
    let words = told.result("bash");
    let after = fs::read_to_string(scene.workspace().join(".git/config")).unwrap();
    assert_eq!(after, before, "{words}");
    assert!(
        !scene.has(".git/hooks/pre-commit") && !scene.has(".git/aside"),
        "{words}"
    );
    if is_complete() {
        assert!(words.contains("two\none"), "a commit works: {words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_in_the_workspace_goes_on() {
    let scene = repository().await;
    let Some(said) = said(
        &scene,
        &[
            "echo b >> a.txt && git -c user.name=A -c user.email=a@b commit -qam two && git checkout -q -b other && git log --format=%s",
            "git stash list && git tag v1 && git gc -q && git status --short && git branch",
            "mkdir -p src && printf 'all:\\n\\techo made > out\\n' > Makefile && make -s && cat out",
            "cat <(echo substituted) && python3 -c 'import multiprocessing; multiprocessing.Lock(); import pty; pty.openpty(); print(\"python\")'",
            "echo $$ > /dev/null && head -c 8 /dev/urandom | wc -c && ps aux > /dev/null; mktemp; mkfifo pipe && echo fifo",
        ],
    )
    .await
    else {
        return;
    };
    for word in ["two\none", "* other", "made", "substituted", "fifo"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_traces_mounts_or_makes_namespaces() {
    let scene = scene().await;
    let Some(said) = said(
        &scene,
        &[
            "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t '",
            "unshare -U true && echo got-out; unshare -r true && echo got-out; unshare -m true && echo got-out; true",
            "nsenter -t 1 -m true && echo got-out; mount -t tmpfs x /mnt && echo got-out; umount /proc && echo got-out; true",
            "mount --bind / mnt && echo got-out; mount -o remount,rw / && echo got-out; chroot / true && echo got-out; true",
            "strace -o trace true && echo got-out; gdb -p 1 -batch; true",
            // keyctl, bpf, userfaultfd, io_uring_setup, perf_event_open, process_vm_readv, and a call of the x32 form.
            "perl -e 'for (250, 321, 323, 425, 298, 310, 0x40000000 + 39) { syscall($_, 0, 0, 0, 0, 0, 0); print $! + 0, \" \" }'",
            "sudo -n true && echo got-out; su -c true && echo got-out; true",
        ],
    )
    .await
    else {
        return;
    };
    assert!(said.contains("NoNewPrivs:1\nSeccomp:2"), "{said}");
    assert!(!said.contains("\ngot-out"), "{said}");
    if cfg!(target_arch = "x86_64") && has("perl") {
        assert!(said.contains("1 1 1 1 1 1 38"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outlives_a_command() {
    let scene = scene().await;
    let marker = format!("31415.{}", std::process::id());
    let line = format!(
        "setsid sleep {marker} >/dev/null 2>&1 & (setsid nohup setsid sleep {marker} >/dev/null 2>&1 &); \
         (trap '' TERM HUP INT; exec sleep {marker}) >/dev/null 2>&1 & true"
    );
    said_anyway(&scene, &[&line]).await;
    gone(&marker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn background_commands_are_held_too_and_end_with_the_conversation() {
    let mut scene = scene().await;
    let marker = format!("27182.{}", std::process::id());
    let line = format!(
        "cat .env; echo x > ../new; mkdir .git/hooks; (setsid sleep {marker} &); sleep {marker}"
    );
    scene.write("try.sh", &line);
    scene.endpoint.script([
        Reply::call(
            "bash",
            json!({ "command": "bash try.sh", "background": true }),
        ),
        Reply::text("done"),
    ]);
    let told = scene.run("go").await;
    let (item, _) = told.call("bash");
    if is_complete() {
        assert_eq!(item.status, Status::Completed);
    } else {
        assert_eq!(item.status, Status::Denied);
    }
    scene.stop().await;
    gone(&marker).await;
    assert!(!scene.folder.path().join("new").exists());
    // What stood in its place goes with the last process, whoever that is.
    let patience = std::time::Instant::now() + crate::support::scene::PATIENCE;
    while scene.has(".git") {
        assert!(std::time::Instant::now() < patience, "`.git` is left");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_command_tells_what_the_sandbox_stopped() {
    let scene = scene().await;
    scene.write("try.sh", "echo x > ../new");
    scene.endpoint.script([
        Reply::call(
            "bash",
            json!({ "command": "bash try.sh", "background": true }),
        ),
        Reply::text("done"),
    ]);
    let conversation = scene.open().await;
    let turn = || scene.turn(conversation, "go", auto(), |_| unreachable!());
    let started = turn().await;
    if !is_complete() {
        assert_eq!(started.call("bash").0.status, Status::Denied);
        return;
    }
    let patience = std::time::Instant::now() + crate::support::scene::PATIENCE;
    loop {
        scene.endpoint.script([
            Reply::call("bash_output", json!({ "task": "task-1" })),
            Reply::text("done"),
        ]);
        let words = turn().await.result("bash_output");
        if words.contains("`safety.sandbox_writable`") {
            assert!(words.contains("Read-only file system"), "{words}");
            break;
        }
        assert!(std::time::Instant::now() < patience, "{words}");
    }
    assert!(!scene.folder.path().join("new").exists());
}

/// Waits until no process has this argument any more.
async fn gone(marker: &str) {
    let runs = || {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes
            .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
            .any(|line| {
                line.split(|byte| *byte == 0)
                    .any(|word| word == marker.as_bytes())
            })
    };
    let patience = std::time::Instant::now() + crate::support::scene::PATIENCE;
    while runs() {
        assert!(std::time::Instant::now() < patience, "`{marker}` is left");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_processes_is_bounded() {
    let scene = scene_with(&[("safety.limits.processes", json!(32))]).await;
    let line = "perl -e 'my $n = 0; for (1 .. 2000) { my $p = fork; last unless defined $p; if (!$p) { sleep 60; exit } $n++ } print \"made $n\\n\"; kill 9, -1' || true";
    if let Some(said) = said(&scene, &[line]).await {
        let made = said.split("made ").nth(1);
        let made: u32 = made
            .and_then(|rest| rest.lines().next()?.parse().ok())
            .unwrap_or(0);
        // Some hundred numbers are the kernel's own reserve where only the namespace counts.
        assert!((8..=400).contains(&made), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_memory_and_handles_are_bounded() {
    let scene = scene_with(&[
        ("safety.limits.file_mb", json!(1)),
        ("safety.limits.memory_mb", json!(128)),
        ("safety.limits.open_files", json!(64)),
    ])
    .await;
    let said = said_anyway(
        &scene,
        &[
            // In one line: the shell says between others that the file became too large.
            "head -c 3000000 /dev/zero > big; echo \"$(wc -c < big) $(ulimit -c) $(ulimit -n)\"",
            "perl -e 'my $x = \"x\" x (512 << 20); print \"had it\\n\"' || true",
        ],
    )
    .await;
    assert!(said.contains("\n1048576 0 64\n"), "{said}");
    assert!(!said.contains("\nhad it"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sandbox_stopped_is_explained_and_not_offered_to_nobody() {
    let scene = scene().await;
    let Some(said) = said(
        &scene,
        &[
            "echo x > ../new",
            "echo x > /dev/tcp/127.0.0.1/9",
            "mkdir .git/hooks",
            "cat .env",
        ],
    )
    .await
    else {
        return;
    };
    for words in [
        "only the workspace, `$TMPDIR` and what `safety.sandbox_writable` names can be written",
        "the sandbox has no network; a person can allow it with `aroom config set safety.network on`",
        "keeps `.git/hooks`, `.git/config`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_without_the_sandbox_is_asked_each_time_in_every_mode() {
    if !is_complete() {
        let asked = Mutex::new(0);
        let scene = scene().await;
        attended(&scene, "true", |approval| {
            *asked.lock().unwrap() += 1;
            held::asked_for_want_of_walls(approval);
            Decision::Deny { reason: None }
        })
        .await;
        assert_eq!(asked.into_inner().unwrap(), 1);
        return;
    }
    let scene = scene().await;
    let line = "echo x > ../new && echo written";
    let asked = Mutex::new(0);
    let check = |approval: &Approval| {
        *asked.lock().unwrap() += 1;
        assert_eq!(approval.effect.kind, EffectKind::Unconfined);
        assert_eq!(approval.tier, Tier::Destructive);
        assert!(approval.reasons.iter().any(|it| it.contains("sandbox")));
        let scopes: Vec<Scope> = approval.scopes.iter().map(|it| it.scope).collect();
        assert_eq!(scopes, [Scope::Once]);
    };
    let told = attended(&scene, line, |approval| {
        check(approval);
        Decision::Deny { reason: None }
    })
    .await;
    assert!(!scene.folder.path().join("new").exists());
    let words = told.result("bash");
    assert!(words.contains("the person said no"), "{words}");

    let told = attended(&scene, line, |approval| {
        check(approval);
        Decision::Allow { scope: Scope::Once }
    })
    .await;
    let words = told.result("bash");
    assert!(words.contains("once more without the sandbox"), "{words}");
    assert!(words.contains("\nwritten"), "{words}");
    assert!(scene.folder.path().join("new").exists());
    attended(&scene, line, |approval| {
        check(approval);
        Decision::Deny { reason: None }
    })
    .await;
    assert_eq!(asked.into_inner().unwrap(), 3, "nothing is remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rule_allows_a_run_without_the_sandbox() {
    let scene = scene().await;
    scene.endpoint.script(script(&scene, "echo x > ../new"));
    let conversation = scene.open().await;
    let options = TurnOptions {
        allowed_tools: vec!["*".into(), "bash".into(), "bash:*".into()],
        ..auto()
    };
    scene
        .turn(conversation, "go", options, |_| unreachable!())
        .await;
    assert!(!scene.folder.path().join("new").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_that_cannot_be_built_is_said_and_asked() {
    let scene = scene().await;
    fs::create_dir(scene.workspace().join("real")).unwrap();
    std::os::unix::fs::symlink("real", scene.workspace().join(".git")).unwrap();
    let told = attended(&scene, "touch ran", |approval| {
        let reasons = approval.reasons.join("\n");
        if is_complete() {
            assert!(reasons.contains("`.git` is a link"), "{reasons}");
            assert_eq!(approval.tier, Tier::Destructive);
        }
        Decision::Deny { reason: None }
    })
    .await;
    assert_eq!(told.call("bash").0.status, Status::Denied);
    assert!(!scene.has("ran"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_required_and_not_complete_nothing_starts() {
    let scene = scene_with(&[("safety.sandbox", json!("require"))]).await;
    fs::create_dir(scene.workspace().join("real")).unwrap();
    std::os::unix::fs::symlink("real", scene.workspace().join(".git")).unwrap();
    scene.endpoint.script(script(&scene, "touch ran"));
    let told = scene.run("go").await;
    let (item, call) = told.call("bash");
    let words = text_of(&call);
    assert_eq!(item.status, Status::Denied, "{words}");
    assert!(words.contains("`.git` is a link"), "{words}");
    assert!(words.contains("`safety.sandbox` is `require`"), "{words}");
    assert!(!scene.has("ran"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_required_and_complete_commands_run() {
    let scene = scene_with(&[("safety.sandbox", json!("require"))]).await;
    if !is_complete() {
        // And where it is not, nobody is asked: there is nothing to say yes to.
        let told = attended(&scene, "touch ran", |approval| panic!("{approval:?}")).await;
        let (item, call) = told.call("bash");
        let words = text_of(&call);
        assert_eq!(item.status, Status::Denied, "{words}");
        assert!(words.contains("`safety.sandbox` is `require`"), "{words}");
        for missing in held::missing() {
            assert!(words.contains(&missing), "{missing}: {words}");
        }
        assert!(!scene.has("ran"));
        return;
    }
    if let Some(said) = said(&scene, &["echo x > ../new; echo ran"]).await {
        assert!(said.contains("\nran"), "{said}");
        assert!(!scene.folder.path().join("new").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_off_every_command_is_asked_about() {
    let scene = scene_with(&[("safety.sandbox", json!("off"))]).await;
    scene.endpoint.script(script(&scene, "touch ran"));
    let told = scene.run("go").await;
    assert_eq!(told.call("bash").0.status, Status::Denied);
    assert!(!scene.has("ran"));

    let told = attended(&scene, "echo x > ../new && echo written", |approval| {
        let scopes: Vec<Scope> = approval.scopes.iter().map(|it| it.scope).collect();
        assert_eq!(scopes, [Scope::Once]);
        assert!(approval.reasons.join("\n").contains("no sandbox"));
        Decision::Allow { scope: Scope::Once }
    })
    .await;
    let words = told.result("bash");
    assert!(words.contains("written"), "{words}");
    assert!(scene.folder.path().join("new").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_names_may_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().canonicalize().unwrap();
    fs::create_dir(named.join("open")).unwrap();
    let open = named.join("open").display().to_string();
    let scene = scene_with(&[("safety.sandbox_writable", json!([open]))]).await;
    let line = format!("echo x > {open}/new; echo x > {open}/../beside; true");
    said_anyway(&scene, &[&line]).await;
    assert!(named.join("open/new").exists());
    assert!(!named.join("beside").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_is_the_workspace_gets_no_start_files() {
    let scene = scene().await;
    let home = home(&scene);
    fs::create_dir_all(home.join("project")).unwrap();
    let open = anteroom_api::ConversationOp::Open {
        workspace: home.display().to_string(),
        title: String::new(),
        model: None,
        project: None,
        database: None,
    };
    let conversation = scene.handle().open(open).await.unwrap();
    let line = "echo x > .zshenv; echo x >> .bashrc; echo x > .profile; mkdir -p .config/fish; \
        mv .bashrc y; cat .ssh/id_ed25519; echo x > project/fine; true";
    fs::write(home.join("project/try.sh"), line).unwrap();
    scene.endpoint.script([
        Reply::call("bash", json!({ "command": "bash project/try.sh" })),
        Reply::text("done"),
    ]);
    scene
        .turn(conversation, "go", auto(), |_| unreachable!())
        .await;
    for name in [".zshenv", ".profile", ".config", "y"] {
        assert!(!home.join(name).exists(), "{name}");
    }
    assert_eq!(
        fs::read_to_string(home.join(".bashrc")).unwrap(),
        "# hush-hush\n"
    );
    assert_eq!(home.join("project/fine").exists(), is_complete());
}

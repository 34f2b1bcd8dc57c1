//! What cannot be taken back, though it is no catastrophe. For asking and for wording; it permits nothing.

use super::field::Field;
use super::hard::{has_flag, operands};

/// Why a command is destructive, if it is.
pub(super) fn reason(program: &str, argv: &[Field]) -> Option<String> {
    let arguments = argv.get(1..).unwrap_or_default();
    let words: Vec<&str> = arguments.iter().map(|field| field.text.as_str()).collect();
    let reason = match program {
        "rm" | "srm" => removal(arguments),
        "shred" | "wipe" => Some("it overwrites files for good"),
        "find" | "gfind" => words
            .contains(&"-delete")
            .then_some("it deletes what it finds"),
        "fd" | "fdfind" => (words
            .iter()
            .any(|word| matches!(*word, "-x" | "-X" | "--exec" | "--exec-batch"))
            && words.contains(&"rm"))
        .then_some("it deletes what it finds"),
        "dd" => words
            .iter()
            .any(|word| word.starts_with("of=") && !word.starts_with("of=/dev/null"))
            .then_some("it overwrites a file block by block"),
        "truncate" => Some("it cuts files"),
        "chmod" => (has_flag(arguments, &['R'], &["--recursive"])
            && words.iter().any(|word| is_open_mode(word)))
        .then_some("it opens all files to everybody"),
        "kill" | "pkill" | "killall" => {
            kills(&words).then_some("it kills processes without letting them finish")
        }
        "crontab" => words.contains(&"-r").then_some("it deletes the crontab"),
        "git" => git(&words),
        "psql" | "mysql" | "mariadb" | "sqlite3" | "sqlcmd" | "duckdb" | "clickhouse-client"
        | "cockroach" | "mongosh" | "mongo" => words
            .iter()
            .any(|word| is_destructive_sql(word))
            .then_some("it deletes data of a database"),
        "dropdb" | "dropuser" => Some("it deletes a database"),
        "redis-cli" => words
            .iter()
            .any(|word| matches!(word.to_lowercase().as_str(), "flushall" | "flushdb"))
            .then_some("it deletes data of a database"),
        "mysqladmin" => words.contains(&"drop").then_some("it deletes a database"),
        _ => tools(program, &words),
    };
    reason.map(str::to_owned)
}

fn removal(arguments: &[Field]) -> Option<&'static str> {
    if has_flag(arguments, &['r', 'R'], &["--recursive"]) {
        return Some("it deletes folders with all that is in them");
    }
    let is_swept = operands(arguments).any(|field| {
        field
            .text
            .rsplit('/')
            .next()
            .is_some_and(|name| matches!(name, "*" | ".*" | "*.*"))
    });
    is_swept.then_some("it deletes all files of a folder")
}

fn is_open_mode(word: &str) -> bool {
    let digits = word.trim_start_matches('0');
    matches!(digits, "777" | "666" | "1777" | "2777" | "4777" | "6777")
        || matches!(
            word,
            "a+rwx"
                | "a=rwx"
                | "ugo+rwx"
                | "ugo=rwx"
                | "+rwx"
                | "o+w"
                | "a+w"
                | "o+rwx"
                | "go+w"
                | "o=rwx"
                | "ugo+w"
        )
}

fn kills(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let name = match word.strip_prefix("--signal=") {
            Some(name) => name,
            None if matches!(*word, "-s" | "-n" | "--signal") => {
                words.get(at + 1).copied().unwrap_or_default()
            }
            None => word
                .strip_prefix('-')
                .map(|rest| rest.trim_start_matches('s'))
                .unwrap_or_default(),
        };
        matches!(name.to_uppercase().as_str(), "9" | "KILL" | "SIGKILL")
    })
}

fn is_destructive_sql(text: &str) -> bool {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let pair = |one: &str, two: &[&str]| {
        words
            .windows(2)
            .any(|pair| pair[0] == one && two.contains(&pair[1].as_str()))
    };
    pair(
        "drop",
        &[
            "table",
            "database",
            "schema",
            "view",
            "index",
            "role",
            "user",
            "column",
            "materialized",
            "collection",
        ],
    ) || words.iter().any(|word| {
        matches!(
            word.as_str(),
            "truncate" | "dropdatabase" | "deletemany" | "drop_all"
        )
    }) || (pair("delete", &["from"]) && !words.iter().any(|word| word == "where"))
        || text.to_lowercase().contains(".drop(")
}

/// The words behind the options that stand before a subcommand.
fn subcommand<'a>(words: &'a [&'a str], with_value: &[&str]) -> &'a [&'a str] {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if with_value.contains(word) {
            at += 2;
        } else if word.starts_with('-') {
            at += 1;
        } else {
            break;
        }
    }
    words.get(at..).unwrap_or_default()
}

fn git(words: &[&str]) -> Option<&'static str> {
    let words = subcommand(
        words,
        &[
            "-C",
            "-c",
            "--git-dir",
            "--work-tree",
            "--namespace",
            "--exec-path",
            "--config-env",
        ],
    );
    let (name, rest) = words.split_first()?;
    let has = |any: &[&str]| rest.iter().any(|word| any.contains(word));
    let cluster = |letter| has_letter(rest, letter);
    let long = |flag| has_long(rest, flag);
    match *name {
        "reset" => (long("--hard") || long("--merge") || long("--keep"))
            .then_some("it throws away changes that are not committed"),
        "push" => push(rest),
        "clean" => {
            (cluster('f') || long("--force")).then_some("it deletes files that are not committed")
        }
        "checkout" | "switch" => {
            let forces = cluster('f') || long("--force") || has(&["--discard-changes"]);
            let overwrites =
                *name == "checkout" && (has(&["--", ".", ":/"]) || long("--pathspec-from-file"));
            (forces || overwrites).then_some("it throws away changes that are not committed")
        }
        "restore" => (!long("--staged") || long("--worktree"))
            .then_some("it throws away changes that are not committed"),
        "stash" => has(&["drop", "clear"]).then_some("it throws away stashed changes"),
        "branch" => {
            (has(&["-D"]) || cluster('D') || (cluster('d') && (cluster('f') || long("--force"))))
                .then_some("it deletes branches that may not be merged")
        }
        "tag" => (cluster('d') || long("--delete")).then_some("it deletes tags"),
        "filter-branch" | "filter-repo" => Some("it rewrites history"),
        "reflog" => has(&["expire", "delete"]).then_some("it deletes the way back to lost commits"),
        "gc" => rest
            .iter()
            .any(|word| word.starts_with("--prune"))
            .then_some("it deletes the way back to lost commits"),
        "update-ref" => has(&["-d", "--delete"]).then_some("it deletes references"),
        "worktree" => (has(&["remove"]) && (cluster('f') || long("--force")))
            .then_some("it deletes a work tree"),
        "rm" => (cluster('r') || cluster('f')).then_some("it deletes files"),
        _ => None,
    }
}

fn push(rest: &[&str]) -> Option<&'static str> {
    let starts = |mark: &str| {
        rest.iter()
            .any(|word| word.starts_with(mark) && word.len() > mark.len())
    };
    if has_letter(rest, 'f') || rest.contains(&"--force") || starts("--force") || starts("+") {
        return Some("it overwrites history in another repository");
    }
    let deletes = has_letter(rest, 'd')
        || ["--delete", "--mirror", "--prune"]
            .iter()
            .any(|flag| has_long(rest, flag));
    (deletes || starts(":")).then_some("it deletes branches in another repository")
}

/// Whether a short flag stands alone or in a cluster.
fn has_letter(words: &[&str], letter: char) -> bool {
    words
        .iter()
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
}

/// Whether a long flag stands there in full or abbreviated.
fn has_long(words: &[&str], flag: &str) -> bool {
    words.iter().any(|word| {
        let name = word.split('=').next().unwrap_or(word);
        name.len() > 4 && name.starts_with("--") && flag.starts_with(name)
    })
}

/// Package managers, containers and clouds.
fn tools(program: &str, words: &[&str]) -> Option<&'static str> {
    let rest = subcommand(
        words,
        &[
            "-n",
            "--namespace",
            "--context",
            "-H",
            "--host",
            "--profile",
            "--region",
            "--project",
            "-f",
            "--manifest-path",
            "--prefix",
            "-C",
            "--cwd",
        ],
    );
    if publishes(program, words, rest) {
        return Some("it publishes for everybody, or takes back what was published");
    }
    let deletes = match program {
        "docker" | "docker-compose" | "podman" | "nerdctl" | "kubectl" | "oc" | "k" | "helm"
        | "terraform" | "tofu" | "terragrunt" | "pulumi" | "vagrant" => {
            deletes_services(program, words, rest)
        }
        _ => deletes_data(program, words, rest),
    };
    deletes.then_some("it deletes what others may need")
}

fn publishes(program: &str, words: &[&str], rest: &[&str]) -> bool {
    let first = rest.first().copied().unwrap_or_default();
    let second = rest.get(1).copied().unwrap_or_default();
    let has = |word: &str| rest.contains(&word);
    match program {
        "npm" | "pnpm" | "yarn" | "bun" => {
            matches!(first, "publish" | "unpublish" | "deprecate")
                || (first == "npm" && second == "publish")
                || (first == "dist-tag" && second == "rm")
        }
        "cargo" => {
            matches!(first, "publish" | "yank") || (first.starts_with('+') && second == "publish")
        }
        "twine" => first == "upload",
        "poetry" | "uv" | "flit" | "hatch" | "pdm" => first == "publish",
        "gem" => matches!(first, "push" | "yank"),
        "gh" => matches!(
            (first, second),
            ("release", "create" | "delete") | ("repo", "delete") | ("secret", "delete")
        ),
        "mvn" | "mvnw" => has("deploy"),
        "gradle" | "gradlew" => words.iter().any(|word| word.starts_with("publish")),
        "dotnet" => first == "nuget" && matches!(second, "push" | "delete"),
        "docker" | "podman" => first == "push" || (first == "image" && second == "push"),
        _ => false,
    }
}

fn deletes_services(program: &str, words: &[&str], rest: &[&str]) -> bool {
    let first = rest.first().copied().unwrap_or_default();
    let second = rest.get(1).copied().unwrap_or_default();
    let has = |word: &str| rest.contains(&word);
    match program {
        "docker" | "podman" | "nerdctl" => {
            has("prune")
                || (matches!(first, "rm" | "rmi")
                    && words
                        .iter()
                        .any(|word| word.starts_with('-') && word.contains('f')))
                || (matches!(first, "volume" | "network" | "image" | "container")
                    && matches!(second, "rm" | "remove"))
                || (first == "compose" && has("down") && (has("-v") || has("--volumes")))
        }
        "docker-compose" => has("down") && (has("-v") || has("--volumes")),
        "kubectl" | "oc" | "k" => {
            matches!(first, "delete" | "drain") || (first == "replace" && has("--force"))
        }
        "helm" => matches!(first, "uninstall" | "delete" | "del" | "un"),
        "terraform" | "tofu" | "terragrunt" => {
            has("destroy")
                || has("-destroy")
                || (first == "state" && second == "rm")
                || (first == "apply"
                    && words
                        .iter()
                        .any(|word| word.trim_start_matches('-').starts_with("auto-approve")))
        }
        "pulumi" => matches!(first, "destroy") || (first == "stack" && second == "rm"),
        "vagrant" => first == "destroy",
        _ => false,
    }
}

fn deletes_data(program: &str, words: &[&str], rest: &[&str]) -> bool {
    let first = rest.first().copied().unwrap_or_default();
    let second = rest.get(1).copied().unwrap_or_default();
    let has = |word: &str| rest.contains(&word);
    match program {
        "aws" => {
            rest.iter()
                .any(|word| word.starts_with("delete-") || word.starts_with("terminate-"))
                || (first == "s3" && matches!(second, "rm" | "rb"))
                || (first == "s3" && has("--delete"))
        }
        "gcloud" | "az" | "doctl" | "heroku" | "flyctl" | "fly" | "vercel" | "netlify"
        | "wrangler" => rest.iter().any(|word| {
            matches!(
                *word,
                "delete" | "destroy" | "apps:destroy" | "pg:reset" | "purge" | "remove"
            )
        }),
        "gsutil" => has("rm") || has("rb"),
        "rclone" => matches!(first, "delete" | "purge" | "sync" | "deletefile"),
        "rsync" => words.iter().any(|word| word.starts_with("--del")),
        "apt" | "apt-get" | "dnf" | "yum" | "zypper" | "brew" | "pacman" => {
            has("purge") || has("autoremove") || has("-Rns")
        }
        "userdel" | "groupdel" | "deluser" => true,
        "iptables" | "nft" | "ufw" => has("-F") || has("flush") || has("reset") || has("disable"),
        "rails" | "rake" => words
            .iter()
            .any(|word| matches!(*word, "db:drop" | "db:reset" | "db:purge")),
        "prisma" => has("reset") || has("--force-reset"),
        _ => false,
    }
}

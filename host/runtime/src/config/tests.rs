//! The layers end to end: what is written in, what holds and what is told.

use super::*;
use anteroom_api::SettingOrigin;
use serde_json::{Value, json};

/// One situation: files, environment and flags.
#[derive(Default)]
struct Case<'a> {
    user: Option<&'a str>,
    legacy: Option<&'a str>,
    project: Option<&'a str>,
    is_trusted: bool,
    environment: &'a [(&'a str, &'a str)],
    flags: &'a [(&'a str, Value)],
}

impl Case<'_> {
    /// What holds, with `<home>` and `<project>` in the place of the folders.
    fn load(&self) -> (tempfile::TempDir, Result<Loaded, Problem>) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let legacy = folder.path().join("parlor.yaml");
        let project = folder.path().join("project.yaml");
        fs::create_dir(&home).unwrap();
        let files = [
            (home.join(FILE_NAME), self.user),
            (legacy.clone(), self.legacy),
            (project.clone(), self.project),
        ];
        for (path, text) in files {
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
                #[cfg(unix)]
                fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                    .unwrap();
            }
        }
        let flags = self.flags.iter().map(|(key, value)| FlagValue {
            key: (*key).to_owned(),
            value: value.clone(),
            flag: "--flag".to_owned(),
        });
        let environment = self.environment.iter();
        let sources = Sources {
            home,
            legacy: Some(legacy),
            project: Some(project),
            is_project_trusted: self.is_trusted,
            environment: environment
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            flags: flags.collect(),
            instead: None,
        };
        let loaded = load(&sources);
        (folder, loaded)
    }

    /// Every value that is not the default, as `key = value (origin)`, and every warning.
    #[track_caller]
    fn check(&self, values: &[&str], warnings: &[&str]) {
        let (folder, loaded) = self.load();
        let loaded = loaded.unwrap();
        let shorten = |text: String| shorten(&folder, &text);
        let set = loaded
            .report
            .settings
            .iter()
            .filter(|view| view.origin != SettingOrigin::Default);
        let set: Vec<_> = set
            .map(|view| shorten(format!("{} = {} ({})", view.key, view.value, view.origin)))
            .collect();
        assert_eq!(set, values);
        let told = loaded.report.warnings.iter();
        let told: Vec<_> = told
            .map(|warning| match &warning.hint {
                Some(hint) => shorten(format!("{warning} -> {hint}")),
                None => shorten(warning.to_string()),
            })
            .collect();
        assert_eq!(told, warnings);
    }

    #[track_caller]
    fn check_wrong(&self, expected: &str) {
        let (folder, loaded) = self.load();
        let problem = loaded.unwrap_err();
        assert_eq!(problem.code, ProblemCode::InvalidConfig);
        assert_eq!(shorten(&folder, &problem.to_string()), expected);
    }
}

fn shorten(folder: &tempfile::TempDir, text: &str) -> String {
    text.replace(&format!("{}/", folder.path().display()), "")
}

fn user(text: &str) -> Case<'_> {
    Case {
        user: Some(text),
        ..Case::default()
    }
}

fn project(text: &str) -> Case<'_> {
    Case {
        project: Some(text),
        ..Case::default()
    }
}

#[test]
fn without_anything_the_defaults_hold() {
    let (folder, loaded) = Case::default().load();
    let Loaded {
        prints: _,
        settings,
        report,
        project_hash,
    } = loaded.unwrap();
    assert_eq!(report.warnings, []);
    assert_eq!(project_hash, None);
    assert_eq!(
        report.path,
        folder.path().join("home/config.yaml").display().to_string()
    );
    assert_eq!(settings.app.data_dir, folder.path().join("home"));
    assert_eq!(settings.ai.base_url, None);
    assert_eq!(
        settings.ai.retry_backoff_base,
        std::time::Duration::from_secs(1)
    );
    assert_eq!(settings.cli.max_tool_iterations, 50);
    assert_eq!(
        settings.safety.approval_mode,
        anteroom_api::Mode::AskForWrites
    );
    assert!(
        report
            .settings
            .iter()
            .all(|view| view.value == view.default)
    );
}

#[test]
fn every_default_is_within_its_bounds() {
    for row in settings::ROWS {
        let standard = value::standard(row.kind, row.standard, Path::new("/home"));
        let parsed = value::parse(row.kind, &value::Written::from(&standard)).unwrap();
        if let Some(parsed) = parsed {
            assert_eq!(
                (parsed.value, parsed.clamped),
                (standard, None),
                "{}",
                row.key
            );
        }
        assert_eq!(
            settings::ROWS
                .iter()
                .filter(|other| other.key == row.key)
                .count(),
            1,
            "{}",
            row.key
        );
        assert!(
            !row.doc.ends_with('.') && !row.doc.contains('|'),
            "{}",
            row.key
        );
    }
}

#[test]
fn later_layers_win() {
    Case {
        user: Some("ai:\n  model: user\n  temperature: 0.5\n  request_timeout: 60\n"),
        legacy: Some("ai:\n  model: legacy\n"),
        project: Some("ai:\n  model: project\n  request_timeout: 50\n"),
        environment: &[
            ("AI_CHAT_MODEL", "environment"),
            ("AI_CHAT_REQUEST_TIMEOUT", "40"),
        ],
        flags: &[("ai.model", json!("flag"))],
        ..Case::default()
    }
    .check(
        &[
            "ai.model = \"flag\" (--flag)",
            "ai.temperature = 0.5 (home/config.yaml:3)",
            "ai.request_timeout = 40 ($AI_CHAT_REQUEST_TIMEOUT)",
        ],
        &[],
    );
    Case {
        legacy: Some("ai:\n  model: legacy\n"),
        project: Some("ai:\n  temperature: 1\n"),
        environment: &[("AI_CHAT_MODEL", "")],
        ..Case::default()
    }
    .check(
        &[
            "ai.model = \"legacy\" (parlor.yaml:2)",
            "ai.temperature = 1 (project.yaml:2)",
        ],
        &[],
    );
}

#[test]
fn lists_and_tiers_add_up() {
    Case {
        user: Some("safety:\n  denied_tools: [a, b]\n  allowed_tools: x\n  tool_tiers: {t: write, u: read}\n"),
        project: Some("safety:\n  denied_tools: [b, c]\n"),
        flags: &[("safety.allowed_tools", json!("read_file, bash:cargo test *")), ("safety.denied_tools", json!(["d"]))],
        ..Case::default()
    }
    .check(
        &[
            "safety.allowed_tools = [\"x\",\"read_file\",\"bash:cargo test *\"] (--flag)",
            "safety.denied_tools = [\"a\",\"b\",\"c\",\"d\"] (--flag)",
            "safety.tool_tiers = {\"t\":\"write\",\"u\":\"read\"} (home/config.yaml:4)",
        ],
        &[],
    );
}

#[test]
fn values_are_read_as_their_kind() {
    user("ai:\n  model: 4\n  api_key_command: \n  verify_ssl: no\n  ca_file: certs/ca.pem\n  connect_timeout: \"2.5\"\ncli:\n  context_warn_tokens: 90_000\n  tool_dedup: off\nsafety:\n  approval_mode: Dangerous\n").check(
        &[
            "ai.model = \"4\" (home/config.yaml:2)",
            "ai.verify_ssl = false (home/config.yaml:4)",
            "ai.ca_file = \"home/certs/ca.pem\" (home/config.yaml:5)",
            "ai.connect_timeout = 2.5 (home/config.yaml:6)",
            "cli.context_warn_tokens = 90000 (home/config.yaml:8)",
            "cli.tool_dedup = false (home/config.yaml:9)",
            "safety.approval_mode = \"ask_for_dangerous\" (home/config.yaml:11)",
        ],
        &[],
    );
    Case {
        user: Some("app:\n  data_dir: ~/data\nsafety:\n  trusted_folders: [~/a, b, /c]\n"),
        environment: &[("HOME", "/h")],
        ..Case::default()
    }
    .check(
        &[
            "app.data_dir = \"/h/data\" (home/config.yaml:2)",
            "safety.trusted_folders = [\"/h/a\",\"home/b\",\"/c\"] (home/config.yaml:4)",
        ],
        &[],
    );
}

#[test]
fn numbers_out_of_bounds_are_clamped() {
    Case {
        user: Some("ai:\n  connect_timeout: 0\n  retry_max_attempts: -3\n  retry_backoff_base: 1e9\n  temperature: 7\n"),
        environment: &[("AI_CHAT_REQUEST_TIMEOUT", "99999999999999999999999")],
        flags: &[("safety.subagent.timeout", json!(1))],
        ..Case::default()
    }
    .check(
        &[
            "ai.temperature = 2 (home/config.yaml:5)",
            "ai.connect_timeout = 1 (home/config.yaml:2)",
            "ai.request_timeout = 600 ($AI_CHAT_REQUEST_TIMEOUT)",
            "ai.retry_max_attempts = 0 (home/config.yaml:3)",
            "ai.retry_backoff_base = 30 (home/config.yaml:4)",
            "safety.subagent.timeout = 10 (--flag)",
        ],
        &[
            "`home/config.yaml:2:20`: `ai.connect_timeout` is 0, below the least; 1 is used",
            "`home/config.yaml:3:23`: `ai.retry_max_attempts` is -3, below the least; 0 is used",
            "`home/config.yaml:4:23`: `ai.retry_backoff_base` is 1e9, above the most; 30 is used",
            "`home/config.yaml:5:16`: `ai.temperature` is 7, above the most; 2 is used",
            "`$AI_CHAT_REQUEST_TIMEOUT`: `ai.request_timeout` is 99999999999999999999999, above the most; 600 is used",
            "`--flag`: `safety.subagent.timeout` is 1, below the least; 10 is used",
        ],
    );
}

#[test]
fn unknown_names_are_told_with_the_nearest_one() {
    Case {
        user: Some("ai:\n  modle: x\nsaftey:\n  sandbox: off\ncli:\n  model: x\n\"a\\u001b[31m\": 1\n"),
        environment: &[("AI_CHAT_MODLE", "x"), ("AI_CHAT_PORT", "1"), ("OTHER", "x")],
        ..Case::default()
    }
    .check(
        &["app.port = 1 ($AI_CHAT_PORT)"],
        &[
            "`home/config.yaml:2:3`: unknown setting `ai.modle` -> did you mean `ai.model`?",
            "`home/config.yaml:3:1`: unknown setting `saftey` -> did you mean `safety`?",
            "`home/config.yaml:6:3`: unknown setting `cli.model` -> did you mean `ai.model`?",
            "`home/config.yaml:7:1`: unknown setting `a?[31m` -> `aroom config show` lists all settings",
            "unknown environment variable `AI_CHAT_MODLE` -> did you mean `AI_CHAT_MODEL`?",
        ],
    );
}

#[test]
fn names_of_other_versions_are_told_gently() {
    user("databases:\n  - name: x\napp:\n  port: 8080\nsafety:\n  enabled: false\n").check(
        &["app.port = 8080 (home/config.yaml:4)"],
        &[
            "`home/config.yaml:1:1`: `databases` is not used yet -> this version leaves it alone; you can keep it for a later one",
            "`home/config.yaml:6:3`: `safety.enabled` is not used -> the gate cannot be turned off; for fewer questions use `safety.approval_mode: auto`",
        ],
    );
}

#[test]
fn many_warnings_are_counted() {
    let text: String = (0..1000)
        .map(|number| format!("zzz{number}zzz: 1\n"))
        .collect();
    let (_folder, loaded) = user(&text).load();
    let warnings = loaded.unwrap().report.warnings;
    assert_eq!(warnings.len(), 51);
    assert_eq!(warnings[50].to_string(), "950 more warnings about settings");
}

#[test]
fn wrong_types_are_errors_that_name_the_place() {
    user("ai:\n  connect_timeout: soon\n").check_wrong(
        "wrong setting: `home/config.yaml:2:20`: `ai.connect_timeout` must be a number of seconds",
    );
    user("ai: text\n")
        .check_wrong("wrong setting: `home/config.yaml:1:1`: `ai` must be a mapping of settings");
    user("- ai\n").check_wrong(
        "wrong setting: `home/config.yaml:1:1`: the file must be a mapping, with lines such as `ai:`",
    );
    user("ai:\n  temperature: .nan\n")
        .check_wrong("wrong setting: `home/config.yaml:2:16`: `ai.temperature` must be a number");
    Case {
        user: Some("ai:\n  model: [a]\n  api_key: {sk-secret: 1}\n"),
        project: Some("safety:\n  denied_tools: {a: 1}\n  tool_tiers: {bash: 9}\n"),
        environment: &[("AI_CHAT_VERIFY_SSL", "maybe")],
        flags: &[("safety.sandbox", json!("x")), ("no.such", json!(1)), ("app.data_dir", json!("data"))],
        ..Case::default()
    }
    .check_wrong(
        "wrong setting: `home/config.yaml:2:10`: `ai.model` must be a text, not a list: \
         `home/config.yaml:3:12`: `ai.api_key` must be a text, not a mapping: \
         `project.yaml:2:17`: `safety.denied_tools` must be a list of texts: \
         `project.yaml:3:15`: `safety.tool_tiers` must be tool names with `read`, `write`, `execute` or `destructive` each: \
         `$AI_CHAT_VERIFY_SSL`: `ai.verify_ssl` must be `true` or `false`: \
         `--flag`: `safety.sandbox` must be `off`, `auto` or `require`: \
         `--flag`: there is no setting `no.such`: \
         `--flag`: `app.data_dir` must be an absolute path, or start with `~/`",
    );
}

#[test]
fn broken_files_are_errors() {
    user("ai:\n  model: a\n  model: b\n").check_wrong(
        "could not read `home/config.yaml:3:3`: `model` is here a second time; the first is in line 2: line 3: `model: b`",
    );
    let (folder, loaded) = project("safety:\n  approval_mode: [\n").load();
    let problem = loaded.unwrap_err();
    assert!(
        shorten(&folder, &problem.error).starts_with("could not read `project.yaml:"),
        "{problem}"
    );

    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_owned();
    let path = home.join(FILE_NAME);
    let sources = Sources {
        home,
        ..Sources::default()
    };
    fs::write(&path, b"ai:\n  model: \xff\n").unwrap();
    assert!(
        load(&sources)
            .unwrap_err()
            .to_string()
            .contains("byte 14 is not UTF-8")
    );
    fs::write(&path, vec![b'#'; raw::MOST_BYTES + 1]).unwrap();
    assert!(
        load(&sources)
            .unwrap_err()
            .to_string()
            .contains("larger than")
    );
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(
        load(&sources)
            .unwrap_err()
            .to_string()
            .contains("not a regular file")
    );
}

#[test]
fn references_are_resolved_where_they_are_meant() {
    Case {
        user: Some(
            "ai:\n  api_key: ${KEY}\n  base_url: https://${HOST}/v1\n  model: ${UNSET}\n  \
             api_key_command: echo ${KEY}\n  system_prompt: \"$${KEY} ${KEY}\"\n  retry_max_attempts: ${TIMES}\n\
             identity:\n  display_name: ${\nsafety:\n  sensitive_paths: [\"${HOST}/x\"]\n",
        ),
        environment: &[("KEY", "sk-secret"), ("HOST", "h"), ("TIMES", "7")],
        ..Case::default()
    }
    .check(
        &[
            "ai.base_url = \"https://h/v1\" (home/config.yaml:3)",
            "ai.api_key = \"********\" (home/config.yaml:2)",
            "ai.api_key_command = \"echo ${KEY}\" (home/config.yaml:5)",
            "ai.system_prompt = \"$${KEY} ${KEY}\" (home/config.yaml:6)",
            "ai.retry_max_attempts = 7 (home/config.yaml:7)",
            "safety.sensitive_paths = [\"h/x\"] (home/config.yaml:11)",
        ],
        &[
            "`home/config.yaml:4:10`: `ai.model` is ignored: the environment variable `UNSET` is not set",
            "`home/config.yaml:9:17`: `identity.display_name` is ignored: a reference is written `${NAME}`; a plain `${` is `$${`",
        ],
    );
}

#[test]
fn a_project_may_tighten() {
    Case {
        user: Some("safety:\n  tool_tiers: {mine: read}\n"),
        ..project(
            "safety:\n  approval_mode: ask\n  approval_timeout: 30\n  denied_tools: [bash]\n  custom_patterns: [\"rm .*\"]\n  \
             sensitive_paths: [secret]\n  sandbox: require\n  tool_tiers: {grep: destructive, mine: write}\n  \
             subagent:\n    max_total: 0\ntools:\n  memory_mb: 32\nai:\n  verify_ssl: true\n  model: m\n  request_timeout: 60\n",
        )
    }
    .check(
        &[
            "ai.model = \"m\" (project.yaml:15)",
            "ai.verify_ssl = true (project.yaml:14)",
            "ai.request_timeout = 60 (project.yaml:16)",
            "safety.approval_mode = \"ask\" (project.yaml:2)",
            "safety.approval_timeout = 30 (project.yaml:3)",
            "safety.denied_tools = [\"bash\"] (project.yaml:4)",
            "safety.tool_tiers = {\"mine\":\"write\",\"grep\":\"destructive\"} (project.yaml:8)",
            "safety.custom_patterns = [\"rm .*\"] (project.yaml:5)",
            "safety.sensitive_paths = [\"secret\"] (project.yaml:6)",
            "safety.sandbox = \"require\" (project.yaml:7)",
            "safety.subagent.max_total = 0 (project.yaml:10)",
            "tools.memory_mb = 32 (project.yaml:12)",
        ],
        &[],
    );
}

/// Whatever a project writes to loosen something changes nothing, trusted or not.
#[test]
fn a_project_never_loosens() {
    let attempts = [
        (
            "safety:\n  approval_mode: auto\n",
            "make it stricter than `ask_for_dangerous`",
        ),
        ("safety:\n  approval_timeout: 121\n", "lower it"),
        ("safety:\n  allowed_tools: ['*']\n", "only you"),
        ("safety:\n  trusted_folders: [/]\n", "only you"),
        ("safety:\n  sandbox: off\n", "make it stricter than `auto`"),
        ("safety:\n  network: local\n", "make it stricter than `off`"),
        ("safety:\n  sandbox_writable: [/]\n", "only you"),
        ("safety:\n  grant_days: 1\n", "only you"),
        ("safety:\n  limits:\n    memory_mb: 8193\n", "lower it"),
        ("safety:\n  limits:\n    processes: 2049\n", "lower it"),
        ("safety:\n  limits:\n    file_mb: 8193\n", "lower it"),
        ("safety:\n  limits:\n    open_files: 8193\n", "lower it"),
        ("safety:\n  tool_tiers: {bash: read}\n", "not taken: `bash`"),
        (
            "safety:\n  tool_tiers: {bash: execute}\n",
            "not taken: `bash`",
        ),
        ("safety:\n  tool_tiers: {mine: read}\n", "not taken: `mine`"),
        ("safety:\n  subagent:\n    max_depth: 4\n", "lower it"),
        ("safety:\n  subagent:\n    timeout: 600\n", "lower it"),
        ("tools:\n  call_timeout: 600\n", "lower it"),
        ("tools:\n  memory_mb: 256\n", "lower it"),
        ("cli:\n  max_tool_iterations: 1000\n", "lower it"),
        ("cli:\n  tool_output_max_chars: 1000000\n", "lower it"),
        ("ai:\n  verify_ssl: false\n", "make it stricter than `true`"),
        ("ai:\n  retry_max_attempts: 10\n", "lower it"),
        ("app:\n  data_dir: /tmp\n", "only you"),
        ("app:\n  log_level: trace\n", "only you"),
        ("tools:\n  limits: {bash: {seconds: 600}}\n", "only you"),
        ("audit:\n  full_arguments: true\n", "only you"),
        ("checkpoints:\n  enabled: false\n", "only you"),
        ("identity:\n  user_id: other\n", "only you"),
        ("identity:\n  private_key: other\n", "only you"),
    ];
    let mine = "safety:\n  approval_mode: ask_for_dangerous\n  tool_tiers: {mine: write}\n";
    let (_folder, without) = user(mine).load();
    let without = without.unwrap().settings;
    for (text, words) in attempts {
        for is_trusted in [false, true] {
            let case = Case {
                user: Some(mine),
                project: Some(text),
                is_trusted,
                ..Case::default()
            };
            let (folder, loaded) = case.load();
            let loaded = loaded.unwrap();
            let mut settings = loaded.settings;
            settings.app.data_dir.clone_from(&without.app.data_dir);
            assert_eq!(settings, without, "{text}");
            let [warning] = loaded.report.warnings.as_slice() else {
                panic!("{text}: one warning")
            };
            let told = shorten(&folder, &warning.to_string());
            assert!(
                told.starts_with("`project.yaml:") && told.contains(words),
                "{told}"
            );
            assert!(loaded.report.settings.iter().all(|view| {
                !matches!(view.origin, SettingOrigin::Project { .. })
                    || view.key == "safety.tool_tiers"
            }));
        }
    }
}

/// What could start a program, or send data elsewhere, waits for the user's trust.
#[test]
fn a_project_needs_trust_for_programs_and_addresses() {
    let environment = [("SECRET", "hidden")];
    for (text, key) in [
        (
            "ai:\n  api_key_command: touch /tmp/x\n",
            "ai.api_key_command",
        ),
        ("ai:\n  base_url: https://elsewhere\n", "ai.base_url"),
        ("ai:\n  api_key: mine\n", "ai.api_key"),
        ("ai:\n  ca_file: ca.pem\n", "ai.ca_file"),
        ("ai:\n  system_prompt: obey\n", "ai.system_prompt"),
        ("ai:\n  model: ${SECRET}\n", "ai.model"),
        (
            "safety:\n  sensitive_paths: [\"${SECRET}\"]\n",
            "safety.sensitive_paths",
        ),
    ] {
        for is_trusted in [false, true] {
            let case = Case {
                project: Some(text),
                is_trusted,
                environment: &environment,
                ..Case::default()
            };
            let (_folder, loaded) = case.load();
            let report = loaded.unwrap().report;
            let view = report.settings.iter().find(|view| view.key == key).unwrap();
            let is_taken = matches!(view.origin, SettingOrigin::Project { .. });
            assert_eq!(is_taken, is_trusted, "{text}");
            let told: String = report.warnings.iter().map(ToString::to_string).collect();
            assert_eq!(
                told.contains("once you trust its folder"),
                !is_trusted,
                "{text}: {told}"
            );
            assert!(!told.contains("hidden"), "{told}");
        }
    }
}

#[test]
fn a_flag_of_the_user_beats_the_project() {
    Case {
        flags: &[("safety.approval_mode", json!("auto"))],
        ..project("safety:\n  approval_mode: ask\n")
    }
    .check(&["safety.approval_mode = \"auto\" (--flag)"], &[]);
}

#[test]
fn trust_belongs_to_the_content() {
    let hash = |text: &str| project(text).load().1.unwrap().project_hash.unwrap();
    assert_eq!(hash("ai:\n  model: a\n"), hash("ai:\n  model: a\n"));
    assert_ne!(hash("ai:\n  model: a\n"), hash("ai:\n  model: b\n"));
    assert_eq!(hash("").len(), 64);
}

#[cfg(unix)]
#[test]
fn a_project_file_that_is_a_link_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "very: [secret\n").unwrap();
    let link = folder.path().join("config.yaml");
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    let sources = Sources {
        home: folder.path().join("home"),
        project: Some(link),
        ..Sources::default()
    };
    let problem = load(&sources).unwrap_err().to_string();
    assert!(
        problem.contains("not a regular file") && !problem.contains("very"),
        "{problem}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_with_a_secret_should_be_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let sources = Sources {
        home: folder.path().to_owned(),
        ..Sources::default()
    };
    for (text, mode, expected) in [
        ("ai:\n  api_key: sk-x\n", 0o644, 1),
        ("ai:\n  api_key: sk-x\n", 0o600, 0),
        ("ai:\n  model: m\n", 0o644, 0),
    ] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let warnings = load(&sources).unwrap().report.warnings;
        assert_eq!(warnings.len(), expected, "{text} {mode:o} {warnings:?}");
    }
}

#[test]
fn no_secret_is_shown_anywhere() {
    let (_folder, loaded) = Case {
        user: Some("ai:\n  api_key: sk-secret\n  base_url: https://user:sk-secret@host/v1\nidentity:\n  private_key: sk-secret\n"),
        environment: &[("AI_CHAT_API_KEY", "sk-secret-2")],
        ..Case::default()
    }
    .load();
    let loaded = loaded.unwrap();
    assert_eq!(loaded.settings.ai.api_key, Some(Secret::new("sk-secret-2")));
    let shown = format!(
        "{:?} {}",
        loaded.settings.ai.api_key,
        serde_json::to_string(&loaded.report).unwrap()
    );
    assert!(!shown.contains("sk-secret"), "{shown}");
}

#[test]
fn the_reference_is_the_one_in_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let expected = reference();
    let found = fs::read_to_string(&path).unwrap_or_default();
    if found != expected {
        let fresh = std::env::temp_dir().join("configuration.md");
        fs::write(&fresh, expected).unwrap();
        panic!(
            "`{}` is outdated; copy `{}` over it",
            path.display(),
            fresh.display()
        );
    }
}

#[test]
fn the_schema_has_a_place_for_every_setting() {
    let schema = schema();
    for row in settings::ROWS {
        let pointer: String = row
            .key
            .split('.')
            .map(|name| format!("/properties/{name}"))
            .collect();
        let property = schema.pointer(&pointer).unwrap();
        assert_eq!(property["description"], row.doc, "{}", row.key);
    }
    assert_eq!(
        schema.pointer("/properties/ai/additionalProperties"),
        Some(&json!(false))
    );
    assert_eq!(
        schema.pointer("/properties/safety/properties/subagent/properties/timeout"),
        Some(&json!({
            "description": "Longest run of one sub-agent, in seconds",
            "default": 120,
            "type": ["number", "null"],
            "minimum": 10.0,
            "maximum": 600.0,
        }))
    );
}

#[test]
fn shared_databases_are_named_files_of_the_user_alone() {
    let case = Case {
        user: Some(
            "shared_databases:\n  - name: team\n    path: share/team.db\n  - {name: old, path: /srv/old.db}\n",
        ),
        project: Some("shared_databases:\n  - {name: theirs, path: /srv/theirs.db}\n"),
        is_trusted: true,
        ..Case::default()
    };
    let (folder, loaded) = case.load();
    let loaded = loaded.unwrap();
    let shown: Vec<(String, std::path::PathBuf)> = loaded
        .settings
        .shared_databases
        .into_iter()
        .map(|shared| (shared.name, shared.path))
        .collect();
    assert_eq!(
        shown,
        [
            ("team".to_owned(), folder.path().join("home/share/team.db")),
            ("old".to_owned(), "/srv/old.db".into()),
        ]
    );
    assert_eq!(loaded.report.warnings.len(), 1, "the project's is ignored");
    for wrong in [
        "x",
        "[x]",
        "[{name: a}]",
        "[{name: '', path: /x}]",
        "{a: b}",
    ] {
        let text = format!("shared_databases: {wrong}\n");
        let (_folder, loaded) = Case {
            user: Some(&text),
            ..Case::default()
        }
        .load();
        let problem = loaded.unwrap_err();
        assert!(
            problem.to_string().contains("`name` and `path`"),
            "{problem}"
        );
    }
}

#[test]
fn single_tools_have_limits_of_their_own_within_the_bounds() {
    let case = Case {
        user: Some(
            "tools:\n  limits:\n    grep: {seconds: 300, memory_mb: 128}\n    slow: {seconds: 9000}\n",
        ),
        project: Some("tools:\n  limits: {grep: {memory_mb: 256}}\n"),
        ..Case::default()
    };
    let (_folder, loaded) = case.load();
    let loaded = loaded.unwrap();
    let own = |seconds, memory_mb| OwnLimits { seconds, memory_mb };
    let limits: Vec<(String, OwnLimits)> = loaded.settings.tools.limits.into_iter().collect();
    assert_eq!(
        limits,
        [
            ("grep".to_owned(), own(Some(300.0), Some(128))),
            ("slow".to_owned(), own(Some(600.0), None)),
        ]
    );
    let warnings: Vec<String> = loaded
        .report
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings.join("").contains("`seconds` of `slow` is 9000"),
        "{warnings:?}"
    );
    for wrong in [
        "x",
        "[x]",
        "{grep: 5}",
        "{grep: {minutes: 5}}",
        "{grep: {seconds: soon}}",
    ] {
        let text = format!("tools:\n  limits: {wrong}\n");
        let (_folder, loaded) = Case {
            user: Some(&text),
            ..Case::default()
        }
        .load();
        let problem = loaded.unwrap_err().to_string();
        assert!(
            problem.contains("each with `seconds`"),
            "{wrong}: {problem}"
        );
    }
}

#[test]
fn the_report_says_what_is_read_at_the_start_only() {
    let (_folder, loaded) = Case::default().load();
    let report = loaded.unwrap().report;
    let at_start = report.settings.iter().filter(|view| view.is_read_at_start);
    let at_start: Vec<&str> = at_start.map(|view| view.key.as_str()).collect();
    assert!(at_start.contains(&"app.port"), "{at_start:?}");
    assert!(at_start.contains(&"app.data_dir"), "{at_start:?}");
    assert!(!at_start.iter().any(|key| key.starts_with("ai.")));
}

//! From words to an [`Invocation`]; help, version, manual and schema are answered here, without a host.

mod wrong;

use crate::args::{
    Arguments, Commands, ConfigArguments, Global, Language, SchemaArguments, ToolArguments,
};
use crate::command::completions::{self, Answer};
use crate::command::server::{Serve, ServerCommand};
use crate::command::skill::SkillArguments;
use crate::command::tool::new;
use crate::exit::{self, Exit};
use crate::frontend;
use crate::invocation::{
    Chat, Command, ConfigCommand, Grant, Init, Invocation, Options, ToolCommand,
};
use crate::problem;
use crate::terminal::Terminal;
use anteroom_api::{Problem, ProblemCode};
use clap::Parser;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::Write;

/// Reads the arguments, the program's name first.
///
/// # Errors
/// [`Exit`] when there is nothing left to do: help, version or schema was printed (code 0), or the
/// arguments are wrong, which was said on standard error (code 2).
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Exit> {
    interpret(arguments).map_err(|refused| {
        let code = refused.code();
        // Nothing can be done about a closed stream at this point.
        let _ = refused.print();
        Exit { code }
    })
}

/// Why there is no invocation.
#[derive(Debug)]
enum Refused {
    /// The parser printed help, or understood nothing.
    Parser(clap::Error),
    /// This was all that was wanted.
    Done(String),
    /// The arguments contradict each other.
    Usage(String),
    /// What was wanted could not be done.
    Problem(Box<Problem>),
}

impl Refused {
    fn code(&self) -> u8 {
        match self {
            Self::Parser(error) => u8::try_from(error.exit_code()).unwrap_or(exit::USAGE),
            Self::Done(_) => exit::OK,
            Self::Usage(_) => exit::USAGE,
            Self::Problem(problem) => exit::of_problem(problem.code),
        }
    }

    fn print(self) -> std::io::Result<()> {
        let say = |problem: &Problem| {
            // Nothing is known of the streams yet.
            let theme = frontend::theme(&Options::default(), &Terminal::default(), false);
            let text = problem::render(problem, &theme);
            std::io::stderr().write_all(text.as_bytes())
        };
        match self {
            Self::Parser(error) if is_help(&error) => error.print(),
            Self::Parser(error) => say(&wrong::problem(&error)),
            Self::Done(text) => std::io::stdout().write_all(text.as_bytes()),
            Self::Usage(words) => say(&Problem::new(ProblemCode::InvalidInput, words)
                .hint("`aroom help exec` says what goes together")),
            Self::Problem(problem) => say(&problem),
        }
    }
}

/// Whether help or the version was asked for, or is the best answer.
fn is_help(error: &clap::Error) -> bool {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };
    matches!(
        error.kind(),
        DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion
    )
}

fn interpret(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Refused> {
    resolve(Arguments::try_parse_from(arguments).map_err(Refused::Parser)?)
}

fn resolve(arguments: Arguments) -> Result<Invocation, Refused> {
    let Arguments {
        global,
        test,
        command,
    } = arguments;
    let mut overrides = overrides(&global);
    if let Some(Commands::Exec(exec)) = &command
        && let Some(budget) = exec.budget
    {
        overrides.extend(budget.overrides());
    }
    let command = match (test, command) {
        (true, None) => Command::Test,
        (true, Some(_)) => {
            return Err(Refused::Usage(
                "`--test` stands alone: `aroom --test`".to_owned(),
            ));
        }
        (false, Some(command)) => resolve_command(command, &global)?,
        (false, None) => Command::Server(ServerCommand::Serve(Serve::default())),
    };
    if let Command::Server(command) = &command {
        overrides.extend(command.overrides());
    }
    Ok(Invocation {
        overrides,
        workspace: global.path,
        command,
        options: Options {
            model: global.model,
            mode: global.approval_mode,
            allowed_tools: global
                .allowed_tools
                .iter()
                .flat_map(|rules| split_rules(rules))
                .collect(),
            port: global.port,
            is_json: global.json,
            color: global.color,
            is_plain: global.plain,
            is_quiet: global.quiet,
            verbosity: global.verbose,
        },
    })
}

fn overrides(global: &Global) -> Vec<(String, Value, String)> {
    let mut overrides = Vec::new();
    let mut add = |key: &str, value: Value, flag: &str| {
        overrides.push((key.to_owned(), value, flag.to_owned()));
    };
    if let Some(model) = &global.model {
        add("ai.model", json!(model), "--model");
    }
    if let Some(port) = global.port {
        add("app.port", json!(port), "--port");
    }
    if let Some(mode) = global.approval_mode {
        add(
            "safety.approval_mode",
            json!(mode.to_string()),
            "--approval-mode",
        );
    }
    overrides
}

fn resolve_command(command: Commands, global: &Global) -> Result<Command, Refused> {
    Ok(match command {
        Commands::Chat { prompt, place } => Command::Chat(Chat {
            prompt: joined(&prompt),
            is_without_tools: place.no_tools,
            resume: place.resume(),
        }),
        Commands::Exec(exec) => Command::Exec(exec.resolve(global.json).map_err(Refused::Usage)?),
        Commands::Init {
            base_url,
            api_key_env,
            api_key_command,
            yes,
        } => Command::Init(Init {
            base_url,
            api_key_env,
            api_key_command,
            is_yes: yes,
        }),
        Commands::Doctor {
            is_endpoint_only: true,
        } => Command::Test,
        Commands::Doctor { .. } => Command::Doctor,
        Commands::Server(command) => Command::Server(command),
        Commands::Organize(command) => Command::Organize(command),
        Commands::Tool { command } => Command::Tool(tool(command, global)?),
        Commands::Bundle { command } => Command::Bundle(command),
        Commands::Mcp { command } => Command::Mcp(command),
        Commands::Skill(SkillArguments::Skill { command }) => Command::Skill(command),
        Commands::Identity { command } => Command::Identity(command),
        Commands::Replay(replay) => Command::Replay(replay),
        Commands::Prompt { command } => Command::Prompt(command),
        Commands::Undo(undo) => Command::Undo(undo),
        Commands::Approval { command } => Command::Approval(command),
        Commands::Why(why) => Command::Why(why),
        Commands::Grants { command } => Command::Grants(command),
        Commands::Trust(trust) => Command::Trust(trust),
        Commands::Audit { command } => Command::Audit(command),
        Commands::Db { command } => Command::Db(command),
        Commands::Config { command } => Command::Config(config(command)),
        Commands::Completions(wanted) => match completions::answer(&wanted) {
            Answer::Text(text) => return Err(Refused::Done(text)),
            Answer::Ask(wanted) => Command::Complete(wanted),
        },
        Commands::Man(man) => {
            return Err(told(crate::man::run(&man)));
        }
        Commands::Schema {
            command: SchemaArguments::Events,
        } => {
            let schema = anteroom_api::schema::events();
            let text = serde_json::to_string_pretty(&schema).unwrap_or_else(|_| schema.to_string());
            return Err(Refused::Done(format!("{text}\n")));
        }
    })
}

/// What was all that was wanted.
fn told(answer: Result<String, Problem>) -> Refused {
    match answer {
        Ok(told) => Refused::Done(told),
        Err(problem) => Refused::Problem(Box::new(problem)),
    }
}

fn joined(words: &[String]) -> Option<String> {
    let text = words.join(" ");
    (!text.trim().is_empty()).then_some(text)
}

fn tool(command: ToolArguments, global: &Global) -> Result<ToolCommand, Refused> {
    Ok(match command {
        ToolArguments::List => ToolCommand::List,
        ToolArguments::Inspect { module } => ToolCommand::Inspect { module },
        ToolArguments::Grant {
            module,
            capabilities,
            folders,
            commands,
            hosts,
            secrets,
            is_everywhere,
            lasts,
            calls,
        } => ToolCommand::Grant(Grant {
            module,
            capabilities,
            folders,
            commands,
            hosts,
            secrets,
            is_everywhere,
            lasts,
            calls,
        }),
        ToolArguments::Revoke {
            module,
            capabilities,
        } => ToolCommand::Revoke {
            module,
            capabilities,
        },
        ToolArguments::Install { file, is_replacing } => {
            ToolCommand::Install { file, is_replacing }
        }
        ToolArguments::Remove { module } => ToolCommand::Remove { module },
        ToolArguments::Enable { module } => switch(module, true),
        ToolArguments::Disable { module } => switch(module, false),
        ToolArguments::Reload => ToolCommand::Reload,
        ToolArguments::New {
            name,
            lang: Language::Rust,
        } => return Err(told(new::make(global.path.as_deref(), &name))),
        ToolArguments::Run(run) => ToolCommand::Run(run),
    })
}

fn switch(module: String, is_enabled: bool) -> ToolCommand {
    ToolCommand::Switch { module, is_enabled }
}

fn config(command: ConfigArguments) -> ConfigCommand {
    match command {
        ConfigArguments::Show => ConfigCommand::Show,
        ConfigArguments::Get { key } => ConfigCommand::Get { key },
        ConfigArguments::Set { key, value } => ConfigCommand::Set { key, value },
        ConfigArguments::Reset { key } => ConfigCommand::Reset { key },
        ConfigArguments::Edit => ConfigCommand::Edit,
        ConfigArguments::Validate => ConfigCommand::Validate,
        ConfigArguments::Schema => ConfigCommand::Schema,
        ConfigArguments::Path => ConfigCommand::Path,
    }
}

/// Splits at commas, but not inside the braces of a glob: `edit_file:{src,docs}/**`.
fn split_rules(rules: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut parts = vec![String::new()];
    for sign in rules.chars() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(sign);
        }
    }
    parts
        .iter()
        .map(|rule| rule.trim().to_owned())
        .filter(|rule| !rule.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::conversation::ConversationCommand;
    use crate::command::organize::OrganizeCommand;
    use crate::invocation::{Exec, Resume};
    use anteroom_api::{Capability, Mode};
    use clap::CommandFactory;
    use std::time::Duration;

    fn words(line: &[&str]) -> Vec<OsString> {
        std::iter::once("aroom")
            .chain(line.iter().copied())
            .map(OsString::from)
            .collect()
    }

    fn parsed(line: &[&str]) -> Invocation {
        interpret(words(line)).unwrap()
    }

    #[test]
    fn clap_accepts_its_own_definition() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn commands_are_understood() {
        let check = |line: &[&str], wanted: Command| assert_eq!(parsed(line).command, wanted);
        check(&[], Command::Server(ServerCommand::Serve(Serve::default())));
        check(
            &["chat", "-c", "--no-tools", "hello", "you"],
            Command::Chat(Chat {
                prompt: Some("hello you".into()),
                resume: Resume::Last,
                is_without_tools: true,
            }),
        );
        check(&["exec", "-"], Command::Exec(Exec::default()));
        check(
            &[
                "exec",
                "-r",
                "abcd",
                "--timeout",
                "1.5",
                "--max-turns",
                "3",
                "-o",
                "x",
                "go",
            ],
            Command::Exec(Exec {
                prompt: Some("go".into()),
                resume: Resume::Named("abcd".into()),
                output: Some("x".into()),
                timeout: Some(Duration::from_millis(1500)),
                max_steps: Some(3),
                ..Exec::default()
            }),
        );
        check(&["--test"], Command::Test);
        check(&["doctor"], Command::Doctor);
        check(
            &["conv", "search", "retry", "policy"],
            Command::Organize(OrganizeCommand::Conversation {
                command: ConversationCommand::Search {
                    words: vec!["retry".into(), "policy".into()],
                    limit: 20,
                },
            }),
        );
        check(
            &[
                "tool",
                "grant",
                "jira",
                "process",
                "--command",
                "jira issue",
            ],
            Command::Tool(ToolCommand::Grant(Grant {
                module: "jira".into(),
                capabilities: vec![Capability::Process],
                folders: vec![],
                commands: vec!["jira issue".into()],
                hosts: vec![],
                secrets: vec![],
                is_everywhere: false,
                lasts: None,
                calls: None,
            })),
        );
        check(
            &["config", "set", "ai.temperature", "-1"],
            Command::Config(ConfigCommand::Set {
                key: "ai.temperature".into(),
                value: Some("-1".into()),
            }),
        );
    }

    #[test]
    fn flags_work_before_and_after_the_command() {
        for line in [
            &["--approval-mode", "writes", "--port", "9", "exec", "x"][..],
            &["exec", "--approval-mode", "writes", "x", "--port", "9"][..],
        ] {
            let invocation = parsed(line);
            assert_eq!(invocation.options.mode, Some(Mode::AskForWrites));
            assert_eq!(
                invocation.overrides,
                vec![
                    ("app.port".into(), json!(9), "--port".into()),
                    (
                        "safety.approval_mode".into(),
                        json!("ask_for_writes"),
                        "--approval-mode".into()
                    )
                ]
            );
        }
    }

    #[test]
    fn rules_are_split_at_commas_outside_braces() {
        let invocation = parsed(&[
            "exec",
            "--allowed-tools",
            "read_file, bash:cargo test *",
            "--allow",
            "edit_file:{src,docs}/**,,",
            "x",
        ]);
        assert_eq!(
            invocation.options.allowed_tools,
            ["read_file", "bash:cargo test *", "edit_file:{src,docs}/**"]
        );
    }

    #[test]
    fn what_needs_no_host_ends_in_parse() {
        let check = |line: &[&str], code: u8| {
            assert_eq!(
                interpret(words(line)).map_err(|refused| refused.code()),
                Err(code),
                "{line:?}"
            );
        };
        check(&["--version"], 0);
        check(&["--help"], 0);
        check(&["exec", "-h"], 0);
        check(&["help", "config", "set"], 0);
        check(&["schema", "events"], 0);
        check(&["exce"], 2);
        check(&["exec", "--approval-mode", "sometimes", "x"], 2);
        check(&["exec", "--json", "--stream-json", "x"], 2);
        check(&["exec", "--include-deltas", "x"], 2);
        check(&["exec", "--timeout", "0", "x"], 2);
        check(&["chat", "-c", "-r", "x"], 2);
        check(&["--test", "exec", "x"], 2);
        check(&["-q", "-v", "exec", "x"], 2);
        check(&["tool", "grant", "jira", "everything"], 2);
    }

    /// Every command, with the words that lead to it.
    fn commands() -> Vec<(String, clap::Command)> {
        fn collect(path: &str, command: &clap::Command, into: &mut Vec<(String, clap::Command)>) {
            for child in command.get_subcommands().filter(|c| c.get_name() != "help") {
                let path = format!("{path} {}", child.get_name());
                collect(&path, child, into);
                into.push((path, child.clone()));
            }
        }
        let mut root = Arguments::command();
        root.build();
        let mut all = Vec::new();
        collect("aroom", &root, &mut all);
        all
    }

    #[test]
    fn the_root_help_names_every_command_and_fits_a_small_terminal() {
        let text = Arguments::command().render_help().to_string();
        for (path, _) in commands() {
            if let [_, name] = path.split(' ').collect::<Vec<_>>()[..] {
                assert!(
                    text.split_whitespace().any(|word| word == name),
                    "{name} is missing"
                );
            }
        }
        fits("aroom", &text);
        let long = Arguments::command().render_long_help().to_string();
        assert!(long.starts_with(text.trim_end()) && long.contains("Exit codes:"));
        narrow("aroom --help", &long);
    }

    fn fits(path: &str, text: &str) {
        assert!(
            text.trim_end().lines().count() <= 24,
            "{path}: {} lines\n{text}",
            text.lines().count()
        );
        narrow(path, text);
    }

    fn narrow(path: &str, text: &str) {
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{path}: {line}");
        }
    }

    /// No list of verbs: what a summary must not begin with gives it away.
    #[test]
    fn summaries_begin_with_a_verb() {
        let nouns = [
            "a", "an", "the", "all", "each", "your", "this", "what", "which", "how", "ops", "who",
        ];
        for (path, command) in commands() {
            let about = command.get_about().unwrap().to_string();
            let first = about.split_whitespace().next().unwrap_or_default();
            let first = first.trim_end_matches(',');
            let word = first.to_lowercase();
            assert!(
                first.starts_with(char::is_uppercase)
                    && !nouns.contains(&word.as_str())
                    && word.chars().all(char::is_alphabetic)
                    && !word.ends_with("ing")
                    && (!word.ends_with('s') || word.ends_with("ss")),
                "{path}: {about}"
            );
            assert!(!about.ends_with('.'), "{path}: {about}");
        }
    }

    /// One of the same name would be taken for it, and be of another type when it is read.
    #[test]
    fn no_argument_has_the_name_of_a_global_one() {
        let root = Arguments::command();
        let global: Vec<_> = root
            .get_arguments()
            .filter(|argument| argument.is_global_set())
            .map(|argument| argument.get_id().clone())
            .collect();
        for (path, command) in commands() {
            for argument in command.get_arguments() {
                let is_own = !argument.is_global_set();
                let is_named_so = global.contains(argument.get_id());
                assert!(!(is_own && is_named_so), "{path}: {}", argument.get_id());
            }
        }
    }

    #[test]
    fn every_command_teaches_by_two_examples_and_fits() {
        for (path, command) in commands() {
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!about.is_empty() && about.len() <= 60, "{path}: {about:?}");
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let examples = help
                .lines()
                .filter(|line| line.starts_with("  ") && line.contains("aroom"))
                .count();
            assert!(examples >= 2, "{path}: {help:?}");
            let text = command.clone().term_width(80).render_help().to_string();
            fits(&path, &text);
            let text = command.term_width(80).render_long_help().to_string();
            narrow(&path, &text);
        }
    }
}

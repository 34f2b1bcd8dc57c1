//! `aroom config`: settings, where they come from, and changing them.

mod edit;

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::invocation::ConfigCommand;
use crate::problem;
use crate::prompter::Prompter;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{Problem, ProblemCode, SettingOp, SettingView, SettingsReport};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

pub(crate) async fn run(context: &mut Context, command: &ConfigCommand) -> Result<u8, Quit> {
    match command {
        ConfigCommand::Show => show(context).await,
        ConfigCommand::Get { key } => get(context, key).await,
        ConfigCommand::Set { key, value } => set(context, key, value.as_deref()).await,
        ConfigCommand::Reset { key } => reset(context, key).await,
        ConfigCommand::Edit => edit::run(context).await,
        ConfigCommand::Validate => validate(context).await,
        ConfigCommand::Schema => {
            let schema = context.host.read().config_schema().await?;
            context.printer.json(&schema);
            Ok(exit::OK)
        }
        ConfigCommand::Path => {
            let report = context.host.read().settings().await?;
            context.printer.line(&report.path);
            Ok(exit::OK)
        }
    }
}

async fn show(context: &mut Context) -> Result<u8, Quit> {
    let report = context.host.read().settings().await?;
    if context.options.is_json {
        context.printer.json(&json!(report));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for line in lines(&report, &theme) {
        context.printer.line(&line);
    }
    for warning in &report.warnings {
        context.printer.problem(warning);
    }
    Ok(exit::OK)
}

/// Key, value and origin in columns; what nobody set is dim.
pub(crate) fn lines(report: &SettingsReport, theme: &Theme) -> Vec<String> {
    /// A longer value pushes its origin aside instead of everybody's.
    const WIDEST_VALUE: usize = 40;
    let shown: Vec<(&SettingView, String)> = report
        .settings
        .iter()
        .map(|setting| (setting, reveal(&value_text(&setting.value))))
        .collect();
    let keys = shown.iter().map(|(s, _)| s.key.width()).max().unwrap_or(0);
    let values = shown
        .iter()
        .map(|(_, value)| value.width())
        .filter(|width| *width <= WIDEST_VALUE)
        .max()
        .unwrap_or(0);
    shown
        .iter()
        .map(|(setting, value)| {
            let origin = setting.origin.to_string();
            let key = pad(&setting.key, keys);
            let line = format!("{key}  {}  {}", pad(value, values), reveal(&origin));
            if setting.origin == anteroom_api::SettingOrigin::Default {
                theme.paint(Style::Dim, &line)
            } else {
                line
            }
        })
        .collect()
}

pub(crate) fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(crate) async fn find(context: &Context, key: &str) -> Result<SettingView, Problem> {
    let report = context.host.read().settings().await?;
    if let Some(setting) = report.settings.iter().find(|setting| setting.key == key) {
        return Ok(setting.clone());
    }
    let keys = report.settings.iter().map(|setting| setting.key.as_str());
    let problem = Problem::new(
        ProblemCode::NotFound,
        format!("there is no setting `{key}`"),
    );
    Err(match words::nearest(key, keys) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`aroom config show` lists all of them"),
    })
}

async fn get(context: &mut Context, key: &str) -> Result<u8, Quit> {
    let setting = find(context, key).await?;
    if context.options.is_json {
        context.printer.json(&json!(setting));
    } else {
        let text = match &setting.value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        context.printer.line(&text);
    }
    Ok(exit::OK)
}

async fn set(context: &mut Context, key: &str, value: Option<&str>) -> Result<u8, Quit> {
    let setting = find(context, key).await?;
    let text = match value {
        Some("-") => context
            .read_stdin()
            .await?
            .trim_end_matches('\n')
            .to_owned(),
        Some(text) => text.to_owned(),
        None => ask(context, &setting)?,
    };
    let value = typed(&setting, &text);
    context
        .settle(SettingOp::Change {
            key: key.to_owned(),
            value: value.clone(),
        })
        .await?;
    let theme = context.printer.err_theme();
    let shown = if setting.is_secret {
        "(secret)".to_owned()
    } else {
        reveal(&value_text(&value))
    };
    context.printer.progress(&format!(
        "{} {key} = {shown}",
        theme.paint(Style::Good, theme.ok())
    ));
    Ok(exit::OK)
}

fn ask(context: &mut Context, setting: &SettingView) -> Result<String, Quit> {
    let key = &setting.key;
    if !context.terminal.is_stdin_terminal {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("there is no value for `{key}`"),
        )
        .hint(format!("`aroom config set {key} VALUE`, or `-` to read it"))
        .into());
    }
    let mut prompter = Prompter::terminal();
    let label = format!("{key}: ");
    let answer = if setting.is_secret {
        prompter.secret(&mut context.printer, &label)
    } else {
        prompter.line(&mut context.printer, &label)
    };
    answer.ok_or(Quit::Code(exit::INTERRUPTED))
}

/// A text as the value of a setting: text where the setting holds text, else JSON where it is JSON.
pub(crate) fn typed(setting: &SettingView, text: &str) -> Value {
    let is_text = setting.is_secret || setting.default.is_string() || setting.value.is_string();
    if is_text {
        return Value::String(text.to_owned());
    }
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if setting.default.is_array() => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(Into::into)
                .collect(),
        ),
        Err(_) => Value::String(text.to_owned()),
    }
}

async fn reset(context: &mut Context, key: &str) -> Result<u8, Quit> {
    find(context, key).await?;
    context
        .settle(SettingOp::Reset {
            key: key.to_owned(),
        })
        .await?;
    let theme = context.printer.err_theme();
    context.printer.progress(&format!(
        "{} {key} reset",
        theme.paint(Style::Good, theme.ok())
    ));
    Ok(exit::OK)
}

async fn validate(context: &mut Context) -> Result<u8, Quit> {
    let report = context.host.read().settings().await?;
    let is_sound = report.warnings.is_empty();
    if context.options.is_json {
        context
            .printer
            .json(&json!({ "path": report.path, "warnings": report.warnings }));
    } else if is_sound {
        let theme = context.printer.out_theme();
        context.printer.line(&format!(
            "{} {}",
            theme.paint(Style::Good, theme.ok()),
            report.path
        ));
    } else {
        let theme = context.printer.out_theme();
        for warning in &report.warnings {
            context.printer.data(&problem::render(warning, &theme));
        }
    }
    Ok(if is_sound { exit::OK } else { exit::FAILED })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Bench, Views, setting};
    use crate::theme::BARE;
    use anteroom_api::{Op, SettingOrigin};

    fn views() -> Views {
        let mut views = Views::default();
        let mut rules = setting("safety.allowed_tools", json!([]));
        rules.default = json!([]);
        let mut key = setting("ai.api_key", json!("sk-…"));
        key.is_secret = true;
        key.origin = SettingOrigin::Environment {
            name: "AI_CHAT_API_KEY".into(),
        };
        let mut port = setting("app.port", json!(8080));
        port.default = json!(8080);
        views.settings.settings.extend([rules, key, port]);
        views
    }

    #[test]
    fn settings_stand_in_columns() {
        assert_eq!(
            lines(&views().settings, &BARE),
            [
                "ai.base_url           http://127.0.0.1:9/v1  default",
                "ai.model              qwen3                  default",
                "safety.approval_mode  ask_for_writes         default",
                "safety.allowed_tools  []                     default",
                "ai.api_key            sk-…                   $AI_CHAT_API_KEY",
                "app.port              8080                   default",
            ]
        );
    }

    #[test]
    fn values_take_the_type_of_their_setting() {
        let check = |key: &str, text: &str, wanted: Value| {
            let mut bench = Bench::with(&["config", "set", key, text], vec![], views(), "piped\n");
            assert_eq!(bench.run().code, exit::OK);
            assert_eq!(
                bench.fake.ops(),
                [Op::Setting(SettingOp::Change {
                    key: key.into(),
                    value: wanted
                })]
            );
        };
        check("ai.model", "8080", json!("8080"));
        check("app.port", "9090", json!(9090));
        check(
            "safety.allowed_tools",
            "[\"read_file\"]",
            json!(["read_file"]),
        );
        check(
            "safety.allowed_tools",
            "read_file, grep",
            json!(["read_file", "grep"]),
        );
        check("ai.api_key", "-", json!("piped"));
    }

    #[test]
    fn a_secret_is_not_shown_when_it_is_set() {
        let ran = Bench::with(
            &["config", "set", "ai.api_key", "sk-123"],
            vec![],
            views(),
            "",
        )
        .run();
        assert_eq!(ran.err, "✓ ai.api_key = (secret)\n");
    }

    #[test]
    fn single_values_are_printed_bare() {
        let check = |line: &[&str], code: u8, out: &str, err: &str| {
            let ran = Bench::with(line, vec![], views(), "").run();
            assert_eq!(
                (ran.code, ran.out.as_str(), ran.err.as_str()),
                (code, out, err)
            );
        };
        check(&["config", "get", "ai.model"], 0, "qwen3\n", "");
        check(&["config", "get", "app.port"], 0, "8080\n", "");
        check(
            &["config", "path"],
            0,
            "/home/u/.anteroom/config.yaml\n",
            "",
        );
        check(
            &["config", "validate"],
            0,
            "✓ /home/u/.anteroom/config.yaml\n",
            "",
        );
        check(
            &["config", "get", "ai.modl"],
            exit::NOT_FOUND,
            "",
            "error: there is no setting `ai.modl`\n\nhint: did you mean `ai.model`?\n",
        );
    }
}

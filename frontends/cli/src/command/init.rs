//! `aroom init`: find or name an endpoint, test it, choose a model, save it.
//!
//! Everything that is asked can be given by a flag; without a terminal only flags count.

mod plan;

use crate::clean::reveal;
use crate::command::doctor;
use crate::context::{Context, Quit};
use crate::exit;
use crate::invocation::Init;
use crate::prompter::Prompter;
use crate::theme::Style;
use anteroom_api::{EndpointReport, EndpointSpec, FoundEndpoint, Problem, ProblemCode, SettingOp};
use plan::{Key, Present};
use serde_json::json;

/// Runs the wizard, or the flags.
pub(crate) async fn run(context: &mut Context, init: &Init) -> Result<u8, Quit> {
    let asker = (context.terminal.is_interactive() && !init.is_yes).then(Prompter::terminal);
    with(context, init, asker).await
}

/// The same with somebody to ask, or nobody.
pub(crate) async fn with(
    context: &mut Context,
    init: &Init,
    mut asker: Option<Prompter>,
) -> Result<u8, Quit> {
    let present = Present::of(&context.host.read().settings().await?);
    let (base_url, known) = choose_url(context, init, &present, asker.as_mut()).await?;
    let key = choose_key(context, init, &present, &base_url, asker.as_mut())?;
    let mut choice = Choice {
        base_url,
        known,
        key,
        is_saved: false,
    };
    let (report, model) = loop {
        let (report, model) = try_out(context, &present, &mut choice, asker.as_mut()).await?;
        let Some(better) = offer_fix(context, &choice.base_url, &report, asker.as_mut())? else {
            break (report, model);
        };
        if choice.key == Key::Kept && plan::is_moved(&present.base_url, &better) {
            choice.key = choose_key(context, init, &present, &better, asker.as_mut())?;
        }
        choice.base_url = better;
        choice.known.clear();
        choice.is_saved = false;
    };
    // An endpoint without tool calls is poorer, not broken.
    let code = doctor::code_without_tools(&report);
    if code != exit::OK
        && let Some(asker) = asker.as_mut()
        && asker.confirm(&mut context.printer, "Save it anyway?", false) != Some(true)
    {
        context.printer.note("nothing more was saved");
        return Ok(code);
    }
    if !choice.is_saved {
        save_place(context, &present, &choice).await?;
    }
    if let Some(model) = &model {
        change(context, "ai.model", model).await?;
    }
    conclude(context, &present, &report, (model.as_deref(), code));
    Ok(code)
}

/// What was chosen so far.
struct Choice {
    base_url: String,
    /// Models it is known to have before it is tested.
    known: Vec<String>,
    key: Key,
    /// Whether it was written before it was tested.
    is_saved: bool,
}

/// Chooses a model and tests the endpoint with it; says what does not work.
async fn try_out(
    context: &mut Context,
    present: &Present,
    choice: &mut Choice,
    mut asker: Option<&mut Prompter>,
) -> Result<(EndpointReport, Option<String>), Quit> {
    let is_moved = plan::is_moved(&present.base_url, &choice.base_url);
    let is_saved_first = match choice.key {
        Key::Command(_) => true,
        Key::Kept => choice.base_url != present.base_url,
        Key::None | Key::Given(_) => false,
    };
    if is_saved_first {
        // Only the host knows these keys, and it tests with the configured one.
        save_place(context, present, choice).await?;
        choice.is_saved = true;
    }
    let kept = (!is_moved && !present.model.is_empty()).then(|| present.model.clone());
    let mut wanted = context.options.model.clone().or(kept);
    let is_known = !choice.known.is_empty();
    if is_known {
        let first = wanted.or_else(|| choice.known.first().cloned());
        wanted = choose_model(context, first, &choice.known, asker.as_deref_mut())?;
    }
    let mut report = test(context, choice, wanted.clone()).await?;
    let mut model = wanted.or_else(|| report.model.clone());
    // An address that is probably wrong is corrected before anything is asked about it.
    if !is_known && plan::hinted(&report).is_none() {
        model = choose_model(context, model, &report.models, asker)?;
        if model.is_some() && report.model.is_some() && model != report.model {
            report = test(context, choice, model.clone()).await?;
        }
    }
    if report.steps.iter().any(|step| step.problem.is_some()) {
        let theme = context.printer.out_theme();
        for line in doctor::step_lines(&report, &theme) {
            context.printer.line(&line);
        }
    }
    Ok((report, model))
}

/// Offers the address that was probably meant, after a test that failed.
fn offer_fix(
    context: &mut Context,
    base_url: &str,
    report: &EndpointReport,
    asker: Option<&mut Prompter>,
) -> Result<Option<String>, Quit> {
    let better = plan::hinted(report).filter(|better| better != base_url);
    let (Some(better), Some(asker)) = (better, asker) else {
        return Ok(None);
    };
    let question = format!("Use {} instead?", reveal(&better));
    match asker.confirm(&mut context.printer, &question, true) {
        Some(true) => Ok(Some(better)),
        Some(false) => Ok(None),
        None => Err(Quit::Code(exit::INTERRUPTED)),
    }
}

fn conclude(
    context: &mut Context,
    present: &Present,
    report: &EndpointReport,
    (model, code): (Option<&str>, u8),
) {
    let theme = context.printer.out_theme();
    let home = context.terminal.environment.get("HOME");
    let path = plan::from_home(&present.path, home.map(String::as_str));
    let is_sound = report.steps.iter().all(|step| step.problem.is_none());
    let saved = match is_sound {
        true => format!("{}   saved {path}", doctor::one_line(report, &theme)),
        false => format!("{} saved {path}", theme.paint(Style::Good, theme.ok())),
    };
    context.printer.line(&saved);
    let next = match (code, model) {
        (exit::OK, Some(_)) => "next: `aroom chat`",
        (exit::OK, None) => "next: `aroom config set ai.model NAME`, then `aroom chat`",
        _ => "it does not work yet: follow the hint above, then `aroom --test`",
    };
    context.printer.line(next);
}

/// The address, and the models it is known to have.
async fn choose_url(
    context: &mut Context,
    init: &Init,
    present: &Present,
    asker: Option<&mut Prompter>,
) -> Result<(String, Vec<String>), Quit> {
    if let Some(url) = &init.base_url {
        return Ok((plan::url(url)?, Vec::new()));
    }
    let is_kept = !present.base_url.is_empty();
    if is_kept && asker.is_none() {
        return Ok((present.base_url.clone(), Vec::new()));
    }
    if asker.is_none() && !init.is_yes {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            "there is no terminal to ask on",
        )
        .hint(
            "`aroom init --base-url URL [--api-key-env VAR | --api-key-command CMD] [--model NAME] --yes`",
        )
        .into());
    }
    let found = context.host.read().local_endpoints().await?;
    let Some(asker) = asker else {
        return match found.into_iter().next() {
            Some(first) => Ok((first.base_url, Vec::new())),
            None => Err(Problem::new(
                ProblemCode::NotConfigured,
                "no model server was found on this machine",
            )
            .hint(
                "`aroom init --base-url URL --yes`, or start Ollama, LM Studio, vLLM or llama.cpp",
            )
            .into()),
        };
    };
    let url = ask_url(context, present, &found, asker)?;
    let known = found.into_iter().find(|endpoint| endpoint.base_url == url);
    Ok((url, known.map(|known| known.models).unwrap_or_default()))
}

fn ask_url(
    context: &mut Context,
    present: &Present,
    found: &[FoundEndpoint],
    asker: &mut Prompter,
) -> Result<String, Quit> {
    let width = context.printer.out_theme().width;
    for line in plan::found_lines(found, width) {
        context.printer.line(&line);
    }
    let default = match present.base_url.is_empty() {
        true => found.first().map(|endpoint| endpoint.base_url.clone()),
        false => Some(present.base_url.clone()),
    };
    let label = match &default {
        Some(url) if !present.base_url.is_empty() => format!("Use [{}]: ", reveal(url)),
        Some(_) => "Use [1], or a base URL: ".to_owned(),
        None => "Base URL, for example https://llm.corp/v1: ".to_owned(),
    };
    loop {
        let answer = asker
            .line(&mut context.printer, &label)
            .ok_or(Quit::Code(exit::INTERRUPTED))?;
        let chosen = match (answer.as_str(), &default) {
            ("", Some(url)) => return Ok(url.clone()),
            ("", None) => continue,
            (answer, _) => answer
                .parse::<usize>()
                .ok()
                .and_then(|number| found.get(number.checked_sub(1)?))
                .map(|endpoint| endpoint.base_url.clone()),
        };
        if let Some(url) = chosen {
            return Ok(url);
        }
        match plan::url(&answer) {
            Ok(url) => return likely(context, url, asker),
            Err(problem) => context.printer.problem(&problem),
        }
    }
}

/// Offers the usual correction; never makes it silently.
fn likely(context: &mut Context, url: String, asker: &mut Prompter) -> Result<String, Quit> {
    let Some(better) = plan::likely_url(&url) else {
        return Ok(url);
    };
    let question = format!("Use {better} instead?");
    match asker.confirm(&mut context.printer, &question, true) {
        Some(true) => Ok(better),
        Some(false) => Ok(url),
        None => Err(Quit::Code(exit::INTERRUPTED)),
    }
}

fn choose_key(
    context: &mut Context,
    init: &Init,
    present: &Present,
    base_url: &str,
    asker: Option<&mut Prompter>,
) -> Result<Key, Quit> {
    if let Some(command) = &init.api_key_command {
        return Ok(Key::Command(command.clone()));
    }
    if let Some(name) = &init.api_key_env {
        return match context.terminal.environment.get(name).map(|key| key.trim()) {
            Some(key) if !key.is_empty() => Ok(Key::Given(key.to_owned())),
            _ => Err(Problem::new(
                ProblemCode::InvalidInput,
                format!("the environment variable `{name}` is not set"),
            )
            .hint(format!("export `{name}`, or use `--api-key-command`"))
            .into()),
        };
    }
    let is_kept = present.has_key && !plan::is_moved(&present.base_url, base_url);
    let unchanged = if is_kept { Key::Kept } else { Key::None };
    let Some(asker) = asker.filter(|_| !plan::is_loopback(base_url)) else {
        return Ok(unchanged);
    };
    let enter = if is_kept {
        "keeps the one there is"
    } else {
        "for none"
    };
    let label = format!("API key (hidden; Enter {enter}; `!CMD` for a command that prints it): ");
    let answer = asker
        .secret(&mut context.printer, &label)
        .ok_or(Quit::Code(exit::INTERRUPTED))?;
    Ok(match answer.strip_prefix('!') {
        Some(command) => Key::Command(command.trim().to_owned()),
        None if answer.is_empty() => unchanged,
        None => Key::Given(answer),
    })
}

async fn test(
    context: &mut Context,
    choice: &Choice,
    model: Option<String>,
) -> Result<EndpointReport, Quit> {
    let spec = match &choice.key {
        // The host knows these keys and we do not.
        Key::Kept | Key::Command(_) => None,
        Key::None => Some(None),
        Key::Given(key) => Some(Some(key.clone())),
    };
    let spec = spec.map(|api_key| EndpointSpec {
        base_url: choice.base_url.clone(),
        api_key,
        model,
    });
    if context.terminal.is_interactive() {
        let line = format!("testing {}", reveal(&choice.base_url));
        context.printer.dim(&line);
    }
    Ok(context.host.read().test_endpoint(spec).await?)
}

fn choose_model(
    context: &mut Context,
    default: Option<String>,
    models: &[String],
    asker: Option<&mut Prompter>,
) -> Result<Option<String>, Quit> {
    if context.options.model.is_some() {
        return Ok(default);
    }
    let Some(asker) = asker else {
        return Ok(default);
    };
    let width = context.printer.out_theme().width;
    if models.len() > 1 {
        for line in plan::model_lines(models, width) {
            context.printer.line(&line);
        }
    }
    let label = match &default {
        Some(model) => format!("Model [{}]: ", reveal(model)),
        None => "Model: ".to_owned(),
    };
    let answer = asker
        .line(&mut context.printer, &label)
        .ok_or(Quit::Code(exit::INTERRUPTED))?;
    let by_number = answer
        .parse::<usize>()
        .ok()
        .and_then(|number| models.get(number.checked_sub(1)?));
    Ok(match by_number {
        Some(model) => Some(model.clone()),
        None if answer.is_empty() => default,
        None => Some(answer),
    })
}

/// Writes where the endpoint is and how it is entered. A key never goes to another place than it was given for.
async fn save_place(context: &Context, present: &Present, choice: &Choice) -> Result<(), Problem> {
    let is_replaced = matches!(choice.key, Key::Given(_) | Key::Command(_));
    if is_replaced || plan::is_moved(&present.base_url, &choice.base_url) {
        for stale in &present.key_settings {
            let op = SettingOp::Reset { key: stale.clone() };
            context.settle(op).await?;
        }
    }
    change(context, "ai.base_url", &choice.base_url).await?;
    match &choice.key {
        Key::Given(key) => change(context, "ai.api_key", key).await,
        Key::Command(command) => change(context, "ai.api_key_command", command).await,
        Key::Kept | Key::None => Ok(()),
    }
}

async fn change(context: &Context, key: &str, value: &str) -> Result<(), Problem> {
    let op = SettingOp::Change {
        key: key.to_owned(),
        value: json!(value),
    };
    context.settle(op).await.map(|_| ())
}

#[cfg(test)]
mod tests;

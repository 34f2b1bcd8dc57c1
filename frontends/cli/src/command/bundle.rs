//! `aroom bundle`: what others packed to be installed as a whole, and what one packs for others.

mod making;
mod shown;

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::prompter::Prompter;
use crate::words;
use anteroom_api::{
    BundleEvent, BundleLocked, BundleOp, BundleReport, BundleSource, BundleStep, BundleView,
    BundleWish, Event, Health, Problem, ProblemCode,
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// `aroom bundle …`.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum BundleCommand {
    /// Show what is installed
    #[command(after_help = "\
Examples:
  aroom bundle list
  aroom bundle list --json")]
    List,
    /// Show what a bundle holds and would be able to do
    #[command(after_help = "\
Examples:
  aroom bundle inspect team.abundle
  aroom bundle inspect https://example.com/team.abundle")]
    Inspect {
        /// A file, a folder, an address, or an installed bundle
        source: String,
    },
    /// Install a bundle, or all that this project's lock file names
    #[command(after_help = "\
Examples:
  aroom bundle install team.abundle
  aroom bundle install                 bring this project to its lock file")]
    Install(Install),
    /// Take the newest version from where a bundle came from
    #[command(after_help = "\
Examples:
  aroom bundle update                  all that are installed
  aroom bundle update team --from ./team.abundle")]
    Update {
        /// The bundle; all if none is named
        name: Option<String>,
        /// Take it from here instead: a file, a folder, an address
        #[arg(long, value_name = "SOURCE", requires = "name")]
        from: Option<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Go back to an older version
    #[command(after_help = "\
Examples:
  aroom bundle rollback team
  aroom bundle rollback team 1.2.0")]
    Rollback {
        /// The bundle
        name: String,
        /// The version; the one before if none is named
        version: Option<String>,
        /// Take it from here: a file, a folder, an address
        #[arg(long, value_name = "SOURCE", conflicts_with = "version")]
        from: Option<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Remove a bundle, and all it brought
    #[command(after_help = "\
Examples:
  aroom bundle remove team
  aroom bundle list                    what there is to remove")]
    Remove {
        /// The bundle
        name: String,
    },
    /// Trust another key for a bundle than before
    #[command(after_help = "\
Examples:
  aroom bundle inspect team.abundle    shows the fingerprint
  aroom bundle trust team FINGERPRINT

`aroom bundle distrust FINGERPRINT` trusts a key no more.")]
    Trust {
        /// The bundle
        name: String,
        /// The key's fingerprint, whole, as its holder says
        fingerprint: String,
    },
    /// Trust a key no more: what it signed counts no longer
    #[command(
        after_help = "\
Examples:
  aroom bundle list                    shows whose key is whose
  aroom bundle distrust FINGERPRINT",
        hide = true
    )]
    Distrust {
        /// The key's fingerprint, whole
        fingerprint: String,
    },
    /// Check every byte of a bundle and its signature
    #[command(after_help = "\
Examples:
  aroom bundle verify team.abundle
  aroom bundle verify team             the installed one")]
    Verify {
        /// A file, a folder, an address, or an installed bundle
        source: String,
    },
    /// Make the folder of a new bundle
    #[command(after_help = "\
Examples:
  aroom bundle new team
  aroom bundle new team ./bundles/team")]
    New {
        /// Its name
        name: String,
        /// The folder; one of that name if none is given
        folder: Option<PathBuf>,
    },
    /// Say what is wrong with a bundle's folder
    #[command(after_help = "\
Examples:
  aroom bundle check
  aroom bundle check ./team")]
    Check {
        /// The folder; this one if none is given
        folder: Option<PathBuf>,
    },
    /// Make one file of a folder
    #[command(after_help = "\
Examples:
  aroom bundle pack ./team
  aroom bundle pack ./team --sign")]
    Pack {
        /// The folder; this one if none is given
        folder: Option<PathBuf>,
        /// The file; NAME-VERSION.abundle if none is given
        file: Option<PathBuf>,
        /// Sign it with this installation's key
        #[arg(long)]
        sign: bool,
    },
    /// Sign a file or folder with this installation's key
    #[command(after_help = "\
Examples:
  aroom bundle sign team.abundle
  aroom identity show                  the fingerprint to tell others")]
    Sign {
        /// The file or folder
        #[arg(value_name = "PATH")]
        bundle: PathBuf,
    },
}

/// `aroom bundle install`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Install {
    /// A file, a folder, an `https` address, or a repository (`git+https://…`); what the lock file names if none
    pub source: Option<String>,
    /// Name it in this project's lock file
    #[arg(long, requires = "source")]
    pub lock: bool,
    #[command(flatten)]
    pub consent: Consent,
}

/// How much is agreed to beforehand.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Agree to what is shown, without being asked
    #[arg(short, long)]
    pub yes: bool,
    /// Agree to exactly what `inspect --json` showed
    #[arg(long, value_name = "DIGEST", conflicts_with = "yes")]
    pub digest: Option<String>,
    /// Take it although nobody signed it
    #[arg(long)]
    pub unsigned: bool,
}

pub(crate) async fn run(context: &mut Context, command: &BundleCommand) -> Result<u8, Quit> {
    match command {
        BundleCommand::List => list(context).await,
        BundleCommand::Inspect { source } => inspect(context, source).await,
        BundleCommand::Install(install) => match &install.source {
            Some(source) => {
                let mut wish = wish(place(context, source), &install.consent);
                wish.project = project(context, install.lock).await?;
                take(context, wish, &install.consent).await
            }
            None => by_lock(context, &install.consent).await,
        },
        BundleCommand::Update {
            name,
            from,
            consent,
        } => update(context, (name.as_deref(), from.as_deref()), consent).await,
        BundleCommand::Rollback {
            name,
            version,
            from,
            consent,
        } => {
            let source = match from {
                Some(from) => place(context, from),
                None => BundleSource::Kept {
                    name: name.clone(),
                    version: version.clone(),
                },
            };
            let mut wish = wish(source, consent);
            wish.may_be_older = true;
            // A version that was kept was agreed to once, signed or not.
            wish.may_be_unsigned |= from.is_none();
            wish.project = project(context, false).await?;
            take(context, wish, consent).await
        }
        BundleCommand::Remove { name } => remove(context, name).await,
        BundleCommand::Trust { name, fingerprint } => trust(context, name, fingerprint).await,
        BundleCommand::Distrust { fingerprint } => {
            let fingerprint = fingerprint.clone();
            context.settle(BundleOp::Distrust { fingerprint }).await?;
            Ok(done(context, "the key is not trusted any more"))
        }
        BundleCommand::Verify { source } => verify(context, source).await,
        BundleCommand::New { .. }
        | BundleCommand::Check { .. }
        | BundleCommand::Pack { .. }
        | BundleCommand::Sign { .. } => making::run(context, command).await,
    }
}

async fn list(context: &mut Context) -> Result<u8, Quit> {
    let bundles = context.host.read().bundles().await?;
    let locked = context.host.read().bundle_lock(context.workspace()).await?;
    if context.options.is_json {
        let value = json!({ "bundles": bundles, "locked": locked });
        context.printer.json(&value);
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for bundle in &bundles {
        for line in shown::installed(bundle, &theme) {
            context.printer.line(&line);
        }
    }
    if bundles.is_empty() {
        context.printer.note("no bundle is installed");
    }
    let missing: Vec<String> = locked
        .iter()
        .filter(|it| !it.is_installed)
        .map(|it| format!("{} {}", reveal(&it.name), reveal(&it.version)))
        .collect();
    if !missing.is_empty() {
        context.printer.note(&format!(
            "this project's lock file names what is not installed: {}; `aroom bundle install`",
            missing.join(", ")
        ));
    }
    Ok(exit::OK)
}

async fn inspect(context: &mut Context, source: &str) -> Result<u8, Quit> {
    if let Some(bundle) = named(context, source).await? {
        if context.options.is_json {
            context.printer.json(&json!(bundle));
            return Ok(exit::OK);
        }
        let theme = context.printer.out_theme();
        for line in shown::whole(&bundle, &theme) {
            context.printer.line(&line);
        }
        return Ok(exit::OK);
    }
    let wish = wish(place(context, source), &Consent::default());
    let report = context.host.read().inspect_bundle(wish).await?;
    show(context, &report);
    Ok(exit::OK)
}

fn show(context: &mut Context, report: &BundleReport) {
    if context.options.is_json {
        context.printer.json(&json!(report));
        return;
    }
    let theme = context.printer.out_theme();
    for line in shown::report(report, &theme) {
        context.printer.line(&line);
    }
}

/// Shows what would be installed, asks, and installs exactly that.
async fn take(context: &mut Context, wish: BundleWish, consent: &Consent) -> Result<u8, Quit> {
    let report = context.host.read().inspect_bundle(wish.clone()).await?;
    if report.step == BundleStep::Same {
        let words = format!("{} {} is installed", report.name, report.version);
        return Ok(done(context, &words));
    }
    if consent.digest.is_none() && !context.options.is_json {
        show(context, &report);
    }
    if let Some(refusal) = report.refusals.first() {
        return Err(refusal.clone().into());
    }
    let digest = match &consent.digest {
        Some(digest) => digest.clone(),
        None if consent.yes || confirmed(context, &report)? => report.digest,
        None => return Ok(exit::DENIED),
    };
    let told = context.settle(BundleOp::Install { wish, digest }).await?;
    let Event::Bundle(BundleEvent::Installed { bundle, .. }) = told.event else {
        return Ok(exit::OK);
    };
    if context.options.is_json {
        context.printer.json(&json!(bundle));
        return Ok(exit::OK);
    }
    let words = format!("{} {} is installed", bundle.name, bundle.version);
    Ok(done(context, &words))
}

fn confirmed(context: &mut Context, report: &BundleReport) -> Result<bool, Problem> {
    if !context.terminal.is_interactive() || context.options.is_json {
        return Err(Problem::new(
            ProblemCode::Denied,
            "what a bundle may do is agreed to by a person",
        )
        .hint("look at it with `aroom bundle inspect`, then add `--yes`, or `--digest` with what was shown"));
    }
    let question = match report.step {
        BundleStep::Install | BundleStep::Same => "Install it, with all of this?",
        BundleStep::Update | BundleStep::Replace => "Install it, with these differences?",
        BundleStep::Downgrade => "Go back, with these differences?",
    };
    let answer = Prompter::terminal().confirm(&mut context.printer, question, false);
    Ok(answer.unwrap_or(false))
}

/// Brings this checkout to what the lock file says.
async fn by_lock(context: &mut Context, consent: &Consent) -> Result<u8, Quit> {
    let project = context.workspace();
    let locked = context.host.read().bundle_lock(project.clone()).await?;
    if locked.is_empty() {
        return Err(Problem::new(
            ProblemCode::NotFound,
            "this project's lock file names no bundle",
        )
        .hint("name a bundle: `aroom bundle install SOURCE --lock`")
        .into());
    }
    let missing: Vec<&BundleLocked> = locked.iter().filter(|it| !it.is_installed).collect();
    if missing.is_empty() {
        return Ok(done(context, "everything the lock file names is installed"));
    }
    for bundle in missing {
        let source = BundleSource::Place {
            place: bundle.source.clone(),
        };
        let mut wish = wish(source, consent);
        wish.is_locked = true;
        wish.project = Some(project.clone());
        let code = take(context, wish, consent).await?;
        if code != exit::OK {
            return Ok(code);
        }
    }
    Ok(exit::OK)
}

async fn update(
    context: &mut Context,
    (name, from): (Option<&str>, Option<&str>),
    consent: &Consent,
) -> Result<u8, Quit> {
    let mut bundles = context.host.read().bundles().await?;
    if let Some(name) = name {
        bundles.retain(|bundle| bundle.name == name);
        if bundles.is_empty() {
            return Err(missing(name).into());
        }
    }
    for bundle in bundles {
        let source = match from {
            Some(from) => place(context, from),
            None => BundleSource::Again {
                name: bundle.name.clone(),
            },
        };
        let mut wish = wish(source, consent);
        // It was agreed once that nobody signs it, and it says so for ever.
        wish.may_be_unsigned |= bundle.fingerprint.is_none();
        wish.project = project(context, false).await?;
        let code = take(context, wish, consent).await?;
        if code != exit::OK {
            return Ok(code);
        }
    }
    Ok(exit::OK)
}

async fn remove(context: &mut Context, name: &str) -> Result<u8, Quit> {
    let remove = BundleOp::Remove {
        name: name.to_owned(),
        project: project(context, false).await?,
    };
    context.settle(remove).await?;
    let words = format!("`{}` was removed, and all it brought", reveal(name));
    Ok(done(context, &words))
}

async fn trust(context: &mut Context, name: &str, fingerprint: &str) -> Result<u8, Quit> {
    let trust = BundleOp::Trust {
        name: name.to_owned(),
        fingerprint: fingerprint.to_owned(),
    };
    context.settle(trust).await?;
    Ok(done(context, "the key is trusted for this bundle"))
}

async fn verify(context: &mut Context, source: &str) -> Result<u8, Quit> {
    if let Some(bundle) = named(context, source).await? {
        return match bundle.problem {
            Some(problem) => Err(problem.into()),
            None => {
                let words = format!("{} {} is as it was installed", bundle.name, bundle.version);
                Ok(done(context, &words))
            }
        };
    }
    let mut wish = wish(place(context, source), &Consent::default());
    wish.may_be_unsigned = true;
    wish.may_be_older = true;
    let report = context.host.read().inspect_bundle(wish).await?;
    if context.options.is_json {
        context.printer.json(&json!(report));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    let health = theme.health(Health::Ok);
    let files = words::plural(report.files.len(), "file", "files");
    context.printer.line(&format!(
        "{health} {} {}: {files} as packed, sha256 {}",
        reveal(&report.name),
        reveal(&report.version),
        report.hash
    ));
    for line in shown::signature(&report, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// An installed bundle, unless the word names something on the disk.
async fn named(context: &Context, word: &str) -> Result<Option<BundleView>, Problem> {
    if word.contains(['/', '.']) || context.workspace.join(word).exists() {
        return Ok(None);
    }
    let bundles = context.host.read().bundles().await?;
    match bundles.into_iter().find(|bundle| bundle.name == word) {
        Some(bundle) => Ok(Some(bundle)),
        None => Err(missing(word)),
    }
}

fn missing(name: &str) -> Problem {
    let words = format!("there is no bundle `{}`", reveal(name));
    Problem::new(ProblemCode::NotFound, words).hint("see `aroom bundle list`")
}

fn wish(source: BundleSource, consent: &Consent) -> BundleWish {
    BundleWish {
        source,
        may_be_unsigned: consent.unsigned,
        may_be_older: false,
        is_locked: false,
        project: None,
        is_public: false,
    }
}

fn place(context: &Context, source: &str) -> BundleSource {
    let place = match source.contains("://") {
        true => source.to_owned(),
        false => context.workspace.join(source).display().to_string(),
    };
    BundleSource::Place { place }
}

/// This project, if its lock file is to follow.
async fn project(context: &Context, is_wished: bool) -> Result<Option<String>, Problem> {
    let project = context.workspace();
    let locked = context.host.read().bundle_lock(project.clone()).await?;
    Ok((is_wished || !locked.is_empty()).then_some(project))
}

fn done(context: &mut Context, words: &str) -> u8 {
    if !context.options.is_json {
        context.printer.line(words);
    }
    exit::OK
}

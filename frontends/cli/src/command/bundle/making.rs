//! `aroom bundle new`, `check`, `pack`, `sign`: for whoever makes one.

use super::{BundleCommand, done, shown};
use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use anteroom_api::{BundleEvent, BundleOp, BundleSource, BundleWish, Event, Health};
use serde_json::json;
use std::path::Path;

pub(super) async fn run(context: &mut Context, command: &BundleCommand) -> Result<u8, Quit> {
    match command {
        BundleCommand::New { name, folder } => {
            let folder = folder.as_deref().unwrap_or(Path::new(name));
            let new = BundleOp::New {
                name: name.clone(),
                folder: absolute(context, folder),
            };
            make(context, new, "made").await
        }
        BundleCommand::Pack { folder, file, sign } => {
            let folder = absolute(context, folder.as_deref().unwrap_or(Path::new(".")));
            let file = match file {
                Some(file) => absolute(context, file),
                None => {
                    let name = file_name(context, &folder).await?;
                    absolute(context, Path::new(&name))
                }
            };
            let pack = BundleOp::Pack {
                folder,
                file,
                is_signed: *sign,
            };
            make(context, pack, "packed").await
        }
        BundleCommand::Sign { bundle: path } => {
            let sign = BundleOp::Sign {
                path: absolute(context, path),
            };
            make(context, sign, "signed").await
        }
        BundleCommand::Check { folder } => {
            let folder = absolute(context, folder.as_deref().unwrap_or(Path::new(".")));
            check(context, folder).await
        }
        // Everything else is none of making.
        _ => Ok(exit::OK),
    }
}

async fn make(context: &mut Context, op: BundleOp, what: &str) -> Result<u8, Quit> {
    let told = context.settle(op).await?;
    let Event::Bundle(BundleEvent::Made {
        path,
        hash,
        fingerprint,
    }) = told.event
    else {
        return Ok(exit::OK);
    };
    if context.options.is_json {
        let value = json!({ "path": path, "hash": hash, "fingerprint": fingerprint });
        context.printer.json(&value);
        return Ok(exit::OK);
    }
    done(context, &format!("{what}: {}", reveal(&path)));
    if let Some(hash) = hash {
        done(context, &format!("  sha256 {hash}"));
    }
    if let Some(fingerprint) = fingerprint {
        done(
            context,
            &format!("  key    {}", shown::grouped(&fingerprint)),
        );
    }
    Ok(exit::OK)
}

async fn check(context: &mut Context, folder: String) -> Result<u8, Quit> {
    let findings = context.host.read().check_bundle(folder).await?;
    let is_failed = findings.iter().any(|it| it.health == Health::Failed);
    let code = if is_failed { exit::FAILED } else { exit::OK };
    if context.options.is_json {
        context.printer.json(&json!(findings));
        return Ok(code);
    }
    let theme = context.printer.out_theme();
    for finding in &findings {
        let health = theme.health(finding.health);
        let words = format!("{health} {}: {}", finding.subject, reveal(&finding.text));
        context.printer.line(&words);
        if let Some(hint) = &finding.hint {
            context.printer.line(&format!("    hint: {}", reveal(hint)));
        }
    }
    Ok(code)
}

/// The usual name of a bundle's file.
async fn file_name(context: &Context, folder: &str) -> Result<String, Quit> {
    let wish = BundleWish {
        source: BundleSource::Place {
            place: folder.to_owned(),
        },
        may_be_unsigned: true,
        may_be_older: true,
        is_locked: false,
        project: None,
        is_public: false,
    };
    let report = context.host.read().inspect_bundle(wish).await?;
    Ok(format!("{}-{}.abundle", report.name, report.version))
}

fn absolute(context: &Context, path: &Path) -> String {
    let joined = context.workspace.join(path);
    let plain: std::path::PathBuf = joined.components().collect();
    plain.display().to_string()
}

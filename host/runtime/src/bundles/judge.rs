//! What a bundle would be able to do, compared with what is there, and whether it may be installed: looked at
//! without running, unpacking or keeping anything of it.

use super::archive::{self, Archive};
use super::lockfile::Locked;
use super::manifest::{self, Contents};
use super::powers;
use super::source::{Found, no_bundle_in};
use super::state::{State, newer};
use crate::config;
use crate::hex::hex;
use anteroom_api::{
    BundleFile, BundlePower, BundleReport, BundleSignature, BundleStep, BundleTrust, BundleWish,
    Problem, ProblemCode,
};
use sha2::{Digest, Sha256};

/// A bundle that was looked through.
pub(crate) struct Judged {
    pub(crate) archive: Archive,
    pub(crate) contents: Contents,
    pub(crate) bytes: Vec<u8>,
    pub(crate) place: String,
    pub(crate) report: BundleReport,
}

/// What a bundle is compared with.
pub(crate) struct Against<'a> {
    pub(crate) state: &'a State,
    /// What the installed version of this name can do.
    pub(crate) before: &'a dyn Fn(&str) -> Vec<BundlePower>,
    /// Whether the installed version of this name is as it was installed.
    pub(crate) is_sound: &'a dyn Fn(&str) -> bool,
    /// What the project's lock file names.
    pub(crate) locked: &'a [Locked],
}

/// Checks all bytes, then understands them.
///
/// # Errors
/// It is no bundle, is damaged, or is signed wrongly.
pub(crate) fn understood(place: &str, bytes: &[u8]) -> Result<(Archive, Contents), Problem> {
    let archive = archive::open(bytes).map_err(|why| no_bundle_in(place, why))?;
    let contents = manifest::read(&archive).map_err(|why| no_bundle_in(place, why))?;
    if let Some(text) = &contents.settings {
        config::written(text).map_err(|why| {
            no_bundle_in(
                place,
                format!("`{}` cannot be used: {why}", manifest::SETTINGS),
            )
        })?;
    }
    Ok((archive, contents))
}

/// Looks a bundle through.
///
/// # Errors
/// As [`understood`].
pub(crate) fn judge(
    found: Found,
    wish: &BundleWish,
    against: &Against<'_>,
) -> Result<Judged, Problem> {
    let (archive, contents) = understood(&found.place, &found.bytes)?;
    let name = &archive.name;
    let record = against.state.installed.get(name);
    let signature = signature(against.state, &archive);
    let step = match record {
        None => match reached(against.state, &archive) {
            Some(highest) if newer(highest, &archive.version) => BundleStep::Downgrade,
            _ => BundleStep::Install,
        },
        Some(record) if record.edition.hash == archive.hash => match (against.is_sound)(name) {
            true => BundleStep::Same,
            false => BundleStep::Replace,
        },
        Some(record) => {
            let reached = reached(against.state, &archive).unwrap_or(&record.edition.version);
            if newer(&record.edition.version, &archive.version) || newer(reached, &archive.version)
            {
                BundleStep::Downgrade
            } else if newer(&archive.version, &record.edition.version) {
                BundleStep::Update
            } else {
                BundleStep::Replace
            }
        }
    };
    let powers = powers::of(&contents);
    let before = match record {
        Some(_) => (against.before)(name),
        None => Vec::new(),
    };
    let mut report = BundleReport {
        source: found.place.clone(),
        name: name.clone(),
        version: archive.version.clone(),
        author: contents.manifest.author.clone(),
        licence: contents.manifest.licence.clone(),
        description: contents.manifest.description.clone(),
        hash: archive.hash.clone(),
        size_bytes: archive.size,
        files: files(&archive),
        changes: powers::changes(&before, &powers),
        powers,
        step,
        installed: record.map(|record| record.edition.version.clone()),
        notes: notes(&found, &archive, &contents, step),
        refusals: Vec::new(),
        signature,
        digest: String::new(),
    };
    report.refusals = refusals(&report, wish, against);
    report.digest = digest(&report)?;
    Ok(Judged {
        archive,
        contents,
        bytes: found.bytes,
        place: found.place,
        report,
    })
}

/// The highest version that the bundle's key has brought here.
fn reached<'a>(state: &'a State, archive: &Archive) -> Option<&'a str> {
    state.highest(&archive.name, archive.fingerprint.as_deref()?)
}

fn signature(state: &State, archive: &Archive) -> BundleSignature {
    let Some(fingerprint) = archive.fingerprint.clone() else {
        return BundleSignature::Unsigned;
    };
    let trust = match state.pins.get(&archive.name) {
        _ if state.distrusted.contains(&fingerprint) => BundleTrust::Distrusted,
        None => BundleTrust::New,
        Some(pinned) if *pinned == fingerprint => BundleTrust::Known,
        Some(pinned) => BundleTrust::Changed {
            pinned: pinned.clone(),
        },
    };
    BundleSignature::Signed { fingerprint, trust }
}

fn files(archive: &Archive) -> Vec<BundleFile> {
    let files = archive.files.iter();
    files
        .map(|(entry, _)| BundleFile {
            path: entry.path.clone(),
            size: entry.size,
            sha256: entry.sha256.clone(),
        })
        .collect()
}

fn notes(found: &Found, archive: &Archive, contents: &Contents, step: BundleStep) -> Vec<String> {
    let mut notes = found.notes.clone();
    if archive.fingerprint.is_none() {
        notes.push(
            "nobody signed it: nothing says who made it, or that the next version is by the same people"
                .to_owned(),
        );
    }
    if step == BundleStep::Replace {
        notes.push("the version is installed already, with another content or damaged".to_owned());
    }
    if !contents.servers.is_empty() {
        notes.push(
            "each command of an MCP server is shown and asked about again before it first starts"
                .to_owned(),
        );
    }
    notes
}

fn refusals(report: &BundleReport, wish: &BundleWish, against: &Against<'_>) -> Vec<Problem> {
    let mut refusals = Vec::new();
    refusals.extend(of_signature(report, wish, against.state));
    if report.step == BundleStep::Downgrade && !wish.may_be_older {
        let there = report
            .installed
            .clone()
            .or_else(|| match &report.signature {
                BundleSignature::Signed { fingerprint, .. } => against
                    .state
                    .highest(&report.name, fingerprint)
                    .map(str::to_owned),
                BundleSignature::Unsigned => None,
            });
        let words = format!(
            "{} is older than what there was of `{}` ({})",
            report.version,
            report.name,
            there.unwrap_or_default()
        );
        refusals.push(Problem::new(ProblemCode::Denied, words).hint(format!(
            "to go back, say so: `aroom bundle rollback {} --from {}`",
            report.name, report.source
        )));
    }
    if wish.is_locked {
        let locked = against.locked.iter().find(|it| it.name == report.name);
        match locked {
            Some(locked) if locked.hash == report.hash => {}
            Some(locked) => refusals.push(
                Problem::new(
                    ProblemCode::Conflict,
                    format!("`{}` is not what the lock file names", report.name),
                )
                .cause(format!("locked is {} as {}", locked.version, locked.hash))
                .cause(format!("found was {} as {}", report.version, report.hash))
                .hint("get the locked version, or update the lock file with `aroom bundle update`"),
            ),
            None => refusals.push(Problem::new(
                ProblemCode::Conflict,
                format!("the lock file does not name `{}`", report.name),
            )),
        }
    }
    refusals
}

fn of_signature(report: &BundleReport, wish: &BundleWish, state: &State) -> Option<Problem> {
    let denied = |words: String| Problem::new(ProblemCode::Denied, words);
    let name = &report.name;
    match &report.signature {
        BundleSignature::Unsigned => match state.pins.get(name) {
            Some(pinned) => Some(
                denied(format!("`{name}` is not signed, and was signed before"))
                    .cause(format!("by the key {pinned}"))
                    .hint("ask its author; what is unsigned needs another name"),
            ),
            None if !wish.may_be_unsigned => Some(
                denied(format!("`{name}` is not signed"))
                    .hint("if you know where it comes from, add `--unsigned`; it will say so for ever"),
            ),
            None => None,
        },
        BundleSignature::Signed { fingerprint, trust } => match trust {
            BundleTrust::New | BundleTrust::Known => None,
            BundleTrust::Changed { pinned } => Some(
                denied(format!("`{name}` is signed by another key than before"))
                    .cause(format!("before: {pinned}"))
                    .cause(format!("now: {fingerprint}"))
                    .hint(format!(
                        "ask its author; if the new key is right, `aroom bundle trust {name} {fingerprint}`"
                    )),
            ),
            BundleTrust::Distrusted => Some(
                denied(format!("`{name}` is signed by a key that you do not trust any more"))
                    .cause(fingerprint)
                    .hint(format!(
                        "if it is to be trusted again, `aroom bundle trust {name} {fingerprint}`"
                    )),
            ),
        },
    }
}

/// Over everything that is shown.
fn digest(report: &BundleReport) -> Result<String, Problem> {
    let shown = serde_json::to_vec(report).map_err(|error| {
        Problem::new(ProblemCode::Internal, "the bundle cannot be shown").cause(error)
    })?;
    Ok(hex(&Sha256::digest(shown)))
}

//! For whoever makes a bundle: a new folder, a look at it, one file of it, a signature.

use super::archive::{self, Seal, Unsealed};
use super::folder::{self, SIGNATURE};
use super::judge::{Against, Judged, judge};
use super::manifest;
use super::source::{self, blocking, invalid, no_bundle_in};
use super::state::{State, unwritable};
use super::store;
use super::trial::{components, differences};
use crate::engine::Engine;
use crate::host::Port;
use anteroom_api::{
    BundleEvent, BundlePowerKind, BundleSource, BundleWish, Event, Finding, Health, OpId, Problem,
    ProblemCode, Topic,
};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes the folder of a new bundle.
pub(crate) async fn new(
    port: &Port,
    id: OpId,
    (name, folder): (String, String),
) -> Result<(), Problem> {
    manifest::check_name(&name).map_err(invalid)?;
    let path = absolute(&folder)?;
    let author = port.engine.audit.identity()?.display_name;
    let author: String = anteroom_gate::visible(&author)
        .chars()
        .filter(|it| !"\\\"".contains(*it))
        .collect();
    blocking(move || {
        if fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Problem::new(
                ProblemCode::Conflict,
                format!("`{}` is not empty", path.display()),
            )
            .hint("name a folder that is not there yet"));
        }
        let skill = path.join(manifest::SKILLS).join("hello");
        let write = || -> io::Result<()> {
            fs::create_dir_all(&skill)?;
            fs::write(path.join(manifest::FILE), first_manifest(&name, &author))?;
            fs::write(path.join(manifest::INSTRUCTIONS), FIRST_INSTRUCTIONS)?;
            fs::write(skill.join("SKILL.md"), FIRST_SKILL)
        };
        write().map_err(|error| unwritable(&path, &error))
    })
    .await?;
    made(port, id, (folder, None, None)).await
}

fn first_manifest(name: &str, author: &str) -> String {
    let own = env!("CARGO_PKG_VERSION");
    format!(
        "name: {name}\nversion: 0.1.0\nauthor: \"{author}\"\nlicence: Apache-2.0\ndescription: What it is for, in one line\nminimum_anteroom: {own}\n\
         # What it holds: instructions, skills, tools, mcp, settings, agents, workflows.\nholds: [instructions, skills]\n"
    )
}

const FIRST_INSTRUCTIONS: &str =
    "Say here what the model is to keep to in every conversation, in a few short sentences.\n";
const FIRST_SKILL: &str = "---\nname: hello\ndescription: Greets somebody; replace it with something useful\n---\n\nGreet whoever is named, in one friendly sentence.\n";

/// What is wrong with a folder, and what is right.
pub(crate) async fn check(port: &Port, folder: String) -> Result<Vec<Finding>, Problem> {
    let path = absolute(&folder)?;
    let judged = match blocking(move || source::on_disk(&path)).await {
        Ok(found) => {
            let notes = found.notes.clone();
            match looked(found).await {
                Ok(judged) => (judged, notes),
                Err(problem) => return Ok(vec![failed("bundle", &problem)]),
            }
        }
        Err(problem) => return Ok(vec![failed("bundle", &problem)]),
    };
    let (judged, notes) = judged;
    let mut findings = vec![finding(
        "bundle",
        Health::Ok,
        format!(
            "{} {}, {} files, {} bytes",
            judged.archive.name,
            judged.archive.version,
            judged.archive.files.len(),
            judged.archive.size
        ),
    )];
    findings.extend(
        notes
            .into_iter()
            .map(|note| finding("files", Health::Ok, note)),
    );
    findings.extend(toolsets(&port.engine, &judged).await);
    for power in &judged.report.powers {
        if power.kind == BundlePowerKind::Unused {
            findings.push(finding(
                "unused",
                Health::Warning,
                format!("`{}`: {}", power.name, power.text),
            ));
        }
    }
    findings.push(match &judged.archive.fingerprint {
        Some(fingerprint) => finding("signature", Health::Ok, format!("by the key {fingerprint}")),
        None => Finding {
            hint: Some("sign it with `aroom bundle sign`, or pack it signed".to_owned()),
            ..finding("signature", Health::Warning, "nobody signed it".to_owned())
        },
    });
    Ok(findings)
}

async fn toolsets(engine: &Engine, judged: &Judged) -> Vec<Finding> {
    let components = components(judged);
    if components.is_empty() {
        return Vec::new();
    }
    // An installed version of it is what it would take the place of.
    let installed = engine.bundles.tools_of(&judged.archive.name);
    match engine
        .registry
        .try_out(components, installed.as_deref())
        .await
    {
        Err(problem) => vec![failed("tools", &problem)],
        Ok(views) => {
            let wrong = differences(&judged.contents, &views);
            let mut findings: Vec<Finding> = wrong
                .into_iter()
                .map(|line| Finding {
                    hint: Some(
                        "write into `bundle.yaml` what the toolset says of itself".to_owned(),
                    ),
                    ..finding("tools", Health::Failed, line)
                })
                .collect();
            if findings.is_empty() {
                let count: usize = views.iter().map(|view| view.tools.len()).sum();
                findings.push(finding(
                    "tools",
                    Health::Ok,
                    format!("{count} tools, as it says"),
                ));
            }
            findings
        }
    }
}

/// Makes one file of a folder.
pub(crate) async fn pack(
    port: &Port,
    id: OpId,
    (folder, file, is_signed): (String, String, bool),
) -> Result<(), Problem> {
    let path = absolute(&folder)?;
    let target = absolute(&file)?;
    let found = blocking(move || source::on_disk(&path)).await?;
    let judged = looked(found).await?;
    if let Some(wrong) = toolsets(&port.engine, &judged)
        .await
        .into_iter()
        .find(|finding| finding.health == Health::Failed)
    {
        return Err(no_bundle_in(&folder, wrong.text).hint("see `aroom bundle check`"));
    }
    let bytes = match is_signed {
        true => {
            let unsealed = judged
                .archive
                .unsealed()
                .map_err(|why| no_bundle_in(&folder, why))?;
            unsealed.bytes(Some(&seal(&port.engine, &unsealed)))
        }
        false => judged.bytes,
    };
    let (name, written) = (judged.archive.name.clone(), bytes.clone());
    let to = target.clone();
    blocking(move || put(&to, &written, &name)).await?;
    told(port, id, (file, &bytes)).await
}

/// Signs a file or a folder.
pub(crate) async fn sign(port: &Port, id: OpId, path: String) -> Result<(), Problem> {
    let place = absolute(&path)?;
    let is_folder = place.is_dir();
    let looked_at = place.clone();
    let unsealed = blocking(move || match is_folder {
        // The signature it has may be that of an older state.
        true => {
            let gathered = folder::gather(&looked_at);
            let gathered =
                gathered.map_err(|why| no_bundle_in(&looked_at.display().to_string(), why))?;
            Ok(gathered.unsealed)
        }
        false => {
            let found = source::on_disk(&looked_at)?;
            let archive =
                archive::open(&found.bytes).map_err(|why| no_bundle_in(&found.place, why))?;
            archive
                .unsealed()
                .map_err(|why| no_bundle_in(&found.place, why))
        }
    })
    .await?;
    let seal = seal(&port.engine, &unsealed);
    let bytes = unsealed.bytes(Some(&seal));
    let opened = archive::open(&bytes).map_err(|why| no_bundle_in(&path, why))?;
    let (target, content) = match is_folder {
        true => (place.join(SIGNATURE), folder::written(&seal).into_bytes()),
        false => (place, bytes.clone()),
    };
    let name = opened.name;
    blocking(move || match is_folder {
        true => write(&target, &content).map_err(|error| unwritable(&target, &error)),
        false => put(&target, &content, &name),
    })
    .await?;
    told(port, id, (path, &bytes)).await
}

fn seal(engine: &Engine, unsealed: &Unsealed) -> Seal {
    let signer = engine.audit.signer();
    let key = signer.key_bytes();
    Seal {
        key,
        signature: signer.sign(&unsealed.message(&key)),
    }
}

/// A bundle as it is by itself, compared with nothing.
async fn looked(found: source::Found) -> Result<Judged, Problem> {
    blocking(move || {
        let wish = BundleWish {
            source: BundleSource::Place {
                place: found.place.clone(),
            },
            may_be_unsigned: true,
            may_be_older: false,
            is_locked: false,
            project: None,
            is_public: false,
        };
        let against = Against {
            state: &State::default(),
            before: &|_| Vec::new(),
            is_sound: &|_| true,
            locked: &[],
        };
        judge(found, &wish, &against)
    })
    .await
}

/// Writes a bundle; what is there is replaced only if it is a bundle of the same name.
fn put(target: &Path, bytes: &[u8], name: &str) -> Result<(), Problem> {
    if fs::symlink_metadata(target).is_ok() {
        let there = store::read(target, archive::BUNDLE_MAX).map_err(|error| error.to_string());
        let there = there.and_then(|bytes| archive::open(&bytes));
        if !there.is_ok_and(|archive| archive.name == name) {
            return Err(Problem::new(
                ProblemCode::Conflict,
                format!(
                    "`{}` is there, and is no bundle of this name",
                    target.display()
                ),
            )
            .hint("name another file"));
        }
    }
    write(target, bytes).map_err(|error| unwritable(target, &error))
}

/// Beside its place first, then into it.
fn write(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = target.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let moved = written.and_then(|()| fs::rename(&beside, target));
    if moved.is_err() {
        // The outcome is what the caller needs.
        drop(fs::remove_file(&beside));
    }
    moved
}

async fn told(port: &Port, id: OpId, (path, bytes): (String, &[u8])) -> Result<(), Problem> {
    let opened = archive::open(bytes).map_err(|why| no_bundle_in(&path, why))?;
    made(port, id, (path, Some(opened.hash), opened.fingerprint)).await
}

async fn made(
    port: &Port,
    id: OpId,
    (path, hash, fingerprint): (String, Option<String>, Option<String>),
) -> Result<(), Problem> {
    let event = BundleEvent::Made {
        path,
        hash,
        fingerprint,
    };
    port.tell(Topic::Host, id, Event::Bundle(event)).await
}

fn absolute(path: &str) -> Result<PathBuf, Problem> {
    let found = Path::new(path);
    match found.is_absolute() {
        true => Ok(found.to_owned()),
        false => Err(invalid(format!(
            "`{}` is not an absolute path",
            anteroom_gate::visible(path)
        ))),
    }
}

fn failed(subject: &str, problem: &Problem) -> Finding {
    Finding {
        hint: problem.hint.clone(),
        ..finding(subject, Health::Failed, problem.to_string())
    }
}

fn finding(subject: &str, health: Health, text: String) -> Finding {
    Finding {
        subject: subject.to_owned(),
        health,
        text,
        hint: None,
    }
}

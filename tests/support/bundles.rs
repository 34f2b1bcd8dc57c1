//! Bundles for tests: folders that are written, packed and signed by a real host, and wishes about them.

use super::scene::Scene;
use anteroom_api::{
    BundleEvent, BundleOp, BundleReport, BundleSource, BundleView, BundleWish, Event, Problem, Seq,
    Signal, Topic,
};
use std::path::{Path, PathBuf};

/// What `bundle.yaml` begins with.
pub fn manifest(version: &str, more: &str) -> String {
    format!(
        "name: team\nversion: {version}\nauthor: The team\nlicence: MIT\nminimum_anteroom: 0.1.0\n{more}"
    )
}

/// Writes a bundle's folder.
pub fn folder(scene: &Scene, name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = scene.folder.path().canonicalize().unwrap().join(name);
    for (path, content) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

/// A folder with instructions, of this version.
pub fn simple(scene: &Scene, version: &str) -> PathBuf {
    let manifest = manifest(version, "holds: [instructions]\n");
    let words = format!("Keep to the rules of version {version}.\n");
    let files = [
        ("bundle.yaml", manifest.as_bytes()),
        ("instructions.md", words.as_bytes()),
    ];
    folder(scene, &format!("team-{version}"), &files)
}

/// A wish for what lies at a place.
pub fn at(place: &Path) -> BundleWish {
    wish(BundleSource::Place {
        place: place.display().to_string(),
    })
}

pub fn wish(source: BundleSource) -> BundleWish {
    BundleWish {
        source,
        may_be_unsigned: false,
        may_be_older: false,
        is_locked: false,
        project: None,
        is_public: false,
    }
}

pub async fn submit(scene: &Scene, op: BundleOp) -> Result<BundleEvent, Problem> {
    let seq = scene.handle().read().host_seq().await.unwrap();
    let mut signals = scene.handle().follow(Topic::Host, Some(seq));
    let id = scene.handle().submit(op).await.map_err(|it| it.0)?;
    // What a wish is answered with is stored before it is taken.
    loop {
        let next = tokio::time::timeout(super::scene::PATIENCE, signals.next()).await;
        let signal = next.expect("nothing was told").expect("the host has ended");
        if let Signal::Event { envelope } = signal
            && envelope.cause == Some(id)
            && let Event::Bundle(event) = envelope.event
        {
            return Ok(event);
        }
    }
}

/// Packs a folder, signed by the scene's identity.
pub async fn packed(scene: &Scene, folder: &Path) -> PathBuf {
    let file = folder.with_extension("abundle");
    let pack = BundleOp::Pack {
        folder: folder.display().to_string(),
        file: file.display().to_string(),
        is_signed: true,
    };
    submit(scene, pack).await.unwrap();
    file
}

pub async fn inspect(scene: &Scene, wish: &BundleWish) -> Result<BundleReport, Problem> {
    scene.handle().read().inspect_bundle(wish.clone()).await
}

/// Looks at it, and installs what was shown.
pub async fn install(scene: &Scene, wish: &BundleWish) -> Result<BundleView, Problem> {
    let report = inspect(scene, wish).await?;
    let op = BundleOp::Install {
        wish: wish.clone(),
        digest: report.digest,
    };
    match submit(scene, op).await? {
        BundleEvent::Installed { bundle, .. } => Ok(*bundle),
        other => panic!("{other:?}"),
    }
}

pub async fn installed(scene: &Scene) -> Vec<BundleView> {
    scene.handle().read().bundles().await.unwrap()
}

/// Everything that was ever told of bundles.
pub async fn all_told(scene: &Scene) -> Vec<BundleEvent> {
    let mut signals = scene.handle().follow(Topic::Host, Some(Seq(0)));
    let last = scene.handle().read().host_seq().await.unwrap();
    let (mut told, mut seen) = (Vec::new(), Seq(0));
    while seen < last {
        let next = tokio::time::timeout(super::scene::PATIENCE, signals.next()).await;
        if let Some(Signal::Event { envelope }) = next.unwrap() {
            seen = envelope.seq;
            if let Event::Bundle(event) = envelope.event {
                told.push(event);
            }
        }
    }
    told
}

//! Repositories of strangers: fetched as files, and only so much of them for so long.

use crate::git::commit_all;
use crate::support::Bench;
use anteroom_tools::{CheckoutBounds, DownloadReach};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const AMPLE: CheckoutBounds = CheckoutBounds {
    bytes: 64 << 20,
    time: Duration::from_secs(60),
    reach: DownloadReach::Named,
};

/// A repository with one file of this size.
fn repository(bench: &Bench, bytes: usize) -> PathBuf {
    let repository = bench.folder().join("repository");
    fs::create_dir(&repository).unwrap();
    fs::write(repository.join("file"), vec![b'a'; bytes]).unwrap();
    commit_all(&repository);
    repository.canonicalize().unwrap()
}

async fn fetched(
    bench: &Bench,
    repository: &Path,
    bounds: CheckoutBounds,
) -> Result<PathBuf, String> {
    let folder = bench.folder().join("fetched");
    let address = format!("file://{}", repository.display());
    let got = bench
        .registry
        .checkout(&address, None, &folder, bounds)
        .await;
    if got.is_err() {
        // Nobody writes there any more, so it can be removed, and stays so.
        fs::remove_dir_all(&folder).unwrap();
    }
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_takes_no_more_room_and_time_than_it_may() {
    let bench = Bench::empty();
    let repository = repository(&bench, 3 << 20);
    let small = CheckoutBounds {
        bytes: 1 << 20,
        ..AMPLE
    };
    let refused = fetched(&bench, &repository, small).await.unwrap_err();
    assert!(refused.contains("larger than 1 MB"), "{refused}");
    let short = CheckoutBounds {
        time: Duration::ZERO,
        ..AMPLE
    };
    let refused = fetched(&bench, &repository, short).await.unwrap_err();
    assert!(refused.contains("took longer than"), "{refused}");
    let tree = fetched(&bench, &repository, AMPLE).await.unwrap();
    assert_eq!(fs::read(tree.join("file")).unwrap().len(), 3 << 20);
}

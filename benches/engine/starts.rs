//! How long it takes until something runs: the program, a headless turn, the host in process.

use crate::endpoint::{Endpoint, Reply};
use crate::report::{Report, Samples};
use crate::world::{World, load_tools};
use anyhow::ensure;
use std::process::{Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aroom");

/// The program with nothing of this machine's user in it.
pub(crate) fn program(world: &World, base_url: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .envs(world.environment())
        .env("AI_CHAT_BASE_URL", base_url)
        .env("AI_CHAT_MODEL", "scripted")
        .current_dir(world.workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

pub(crate) async fn version(report: &mut Report) -> anyhow::Result<()> {
    let world = World::new()?;
    let (mut aroom, mut nothing) = (Samples::default(), Samples::default());
    for _ in 0..50 {
        let since = Instant::now();
        let status = program(&world, "").arg("--version").status()?;
        aroom.add(since.elapsed());
        ensure!(status.success(), "`aroom --version` failed");
        let since = Instant::now();
        Command::new("/bin/true").status()?;
        nothing.add(since.elapsed());
    }
    report.times("`aroom --version`, whole process", &aroom);
    report.times("`/bin/true`, for comparison", &nothing);
    Ok(())
}

pub(crate) async fn exec(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Endpoint::start().await;
    endpoint.choose(|_| Some(Reply::text("Fine.")));
    let world = World::new()?;
    let (mut asked, mut whole) = (Samples::default(), Samples::default());
    for run in 0..31 {
        let since = Instant::now();
        let mut child = program(&world, &endpoint.base_url())
            .args(["exec", "Say something."])
            .spawn()?;
        endpoint.chat(run).await;
        let first = since.elapsed();
        let status = tokio::task::spawn_blocking(move || child.wait()).await??;
        ensure!(status.success(), "`aroom exec` failed: {status}");
        // The first run makes the home.
        if run > 0 {
            asked.add(first);
            whole.add(since.elapsed());
        }
    }
    report.times("`aroom exec`: start to the request at the endpoint", &asked);
    report.times("`aroom exec`: start to exit", &whole);
    Ok(())
}

pub(crate) async fn host(report: &mut Report) -> anyhow::Result<()> {
    let (mut started, mut loaded, mut stopped) =
        (Samples::default(), Samples::default(), Samples::default());
    let world = World::new()?;
    for run in 0..21 {
        let since = Instant::now();
        let host = world.host("http://127.0.0.1:9/v1").await?;
        let start = since.elapsed();
        load_tools(&world, &host).await?;
        let load = since.elapsed();
        let since = Instant::now();
        host.stop().await;
        if run > 0 {
            started.add(start);
            loaded.add(load);
            stopped.add(since.elapsed());
        }
    }
    report.times("host in process, warm caches: started", &started);
    report.times("… and all tools loaded", &loaded);
    report.times("… stopped", &stopped);
    let (mut started, mut loaded) = (Samples::default(), Samples::default());
    for _ in 0..5 {
        let cache = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let world = World::with_cache(cache.path().join("cache"))?;
        let since = Instant::now();
        let host = world.host("http://127.0.0.1:9/v1").await?;
        started.add(since.elapsed());
        load_tools(&world, &host).await?;
        loaded.add(since.elapsed());
        host.stop().await;
    }
    report.times(
        "first start ever, new home and empty cache: started",
        &started,
    );
    report.times("… and all tools compiled and loaded", &loaded);
    Ok(())
}

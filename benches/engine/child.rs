//! This program as a process of its own, where nothing else takes memory.

use crate::many;
use crate::memory::resident;
use crate::world::{World, load_tools};
use anyhow::{Context, bail, ensure};
use std::time::Duration;

/// Starts this program again and gives back what it prints.
pub(crate) async fn start(words: &[&str]) -> anyhow::Result<String> {
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    let output = command.arg("--child").args(words).output().await?;
    ensure!(
        output.status.success(),
        "the child `{}` failed: {}",
        words.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

pub(crate) async fn run(words: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["idle"] => {
            let world = World::new()?;
            let host = world.host("http://127.0.0.1:9/v1").await?;
            load_tools(&world, &host).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            println!("{}", resident(std::process::id())?);
            host.stop().await;
            Ok(())
        }
        ["attend", folder, base_url] => crate::kill::child(folder, base_url).await,
        ["many", who, count, base_url] => {
            let count = count.parse().context("a count")?;
            let seen = many::run(who, count, base_url).await?;
            println!("{seen}");
            Ok(())
        }
        other => bail!("no child is called {other:?}"),
    }
}

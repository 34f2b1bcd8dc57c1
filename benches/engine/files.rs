//! The file tools in their sandbox, against the same code natively and against ripgrep on one thread.

use crate::report::{Report, Samples};
use crate::tools::{self, Tools};
use crate::tree::{GLOB, PATTERN, Tree};
use crate::world::World;
use anteroom_sdk::Tool;
use anteroom_tool_files::{GlobFiles, Grep, ReadFile};
use anyhow::ensure;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) async fn read_file(report: &mut Report) -> anyhow::Result<()> {
    let world = World::new()?;
    let line =
        "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 012345\n";
    std::fs::write(world.workspace().join("a.txt"), line.repeat(1_220))?;
    let tools = Tools::new(&world.workspace(), &world.path().join("temp"))?;
    let arguments = json!({ "path": "a.txt" });
    let (mut sandboxed, mut natively) = (Samples::default(), Samples::default());
    for round in 0..520 {
        let (took, outcome) = tools.call("read_file", &arguments).await?;
        ensure!(!outcome.result.is_error, "{}", tools::text(&outcome));
        let native = native::<ReadFile>(&world.workspace(), &arguments)?;
        if round >= 20 {
            sandboxed.add(took);
            natively.add(native);
        }
    }
    report.times("`read_file` of 100 KB", &sandboxed);
    report.times("the same code natively", &natively);
    Ok(())
}

pub(crate) async fn grep(report: &mut Report, tree: &Tree) -> anyhow::Result<()> {
    let case = Case {
        what: format!("`grep` over {} files", tree.files),
        tool: "grep",
        arguments: json!({ "pattern": PATTERN }),
        flags: &["--hidden", "--no-require-git", "--line-number", PATTERN],
    };
    case.measure::<Grep>(report, tree).await?;
    let case = Case {
        what: format!("`grep` over {} files, counts", tree.files),
        arguments: json!({ "pattern": PATTERN, "mode": "count" }),
        flags: &["--hidden", "--no-require-git", "--count", PATTERN],
        ..case
    };
    case.measure::<Grep>(report, tree).await
}

pub(crate) async fn glob(report: &mut Report, tree: &Tree) -> anyhow::Result<()> {
    let case = Case {
        what: format!("`glob_files` over {} files", tree.files),
        tool: "glob_files",
        arguments: json!({ "pattern": GLOB }),
        flags: &["--files", "--hidden", "--no-require-git", "--glob", GLOB],
    };
    case.measure::<GlobFiles>(report, tree).await
}

struct Case {
    what: String,
    tool: &'static str,
    arguments: Value,
    /// The same question to ripgrep.
    flags: &'static [&'static str],
}

impl Case {
    async fn measure<T: Tool>(&self, report: &mut Report, tree: &Tree) -> anyhow::Result<()> {
        let folder = tree.folder()?;
        let world = World::new()?;
        let tools = Tools::new(&folder, &world.path().join("temp"))?;
        let (mut sandboxed, mut natively, mut ripgrep) =
            (Samples::default(), Samples::default(), Samples::default());
        for round in 0..=tree.rounds {
            let (took, outcome) = tools.call(self.tool, &self.arguments).await?;
            let said = tools::text(&outcome);
            ensure!(!outcome.result.is_error, "{said}");
            let native = native::<T>(&folder, &self.arguments)?;
            let rg = self.ripgrep(&folder)?;
            if round == 0 {
                let last = said.lines().last().unwrap_or_default();
                report.value(format!("{}: last line", self.what), last.replace('|', "/"));
                continue;
            }
            sandboxed.add(took);
            natively.add(native);
            ripgrep.extend(rg);
        }
        report.times(&self.what, &sandboxed);
        report.times("… the same code natively", &natively);
        report.ratio("… sandboxed against natively", &sandboxed, &natively);
        if ripgrep.len() == 0 {
            report.value("… `rg --threads 1`", "not installed");
            return Ok(());
        }
        report.times("… `rg --threads 1`, whole process", &ripgrep);
        report.ratio("… sandboxed against `rg`", &sandboxed, &ripgrep);
        Ok(())
    }

    /// How long ripgrep takes; none if it is not installed.
    fn ripgrep(&self, folder: &Path) -> anyhow::Result<Option<Duration>> {
        let since = Instant::now();
        let status = Command::new("rg")
            .args(["--threads", "1", "--no-config"])
            .args(self.flags)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        match status {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
            Ok(status) => {
                ensure!(status.success(), "`rg` found nothing: {status}");
                Ok(Some(since.elapsed()))
            }
        }
    }
}

/// The tool's own code without a sandbox.
fn native<T: Tool>(folder: &Path, arguments: &Value) -> anyhow::Result<Duration> {
    let mut context = anteroom_sdk::Context::for_tests(folder);
    context.max_output = 50_000;
    let arguments = arguments.to_string();
    let since = Instant::now();
    let answered = anteroom_sdk::run::<T>(&context, &arguments);
    let took = since.elapsed();
    answered.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(took)
}

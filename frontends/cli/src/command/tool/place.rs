//! `aroom tool install`, `remove`, `enable`, `disable`, `reload`: which toolsets there are.

use super::{done, find, inspect, lines};
use crate::context::{Context, Quit};
use crate::exit;
use anteroom_api::{Event, ModuleEvent, ModuleOp, ModuleOrigin};
use serde_json::json;
use std::path::Path;

pub(super) async fn install(
    context: &mut Context,
    file: &str,
    is_replacing: bool,
) -> Result<u8, Quit> {
    let is_address = file.starts_with("http://") || file.starts_with("https://");
    let path = if is_address {
        file.to_owned()
    } else {
        let path = std::path::absolute(Path::new(file)).unwrap_or_else(|_| Path::new(file).into());
        path.to_string_lossy().into_owned()
    };
    let told = context
        .settle(ModuleOp::Install { path, is_replacing })
        .await?;
    let Event::Module(ModuleEvent::Loaded { module }) = told.event else {
        return Ok(exit::OK);
    };
    done(
        context,
        &format!("`{}` was installed; nothing was granted", module.id),
    );
    if module.requested.is_empty() && !context.options.is_json {
        return Ok(exit::OK);
    }
    inspect::show(context, &module.id.0).await
}

pub(super) async fn remove(context: &mut Context, name: &str) -> Result<u8, Quit> {
    let module = find(context, name).await?.id;
    context.settle(ModuleOp::Remove { module }).await?;
    done(context, &format!("`{name}` was removed, and its grants"));
    Ok(exit::OK)
}

pub(super) async fn switch(
    context: &mut Context,
    name: &str,
    is_enabled: bool,
) -> Result<u8, Quit> {
    let module = find(context, name).await?.id;
    context
        .settle(ModuleOp::Switch { module, is_enabled })
        .await?;
    let words = if is_enabled {
        "its tools can be called"
    } else {
        "its tools answer that they were withdrawn"
    };
    done(context, &format!("`{name}`: {words}"));
    Ok(exit::OK)
}

pub(super) async fn reload(context: &mut Context) -> Result<u8, Quit> {
    // Taken means: looked through. What differs is told as facts; here it is shown as it is now.
    context.host.submit(ModuleOp::Reload).await?;
    let modules = context.host.read().modules(context.workspace()).await?;
    if context.options.is_json {
        context.printer.json(&json!(modules));
        return Ok(exit::OK);
    }
    let others: Vec<_> = modules
        .into_iter()
        .filter(|module| module.origin != ModuleOrigin::BuiltIn)
        .collect();
    done(context, "the tools folders were looked through");
    let theme = context.printer.out_theme();
    for line in lines(&others, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::super::tests::views;
    use crate::exit;
    use crate::fake::Bench;
    use anteroom_api::{ModuleId, ModuleOp, Op};

    fn check(line: &[&str], code: u8, words: &str, ops: &[ModuleOp]) {
        let mut bench = Bench::with(line, vec![], views(), "");
        let ran = bench.run();
        assert_eq!(ran.code, code, "{line:?}: {ran:?}");
        assert!(format!("{}{}", ran.out, ran.err).contains(words), "{ran:?}");
        let expected: Vec<Op> = ops.iter().cloned().map(Op::Module).collect();
        assert_eq!(bench.fake.ops(), expected, "{line:?}");
    }

    #[test]
    fn toolsets_are_installed_switched_and_removed() {
        let jira = ModuleId("jira".into());
        let switch = |is_enabled| ModuleOp::Switch {
            module: jira.clone(),
            is_enabled,
        };
        check(
            &["tool", "install", "/tmp/jira.wasm", "--replace"],
            0,
            "nothing was granted",
            &[ModuleOp::Install {
                path: "/tmp/jira.wasm".into(),
                is_replacing: true,
            }],
        );
        check(
            &["tool", "disable", "jira"],
            0,
            "withdrawn",
            &[switch(false)],
        );
        check(
            &["tool", "enable", "jira"],
            0,
            "can be called",
            &[switch(true)],
        );
        check(
            &["tool", "remove", "jira"],
            0,
            "`jira` was removed",
            &[ModuleOp::Remove {
                module: jira.clone(),
            }],
        );
        check(&["tool", "reload"], 0, "jira_issue", &[ModuleOp::Reload]);
        check(&["tool", "remove", "jria"], exit::NOT_FOUND, "`jira`", &[]);
    }
}

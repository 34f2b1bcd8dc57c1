//! `aroom tool grant` and `revoke`.

use super::{done, find, inspect};
use crate::context::{Context, Quit};
use crate::exit;
use crate::invocation::Grant;
use crate::words;
use anteroom_api::{
    Capability, GrantOp, GrantReach, GrantWhere, ModuleId, ModuleOp, Problem, ProblemCode,
    UnixMillis,
};

pub(super) async fn give(context: &mut Context, grant: &Grant) -> Result<u8, Quit> {
    let module = find(context, &grant.module).await?;
    if grant.capabilities.is_empty() {
        return inspect::show(context, &grant.module).await;
    }
    let unwanted = grant
        .capabilities
        .iter()
        .find(|capability| !module.requested.contains(capability));
    if let Some(capability) = unwanted {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{}` does not ask for `{capability}`", grant.module),
        )
        .hint(format!(
            "`aroom tool inspect {}` shows what it asks for",
            grant.module
        ))
        .into());
    }
    let place = if grant.is_everywhere {
        GrantWhere::Everywhere
    } else {
        GrantWhere::Workspace(context.workspace())
    };
    let now = (context.clock)();
    let expires_at = grant.lasts.map(|lasts| {
        let lasts = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
        UnixMillis(now.0.saturating_add(lasts))
    });
    for capability in &grant.capabilities {
        context
            .settle(ModuleOp::Grant(GrantOp {
                module: module.id.clone(),
                hash: module.hash.clone(),
                capability: *capability,
                reach: reach(grant, *capability),
                place: place.clone(),
                expires_at,
                calls: grant.calls,
            }))
            .await?;
        let words = format!(
            "`{}` may {}{}",
            grant.module,
            capability.in_words(),
            ends(grant)
        );
        done(context, &words);
    }
    Ok(exit::OK)
}

/// Where and for how long, as the end of a sentence.
fn ends(grant: &Grant) -> String {
    let mut words = if grant.is_everywhere {
        " everywhere".to_owned()
    } else {
        " here".to_owned()
    };
    if let Some(lasts) = grant.lasts {
        let milliseconds = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        words.push_str(&format!(", for {}", words::duration(milliseconds)));
    }
    if let Some(calls) = grant.calls {
        let calls = usize::try_from(calls).unwrap_or(usize::MAX);
        words.push_str(&format!(", for {}", words::plural(calls, "call", "calls")));
    }
    words
}

/// The flags that bound this capability; the others do not concern it.
fn reach(grant: &Grant, capability: Capability) -> GrantReach {
    match capability {
        Capability::FilesRead | Capability::FilesWrite => GrantReach {
            folders: grant.folders.clone(),
            ..GrantReach::default()
        },
        Capability::Process => GrantReach {
            commands: grant.commands.clone(),
            ..GrantReach::default()
        },
        Capability::Fetch => GrantReach {
            hosts: grant.hosts.clone(),
            ..GrantReach::default()
        },
        Capability::Secrets => GrantReach {
            secrets: grant.secrets.clone(),
            ..GrantReach::default()
        },
        Capability::Canvas
        | Capability::Agents
        | Capability::Ask
        | Capability::Store
        | Capability::Skills
        | Capability::Catalog => GrantReach::default(),
    }
}

pub(super) async fn take_back(
    context: &mut Context,
    name: &str,
    capabilities: &[Capability],
) -> Result<u8, Quit> {
    // Of a toolset that is gone grants can be taken back, too; the host knows whether there are any.
    let module = ModuleId(name.to_owned());
    let wanted: Vec<Option<Capability>> = match capabilities {
        [] => vec![None],
        several => several.iter().copied().map(Some).collect(),
    };
    for capability in wanted {
        let (module, words) = (
            module.clone(),
            match capability {
                None => format!("all grants of `{name}` were taken back"),
                Some(capability) => format!("`{name}` may no longer {}", capability.in_words()),
            },
        );
        context
            .settle(ModuleOp::Revoke { module, capability })
            .await?;
        done(context, &words);
    }
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::super::tests::views;
    use super::*;
    use crate::fake::Bench;
    use anteroom_api::Op;

    #[test]
    fn a_grant_names_the_binary_and_only_its_own_bounds() {
        let mut bench = Bench::with(
            &[
                "tool",
                "grant",
                "jira",
                "process",
                "--command",
                "jira issue",
                "--folder",
                "data",
                "--for",
                "2h",
                "--calls",
                "3",
            ],
            vec![],
            views(),
            "",
        );
        let ran = bench.run();
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (
                0,
                "✓ `jira` may start commands here, for 2h00m, for 3 calls\n"
            )
        );
        assert_eq!(
            bench.fake.ops(),
            [Op::Module(ModuleOp::Grant(GrantOp {
                module: ModuleId("jira".into()),
                hash: "a91f00112233".into(),
                capability: Capability::Process,
                reach: GrantReach {
                    commands: vec!["jira issue".into()],
                    ..GrantReach::default()
                },
                place: GrantWhere::Workspace("/w".into()),
                expires_at: Some(UnixMillis(7_200_000)),
                calls: Some(3),
            }))]
        );
    }

    #[test]
    fn what_cannot_be_granted_is_said() {
        let check = |line: &[&str], code: u8, words: &str| {
            let mut bench = Bench::with(line, vec![], views(), "");
            let ran = bench.run();
            assert_eq!(ran.code, code, "{line:?}");
            assert!(format!("{}{}", ran.out, ran.err).contains(words), "{ran:?}");
            assert!(bench.fake.ops().is_empty());
        };
        check(
            &["tool", "grant", "jira"],
            0,
            "hint: `aroom tool grant jira process`",
        );
        check(
            &["tool", "grant", "jira", "ask"],
            exit::USAGE,
            "does not ask for `ask`",
        );
        check(
            &["tool", "grant", "jria", "process"],
            exit::NOT_FOUND,
            "did you mean `jira`?",
        );
    }

    #[test]
    fn grants_are_taken_back_one_by_one_or_all() {
        let revoked = |capability| {
            Op::Module(ModuleOp::Revoke {
                module: ModuleId("jira".into()),
                capability,
            })
        };
        for (line, expected) in [
            (&["tool", "revoke", "jira"][..], vec![revoked(None)]),
            (
                &["tool", "revoke", "jira", "process", "ask"],
                vec![
                    revoked(Some(Capability::Process)),
                    revoked(Some(Capability::Ask)),
                ],
            ),
        ] {
            let mut bench = Bench::with(line, vec![], views(), "");
            assert_eq!(bench.run().code, 0);
            assert_eq!(bench.fake.ops(), expected);
        }
    }
}

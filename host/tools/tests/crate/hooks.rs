//! Commands of hooks: their input, their end, and that nothing is left of them.

use crate::processes::gone;
use crate::support::Bench;
use crate::toolset::Toolset;
use anteroom_api::{ModuleOrigin, Stop, Tier};
use anteroom_gate::{Gate, Memory, Place, Policy};
use anteroom_tools::{HookCommand, HookEnd, HookFooting, Session};
use std::fs;
use std::time::Duration;

async fn run(bench: &Bench, (line, input): (&str, Vec<u8>), stop: &Stop) -> HookEnd {
    let session = Session::new(bench.workspace.clone(), bench.temp.clone()).unwrap();
    let place = Place {
        workspace: bench.workspace.clone(),
        ..Place::default()
    };
    let gate = Gate::new(Policy::default(), place, Memory::default()).unwrap();
    let command = HookCommand {
        line: line.to_owned(),
        input,
        patience: Duration::from_secs(30),
        footing: HookFooting::Walled { is_strict: false },
    };
    bench
        .registry
        .run_hook((&session, &gate), command, stop)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_hears_all_of_its_input_and_no_secret_of_the_environment() {
    let bench = Bench::empty();
    let (_raise, stop) = Stop::new();
    let input = vec![b'x'; 900_000];
    let end = run(&bench, ("cat", input.clone()), &stop).await;
    assert_eq!(end, HookEnd::Answered(input.clone()));
    // Who does not listen is not made to.
    let end = run(&bench, ("echo fine", input), &stop).await;
    assert_eq!(end, HookEnd::Answered(b"fine\n".to_vec()));
    let HookEnd::Answered(environment) = run(&bench, ("env; pwd", Vec::new()), &stop).await else {
        panic!("it ends well");
    };
    let text = String::from_utf8(environment).unwrap();
    assert!(!text.contains("hush"), "{text}");
    assert!(
        text.contains(&bench.workspace.display().to_string()),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hook_started_ends_with_it() {
    let bench = Bench::empty();
    let (raise, stop) = Stop::new();
    let line = "sleep 31415.75 & echo fine";
    let end = run(&bench, (line, Vec::new()), &stop).await;
    assert_eq!(end, HookEnd::Answered(b"fine\n".to_vec()));
    gone("31415.75").await;
    let started = bench.workspace.join("started");
    let waits = async {
        while !started.exists() {
            tokio::task::yield_now().await;
        }
        raise.send_replace(true);
    };
    let line = "sleep 31415.875 & touch started; sleep 31415.875";
    let (end, ()) = tokio::join!(run(&bench, (line, Vec::new()), &stop), waits);
    assert!(
        matches!(&end, HookEnd::Failed(why) if why.contains("cancelled")),
        "{end:?}"
    );
    gone("31415.875").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_says_it_acts_counts_as_that() {
    let bench = Bench::empty();
    let folder = bench.folder().join("tools");
    fs::create_dir(&folder).unwrap();
    let toolset = Toolset::new("look", "1").and("change", "2").acting();
    fs::write(folder.join("both.wasm"), toolset.build()).unwrap();
    let registry = &bench.registry;
    registry.load_folder(&folder, ModuleOrigin::User).await;
    let tiers: Vec<Tier> = registry
        .definitions()
        .await
        .iter()
        .map(|it| it.tool.tier)
        .collect();
    assert_eq!(tiers, [Tier::Read, Tier::Write]);
}

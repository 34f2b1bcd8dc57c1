//! Guests that misbehave are stopped; the host and other calls go on.

use crate::support::{Bench, guest};
use anteroom_api::Status;
use anteroom_tools::{Limits, ToolLimits};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_guest_does_ends_at_its_limit() {
    let bench = Bench::built_in();
    let cases = [
        ("spin", "stopped after 2 s"),
        ("spin_waiting", "stopped after 1 s"),
        ("sleep", "stopped after 0 s"),
        ("eat_memory", "more than the 64 MB of memory it may have"),
        ("recurse", "recursed too deep"),
        ("panic", "nothing to see here"),
        ("big_result", "at most 8388608 are taken"),
        ("hostcall_flood", "more to the host at once than it may"),
    ];
    for (tool, words) in cases {
        bench
            .call(tool, json!({}))
            .await
            .expect(Status::Failed, words);
        let after = bench.call("surroundings", json!({})).await;
        after.expect(Status::Completed, "variables 0, arguments 0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_is_cancelled_and_what_it_said_is_kept() {
    let bench = Bench::built_in();
    for tool in ["spin", "spin_waiting"] {
        let called = bench.cancelled(tool, json!({}), "spinning").await;
        called.expect(Status::Interrupted, "info: spinning");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spinning_guests_leave_room_for_others() {
    let bench = Bench::built_in();
    let spinning = || bench.call("spin_waiting", json!({}));
    let other = bench.call("surroundings", json!({}));
    let (one, two, three, other) = tokio::join!(spinning(), spinning(), spinning(), other);
    for spun in [one, two, three] {
        spun.expect(Status::Failed, "was stopped");
    }
    other.expect(Status::Completed, "network");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_meter_tells_what_was_used() {
    let bench = Bench::built_in();
    let meter = bench.call("spin_waiting", json!({})).await.outcome.meter;
    assert!(meter.cpu_us > 0 && meter.wall_us >= 1_000_000, "{meter:?}");
    assert!(meter.peak_memory_bytes > 0, "{meter:?}");
}

#[tokio::test]
async fn one_thread_is_enough() {
    let bench = Bench::built_in();
    for tool in ["spin", "spin_waiting"] {
        let called = bench.cancelled(tool, json!({}), "spinning").await;
        called.expect(Status::Interrupted, "was cancelled");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_beyond_the_limit_is_refused_and_never_queued() {
    let bench = Bench::with_options(|options| options.calls_max = 1);
    bench.registry.add_built_in("hostile", guest("hostile"));
    // It is answered while the first one runs: nothing can wait for a place that waits for it.
    let refused = async {
        let called = bench.call("surroundings", json!({})).await;
        called.expect(Status::Failed, "1 calls run already, which is the limit");
    };
    let called = bench
        .interrupted("spin", json!({}), "spinning", refused)
        .await;
    called.expect(Status::Interrupted, "info: spinning");
    let after = bench.call("surroundings", json!({})).await;
    after.expect(Status::Completed, "variables 0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_have_a_size() {
    let bench = Bench::built_in();
    let called = bench
        .call("read_path", json!({"path": "x".repeat(1 << 20)}))
        .await;
    called.expect(Status::Failed, "at most 1048576 are taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_has_limits_of_its_own_from_the_next_call_on() {
    let bench = Bench::built_in();
    let small = ToolLimits {
        memory_bytes: Some(8 << 20),
        ..ToolLimits::default()
    };
    let overrides = [("eat_memory".to_owned(), small)].into();
    bench.registry.set_limits(Limits::default(), overrides);
    let called = bench.call("eat_memory", json!({})).await;
    called.expect(Status::Failed, "more than the 8 MB of memory it may have");
}

//! What must be refused: one test for each guarantee, named after it.
//!
//! Every command here would be seen, and would do no harm, if its gate failed.

mod approvals;
mod approved_servers;
mod asking;
mod audit;
mod budget;
mod bundles;
mod commands;
mod data;
mod fed;
mod filed;
mod gate;
mod hand;
mod hooks;
mod masking;
mod mcp;
mod modules;
mod paths;
mod plan;
mod reach;
mod references;
mod sandbox;
mod secrets;
mod server;
mod sessions;
mod skills;
mod strangers;
mod taint;
mod trust;
mod undo;

#[path = "../builtin-tools/embed/build/guest.rs"]
pub(crate) mod guest;

pub(crate) use strangers::{call, grant, hostile, modules, with_tools};

use crate::support::scene::{Told, auto};
use anteroom_api::{Item, ItemBody, Status, ToolCall, TurnOptions};

/// Somebody attends, and only what even `auto` asks about is asked.
fn attended_auto() -> TurnOptions {
    TurnOptions {
        is_attended: true,
        ..auto()
    }
}

/// The finished calls, in the order they were made.
fn calls(told: &Told) -> Vec<(Item, ToolCall)> {
    let mut calls: Vec<(Item, ToolCall)> = told
        .items()
        .into_iter()
        .filter_map(|item| match &item.body {
            ItemBody::ToolCall(call) => Some((item.clone(), call.clone())),
            _ => None,
        })
        .collect();
    calls.sort_by_key(|(item, _)| item.id.0);
    calls
}

/// Every call of a turn was denied, and whoever reads the results knows why.
#[track_caller]
fn all_denied(told: &Told, wanted: usize) {
    let calls = calls(told);
    assert_eq!(calls.len(), wanted);
    for (item, call) in calls {
        let words = crate::support::scene::text_of(&call);
        assert_eq!(item.status, Status::Denied, "{}: {words}", call.arguments);
        assert!(!words.is_empty(), "{}", call.arguments);
    }
}

//! The safety gate: may this call, may this effect, happen?
//!
//! Shape: facts in, verdicts out; pure, without I/O, clock or async. It is the only mint of
//! [`Permit`]s, and a tool call costs one. It knows no tool by name: what it judges is what a call
//! tries to do. What *holds* is the sandbox around a process; what is said here informs a person.
//!
//! ```
//! use anteroom_gate::{CallFacts, CallVerdict, Effect, EffectVerdict, Gate, Memory, Place, Policy};
//! # use anteroom_api::{Capability, Tier};
//! let place = Place { workspace: "/home/ada/app".into(), ..Place::default() };
//! let policy = Policy { is_sandboxed: true, ..Policy::default() };
//! let gate = Gate::new(policy, place, Memory::default())?;
//! let facts = CallFacts {
//!     tool: "bash".into(),
//!     declared: Tier::Execute,
//!     arguments: serde_json::json!({"command": "ls"}),
//!     capabilities: vec![Capability::Process],
//!     is_third_party: false,
//! };
//! let CallVerdict::Allow(permit) = gate.judge_call(facts) else { panic!("its effects ask for themselves") };
//! let run = |line: &str| Effect::Process { line: line.into(), cwd: String::new(), is_background: false };
//! assert!(matches!(permit.judge(&run("ls")), EffectVerdict::Allow { tier: Tier::Read, .. }));
//! assert!(matches!(permit.judge(&run("rm -rf /")), EffectVerdict::Ask(_)));
//! # Ok::<(), anteroom_gate::PolicyError>(())
//! ```
//!
//! A [`Permit`] can be neither made nor copied outside this crate:
//!
//! ```compile_fail
//! let permit = anteroom_gate::Permit::new("bash".into(), serde_json::Value::Null);
//! ```
//!
//! ```compile_fail
//! fn twice(permit: anteroom_gate::Permit) -> (anteroom_gate::Permit, anteroom_gate::Permit) {
//!     (permit.clone(), permit)
//! }
//! ```
//!
//! A [`CallQuestion`] is consumed by its answer:
//!
//! ```compile_fail
//! fn twice(question: anteroom_gate::CallQuestion, yes: &anteroom_api::Resolution) {
//!     let _ = question.answer(yes);
//!     let _ = question.answer(yes);
//! }
//! ```
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

mod call;
mod digest;
mod effect;
mod gate;
mod hooked;
mod memory;
mod named;
mod narrow;
mod permit;
mod plan;
mod policy;
mod question;
mod rule;
mod sampling;
mod secrets;
mod sensitive;
mod shell;
mod taint;
mod tier;
mod visible;
mod why;

pub use call::{CallFacts, CallVerdict};
pub use effect::{Effect, EffectVerdict, FilePath};
pub use gate::Gate;
pub use hooked::HOOK;
pub use memory::{Clock, Memory, StoredAlways};
pub use named::NamedVerdict;
pub use narrow::Narrowing;
pub use permit::Permit;
pub use policy::{Place, Policy, PolicyError};
pub use question::{Asked, CallQuestion, Refusal};
pub use rule::{Rule, RuleError};
pub use secrets::{MaskStream, Masker, has_mask};
pub use sensitive::HOME_SECRETS;
pub use taint::Taint;
pub use visible::{visible, visible_block};
pub use why::Why;

#[cfg(test)]
mod properties;

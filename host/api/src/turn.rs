//! Turns: from one user input until the agent stops.

use crate::{Content, ConversationId, Mode, Problem, TurnId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Wishes about turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum TurnOp {
    /// Gives input to a conversation; starts a turn whose id is the op's, or queues it behind the one that
    /// runs. Answered by [`TurnEvent::Queued`] or [`TurnEvent::Started`].
    Start {
        /// Where.
        conversation: ConversationId,
        /// The input; at least one part.
        input: Vec<Content>,
        /// What holds for this turn only.
        #[serde(default)]
        options: TurnOptions,
    },
    /// Makes one call as a person, without a model: a turn of its own, whose id is the op's, with an item that
    /// says what was asked and the call. Everything that holds for a model's call holds for it: gate, approvals,
    /// copies, budget, audit. Rejected with [`crate::ProblemCode::Conflict`] while a turn runs, and with
    /// [`crate::ProblemCode::InvalidInput`] if the arguments are not an object; a tool that does not exist is a
    /// failed call. Answered by [`TurnEvent::Started`].
    Call {
        /// Where.
        conversation: ConversationId,
        /// The tool's name.
        tool: String,
        /// Its arguments, a JSON object.
        arguments: serde_json::Value,
        /// What holds for it; steps and model mean nothing here, except to a child agent.
        #[serde(default)]
        options: TurnOptions,
    },
    /// Adds input to a running turn before its next step; answered by an item event.
    Steer {
        /// The running turn.
        turn: TurnId,
        /// The input.
        input: Vec<Content>,
    },
    /// Ends a running turn at once; answered by [`TurnEvent::Ended`].
    Cancel {
        /// The running turn.
        turn: TurnId,
    },
    /// Takes back input that still waits in the queue; answered by [`TurnEvent::Unqueued`].
    Unqueue {
        /// The waiting turn.
        turn: TurnId,
    },
    /// Changes the words of input that waits; it keeps its place. Rejected with
    /// [`crate::ProblemCode::NotFound`] once it waits no more. Answered by [`TurnEvent::Reworded`].
    Reword {
        /// The waiting turn.
        turn: TurnId,
        /// The new input; at least one part.
        input: Vec<Content>,
    },
    /// Moves input that waits to another place; rejected as [`TurnOp::Reword`] is. Answered by
    /// [`TurnEvent::Reordered`].
    Reorder {
        /// The waiting turn.
        turn: TurnId,
        /// The waiting turn it is to run before; none to run last.
        #[serde(default)]
        ahead_of: Option<TurnId>,
    },
    /// Runs input that is held because the process it waited in has ended, or queues it behind the turn that
    /// runs; the turn keeps its id. Answered by [`TurnEvent::Started`] or [`TurnEvent::Queued`].
    Release {
        /// The held turn.
        turn: TurnId,
        /// What holds for it; what it was given with is not kept.
        #[serde(default)]
        options: TurnOptions,
    },
}

/// What holds for one turn only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TurnOptions {
    /// A model other than the conversation's.
    pub model: Option<String>,
    /// An approval mode other than the configured one.
    pub mode: Option<Mode>,
    /// Rules allowed in advance, in the notation of `--allowed-tools`.
    pub allowed_tools: Vec<String>,
    /// Offers the model no tools at all.
    pub is_without_tools: bool,
    /// Fewer steps than `cli.max_tool_iterations`.
    pub max_steps: Option<u32>,
    /// Plans first: nothing above the read tier until a person has approved the plan.
    pub is_plan: bool,
    /// Whether somebody can answer approvals and questions of this turn. Without, they are refused at once.
    pub is_attended: bool,
    /// The input is nobody's own words (a program's output, a file): `@` in it is only a sign, see
    /// [`crate::attachment`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_verbatim: bool,
}

/// A turn without its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TurnView {
    /// Its id.
    pub id: TurnId,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// When it started.
    pub started_at: UnixMillis,
    /// When it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<UnixMillis>,
    /// Why it ended, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopReason>,
    /// Tokens of all its steps, its child agents' not included.
    pub usage: Usage,
    /// How full the context was: tokens of the request and the answer of its newest step. None before one has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
}

/// Input that waits behind a running turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueuedInput {
    /// The turn it will become.
    pub turn: TurnId,
    /// The input.
    pub input: Vec<Content>,
    /// Whether the process it waited in has ended: it runs only once somebody releases it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_held: bool,
}

/// Why a turn ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum StopReason {
    /// The agent had nothing more to do.
    EndTurn,
    /// The step limit was reached; a closing summary was asked for.
    MaxSteps,
    /// The endpoint cut the answer at its token limit.
    MaxTokens,
    /// The model refused.
    Refusal,
    /// A person cancelled.
    Cancelled,
    /// The process ended before the turn did; found at the next start.
    Interrupted,
    /// A budget is used up.
    Budget {
        /// Which, and what to do, in words.
        text: String,
    },
    /// It could not go on.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// Tokens as told by the endpoint, or estimated where it tells nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the requests.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Of the requests' tokens, those the endpoint had cached.
    pub cached_tokens: u64,
    /// What they cost, in millionths of the currency that `ai.prices` is in; 0 without prices.
    pub cost_micros: u64,
    /// Whether any part of this is an estimate.
    pub is_estimated: bool,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            completion_tokens: self
                .completion_tokens
                .saturating_add(other.completion_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
            is_estimated: self.is_estimated || other.is_estimated,
        }
    }
}

/// What a running turn is doing; the words are the same in every frontend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Reaching the endpoint.
    Connecting,
    /// Connected, no token yet.
    Waiting,
    /// Tokens arrive.
    Streaming,
    /// Tokens have stopped arriving.
    Stalled {
        /// For how long, milliseconds.
        silent_ms: u64,
    },
    /// The request failed and will be tried again.
    Retrying {
        /// The coming attempt, from 1.
        attempt: u32,
        /// How many there will be at most.
        max: u32,
        /// When, milliseconds from now.
        delay_ms: u64,
        /// Why.
        reason: String,
    },
    /// A tool works.
    Running {
        /// Its name.
        tool: String,
    },
    /// A person is asked.
    WaitingForApproval,
    /// The older history is being summarised.
    Compacting,
}

/// What is kept of a model request besides the items that came of it, so that the turn can be run again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// SHA-256 of the request's messages, tools and model, hexadecimal.
    pub request: String,
    /// Why the model stopped: `stop`, `tool_calls`, `length`, `refusal`, or what the endpoint said.
    pub finish: String,
    /// The model that was asked.
    #[serde(default)]
    pub model: String,
    /// Names of the tools that were offered, in their order.
    #[serde(default)]
    pub tools: Vec<String>,
}

/// Facts about turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum TurnEvent {
    /// The input waits behind the running turn.
    Queued {
        /// The input.
        queued: QueuedInput,
    },
    /// The waiting input was taken back.
    Unqueued {
        /// The turn it would have become.
        turn: TurnId,
    },
    /// The waiting input says something else; its place is the same.
    Reworded {
        /// The input as it is now.
        queued: QueuedInput,
    },
    /// The waiting input has another place.
    Reordered {
        /// The waiting turn.
        turn: TurnId,
        /// The waiting turn it runs before now; none if it runs last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ahead_of: Option<TurnId>,
    },
    /// The turn runs.
    Started {
        /// Its id.
        turn: TurnId,
        /// What holds for it.
        #[serde(default)]
        options: TurnOptions,
    },
    /// A model request is about to be made ("thinking").
    StepStarted {
        /// The turn.
        turn: TurnId,
        /// Counted from 1.
        step: u32,
    },
    /// A model request and its calls are done.
    StepEnded {
        /// The turn.
        turn: TurnId,
        /// Counted from 1.
        step: u32,
        /// Its tokens.
        usage: Usage,
        /// What a replay needs of it and no item has; none if nothing was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<StepRecord>,
    },
    /// The turn is over.
    Ended {
        /// The turn.
        turn: TurnId,
        /// Why.
        stop: StopReason,
        /// Tokens of all its steps.
        usage: Usage,
    },
}

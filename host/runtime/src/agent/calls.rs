//! The calls of one answer: judged, run side by side, stored and told as each finishes.

use super::history;
use super::services::CallServices;
use super::turn::{Fault, TurnContext};
use crate::hooks::{self, Leave};
use crate::modules::keeper;
use anteroom_api::{
    CallDecision, Delta, Event, Item, ItemBody, ItemEvent, ModuleOrigin, Origin, Phase, Resolution,
    Scope, Status, Stop, Tier, ToolCall, ToolResult, Topic, Trust,
};
use anteroom_gate::{CallFacts, CallQuestion, CallVerdict, Permit, Refusal};
use anteroom_model::CallRequest;
use anteroom_storage::StorageError;
use anteroom_tools::{Call, Definition, Lent, Outcome, Resolved};
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};

/// Runs the calls of one answer, the first `paid` of them; the budget has nothing for the others. The items come back in the order of the calls.
pub(crate) async fn run(
    turn: &Arc<TurnContext>,
    (step, paid): (u32, usize),
    requests: Vec<CallRequest>,
    stop: &Stop,
) -> Result<Vec<Item>, Fault> {
    let topic = Topic::Conversation(turn.conversation);
    let started: Vec<Item> = requests
        .iter()
        .map(|request| pending(turn, step, request))
        .collect();
    let announced = started
        .iter()
        .cloned()
        .map(|item| Event::Item(ItemEvent::Started(item)))
        .collect();
    turn.engine.bus.publish(topic, None, announced).await?;

    let mut running = JoinSet::new();
    for (index, (request, item)) in requests
        .into_iter()
        .zip(started.iter().cloned())
        .enumerate()
    {
        let (turn, stop) = (turn.clone(), stop.clone());
        running.spawn(async move {
            let worker = {
                let (turn, item, stop) = (turn.clone(), item.clone(), stop.clone());
                let busy = turn.busy.clone().read_owned().await;
                tokio::spawn(async move {
                    let done = match index < paid {
                        true => one(&turn, request, item, &stop).await,
                        false => unpaid(&turn, item),
                    };
                    drop(busy);
                    done
                })
            };
            let done = worker.await.unwrap_or_else(|error| crashed(item, &error));
            let told = turn
                .engine
                .bus
                .publish(topic, None, completion(&turn, &done))
                .await;
            (index, told.map(|_| done))
        });
    }
    let mut items = started;
    let mut fault = None;
    while let Some(finished) = running.join_next().await {
        match finished {
            Ok((index, Ok(done))) => {
                tracing::debug!(turn = %turn.turn, item = %done.id, "a call has ended");
                items[index] = done;
            }
            Ok((_, Err(error))) => fault = Some(Fault::from(error)),
            Err(error) => fault = Some(Fault::Panic(error.to_string())),
        }
    }
    turn.narrowed.by_calls(&items);
    match fault {
        Some(fault) => Err(fault),
        None => Ok(items),
    }
}

/// A call is made whole or not at all.
fn unpaid(turn: &TurnContext, item: Item) -> Item {
    let ItemBody::ToolCall(call) = item.body else {
        return item;
    };
    let why = turn.purse.end().unwrap_or_default();
    Item {
        status: Status::Denied,
        body: ItemBody::ToolCall(ToolCall {
            result: Some(ToolResult::failed(format!("not run: {why}"))),
            ..call
        }),
        ..item
    }
}

/// A fault of the host inside one call fails that call, visibly, and nothing else.
fn crashed(item: Item, error: &JoinError) -> Item {
    tracing::error!(%error, item = %item.id, "a call failed inside the host");
    let ItemBody::ToolCall(call) = item.body else {
        return item;
    };
    let result = ToolResult::failed("the call failed inside Anteroom; try another way");
    Item {
        status: Status::Failed,
        body: ItemBody::ToolCall(ToolCall {
            result: Some(result),
            ..call
        }),
        ..item
    }
}

/// A question that a cancel took back was not answered with a no, whichever of the two came first.
fn cut_off(outcome: Outcome, stop: &Stop) -> Outcome {
    match outcome.status {
        Status::Denied if stop.is_raised() => Outcome {
            status: Status::Interrupted,
            ..outcome
        },
        _ => outcome,
    }
}

/// A call of a replay that the record does not have.
pub(super) fn not_recorded(item: Item) -> Item {
    let ItemBody::ToolCall(call) = item.body else {
        return item;
    };
    let result = ToolResult::failed("not in the record");
    Item {
        status: Status::Failed,
        body: ItemBody::ToolCall(ToolCall {
            result: Some(result),
            ..call
        }),
        ..item
    }
}

/// The facts that the end of a call brings.
fn completion(turn: &TurnContext, done: &Item) -> Vec<Event> {
    let mut events = vec![Event::Item(ItemEvent::Completed(done.clone()))];
    if let (Trust::Untrusted, ItemBody::ToolCall(call)) = (done.origin.trust(), &done.body) {
        // What the permit saw coming in is marked already, and more precisely.
        if !turn.gate.taint().is_marked() {
            turn.gate.taint().mark(&format!("the tool `{}`", call.tool));
        }
    }
    events.extend(turn.tainted(done.id));
    events
}

fn pending(turn: &TurnContext, step: u32, request: &CallRequest) -> Item {
    let definition = turn.tool(&request.name);
    Item {
        id: turn.engine.ambient.uuid().into(),
        turn: turn.turn,
        step,
        status: Status::Running,
        origin: Origin::Tool {
            tool: request.name.clone(),
            trust: Trust::Workspace,
        },
        created_at: turn.engine.ambient.now(),
        body: ItemBody::ToolCall(ToolCall {
            call: request.id.clone(),
            tool: request.name.clone(),
            arguments: match &request.arguments {
                Ok(arguments) => arguments.clone(),
                Err(raw) => serde_json::Value::String(raw.clone()),
            },
            tier: definition.map_or(Tier::Execute, |definition| definition.tool.tier),
            decisions: Vec::new(),
            result: None,
            meter: None,
            child: None,
        }),
    }
}

/// What came of one call, before it is written into its item.
struct Done {
    outcome: Outcome,
    tier: Tier,
}

async fn one(turn: &Arc<TurnContext>, request: CallRequest, item: Item, stop: &Stop) -> Item {
    let root = Topic::Conversation(turn.root.conversation);
    let phase = Phase::Running {
        tool: request.name.clone(),
    };
    turn.engine.bus.preview(
        root,
        Delta::Phase {
            turn: turn.root.turn,
            phase,
        },
    );
    turn.show_child_call(&request.name);
    let services = CallServices::new(turn.clone(), item.id, request.name.clone(), stop.clone());
    if let Some(script) = &turn.script {
        script.begin(&item, &request);
        let prepared = prepare(turn, &request, &services).await;
        let refused = prepared
            .err()
            .map(|done| history::for_model(&done.outcome.result));
        return script.outcome(turn, item, refused).await;
    }
    let done = match prepare(turn, &request, &services).await {
        Ok((permit, tool, grants)) => {
            let declared = tool.definition().tool.tier;
            let call = Call {
                item: item.id,
                call: request.id.clone(),
                conversation: turn.conversation,
                grants,
                session: turn.session.clone(),
                max_output_chars: turn.settings.cli.tool_output_max_chars,
            };
            let mcp = &turn.engine.mcp;
            let is_served = tool.definition().origin == ModuleOrigin::Server;
            let _within = is_served.then(|| mcp.enter(item.id, &services));
            let outcome = tool
                .call(permit, call, Arc::new(services.clone()), stop.clone())
                .await;
            services.settled().await;
            let outcome = cut_off(outcome, stop);
            let nothing = serde_json::Value::Null;
            let arguments = request.arguments.as_ref().unwrap_or(&nothing);
            let named = tool.definition().tool.name.clone();
            let called = (named.as_str(), arguments);
            let outcome = hooks::after_tool(&services, called, outcome).await;
            let reached = services
                .record()
                .decisions
                .iter()
                .map(|decision| decision.tier)
                .max();
            let tier = reached.map_or(declared, |tier| tier.max(declared));
            Done { outcome, tier }
        }
        Err(refused) => *refused,
    };
    finish(item, &request, done, &services)
}

fn finish(item: Item, request: &CallRequest, done: Done, services: &CallServices) -> Item {
    let record = services.record();
    let Done { outcome, tier } = done;
    let ItemBody::ToolCall(call) = item.body else {
        return item;
    };
    let trust = outcome.trust.max(record.trust);
    let result = history::label(outcome.result, &request.name, trust);
    let result = hooks::with_context(result, record.context);
    Item {
        status: outcome.status,
        origin: Origin::Tool {
            tool: request.name.clone(),
            trust,
        },
        body: ItemBody::ToolCall(ToolCall {
            tier,
            decisions: record.decisions,
            result: Some(result),
            meter: Some(outcome.meter),
            child: record.child,
            ..call
        }),
        ..item
    }
}

type Prepared = (Permit, Resolved, Lent);

/// Everything that must be true before a tool runs. The refusal is what the model is told.
async fn prepare(
    turn: &Arc<TurnContext>,
    request: &CallRequest,
    services: &CallServices,
) -> Result<Prepared, Box<Done>> {
    let Some(sent) = turn.tool(&request.name) else {
        return Err(refuse(Status::Failed, unknown_tool(turn, &request.name)));
    };
    // From here on it is this component, whatever comes into its place meanwhile.
    let project = keeper::project_folder(&turn.workspace);
    let tool = turn.engine.registry.resolve(Some(&project), sent).await;
    let tool = tool.map_err(|withdrawn| refuse(Status::Failed, withdrawn))?;
    let definition = tool.definition();
    let arguments = match &request.arguments {
        Ok(arguments) if arguments.is_object() => arguments.clone(),
        Ok(_) | Err(_) => {
            let text = format!(
                "the arguments of `{}` are not a JSON object; send the call again with valid JSON",
                request.name
            );
            return Err(refuse(Status::Failed, text));
        }
    };
    // Nobody is asked about a call that cannot be made.
    tool.check(&arguments)
        .map_err(|words| refuse(Status::Failed, words))?;
    let named = (definition.tool.name.as_str(), definition.tool.tier);
    let asking = match hooks::before_tool(services, named, &arguments).await {
        Leave::Judge => None,
        Leave::Ask(reason) => Some(reason),
        Leave::Refuse(text) if services.stop().is_raised() => {
            return Err(refuse(Status::Interrupted, text));
        }
        Leave::Refuse(text) => return Err(refuse(Status::Denied, text)),
    };
    let modules = &turn.engine.modules.running;
    let (world, workspace) = (
        (&turn.engine.storage, &turn.engine.ambient),
        turn.workspace.display().to_string(),
    );
    let capabilities = modules.capabilities(world, &definition, &workspace).await;
    let facts = CallFacts {
        tool: definition.tool.name.clone(),
        declared: definition.tool.tier,
        arguments,
        capabilities: capabilities.map_err(|error| ungranted(&error))?,
        is_third_party: definition.origin != ModuleOrigin::BuiltIn,
    };
    let gate = turn.acting_gate();
    let verdict = match asking {
        Some(reason) => gate.judge_call_asking(facts, &reason),
        None => gate.judge_call(facts),
    };
    let permit = match verdict {
        CallVerdict::Allow(permit) => {
            if permit.tier() > Tier::Read {
                services.note(allowed(&permit));
            }
            permit
        }
        CallVerdict::Deny(refusal) => return Err(deny(services, &definition, refusal)),
        CallVerdict::Ask(question) => asked(services, question).await?,
    };
    // Counted before it runs: a call that is cut off was one.
    let lent = modules.lend(world, &definition, &workspace).await;
    let lent = lent.map_err(|error| ungranted(&error))?;
    Ok((permit, tool, lent))
}

/// Has a person decide about a call as a whole.
async fn asked(services: &CallServices, question: CallQuestion) -> Result<Permit, Box<Done>> {
    let asked = question.asked().clone();
    let (resolution, by) = services.ask_person(asked.clone()).await;
    let why = asked.decided(&resolution, &by);
    services.note(CallDecision {
        effect: asked.effect.summary,
        tier: asked.tier,
        resolution: resolution.clone(),
        reasons: why.reasons,
        rule: why.rule,
        by: by.clone(),
    });
    let refused = |refusal: Refusal| refuse(Status::Denied, refusal.told_by(&by).text);
    question.answer(&resolution).map_err(refused)
}

/// Where nobody can tell what was granted, nothing was.
fn ungranted(error: &StorageError) -> Box<Done> {
    tracing::error!(%error, "the grants of a tool could not be read or counted");
    let text = "the grants of this tool could not be read, so it was not called; tell the person";
    refuse(Status::Failed, text.to_owned())
}

/// A call that no effect of it will tell of.
fn allowed(permit: &Permit) -> CallDecision {
    let why = permit.why().clone();
    CallDecision {
        effect: format!("call {}", permit.tool()),
        tier: permit.tier(),
        resolution: Resolution::Allowed { scope: Scope::Once },
        by: if why.rule.is_some() { "rule" } else { "policy" }.to_owned(),
        reasons: why.reasons,
        rule: why.rule,
    }
}

fn deny(services: &CallServices, definition: &Definition, refusal: Refusal) -> Box<Done> {
    services.note(CallDecision {
        effect: format!("call {}", definition.tool.name),
        tier: definition.tool.tier,
        resolution: refusal.resolution,
        by: refusal.by,
        reasons: vec![refusal.text.clone()],
        rule: refusal.rule,
    });
    refuse(Status::Denied, refusal.text)
}

fn refuse(status: Status, text: String) -> Box<Done> {
    let outcome = Outcome {
        result: ToolResult::failed(text),
        status,
        meter: anteroom_api::Meter::default(),
        trust: Trust::Workspace,
    };
    Box::new(Done {
        outcome,
        tier: Tier::Read,
    })
}

fn unknown_tool(turn: &TurnContext, name: &str) -> String {
    let known: Vec<&str> = turn
        .tools
        .iter()
        .map(|definition| definition.tool.name.as_str())
        .collect();
    if known.is_empty() {
        return format!("there is no tool `{name}`: this turn has no tools; answer in words");
    }
    format!("there is no tool `{name}`; there are: {}", known.join(", "))
}

//! Very many tools: what they cost of each request, and how the right one is found, makes room and is found again.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, Told, attended};
use crate::support::servers::{odd, ready, until};
use anteroom_api::{Approval, ConversationId, Decision, McpState, Scope, Status, StopReason};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Tokens of tools in a request, as the settings have it.
const MOST: u64 = 4000;

/// Whatever is asked may happen, once.
fn yes(_: &Approval) -> Decision {
    Decision::Allow { scope: Scope::Once }
}

/// A conversation about tools of one server, and what each tool costs as the host counts.
struct Talk {
    scene: Scene,
    conversation: ConversationId,
    costs: BTreeMap<String, u64>,
}

impl Talk {
    async fn new() -> Self {
        let scene = Scene::new([]).await;
        let server = ready(&scene, odd("many", "many")).await;
        assert_eq!(server.tools.len(), 200);
        let conversation = scene.open().await;
        let mut talk = Self {
            scene,
            conversation,
            costs: BTreeMap::new(),
        };
        talk.count().await;
        talk
    }

    /// Remembers what those tools cost that are sent now.
    async fn count(&mut self) {
        let workspace = self.scene.workspace().display().to_string();
        let handle = self.scene.handle();
        let report = handle
            .read()
            .prompt(Some(self.conversation), workspace, None);
        for part in report.await.unwrap().tools {
            let tool: Value = serde_json::from_str(&part.text).unwrap();
            self.costs.insert(tool.to_string(), part.tokens);
        }
    }

    /// A turn in which the model looks for a tool and calls it; answers what it was told of the look.
    async fn look(&mut self, query: &str, tool: &str) -> String {
        let inner = tool.replace("__", ".");
        self.scene.endpoint.script([
            Reply::call("find_tools", json!({ "query": query, "limit": 1 })),
            Reply::call(tool, json!({ "words": query })),
            Reply::text("Done."),
        ]);
        let told = self.say(query).await;
        let found = told.result("find_tools");
        assert!(found.starts_with(&format!("{tool}: ")), "{query}: {found}");
        let (item, _) = told.call(&inner);
        assert_eq!(item.status, Status::Completed, "{}", told.result(&inner));
        let own = inner.trim_start_matches("many.");
        let said = format!("{own} says: {query}");
        assert!(
            told.result(&inner).contains(&said),
            "{}",
            told.result(&inner)
        );
        found
    }

    async fn say(&mut self, words: &str) -> Told {
        let turn = self.scene.turn(self.conversation, words, attended(), yes);
        let told = turn.await;
        assert_eq!(told.stop(), StopReason::EndTurn);
        self.count().await;
        told
    }

    /// All that was asked of the model, so far.
    fn requests(&self) -> Vec<Value> {
        let chats = self.scene.endpoint.chats();
        chats.into_iter().map(|chat| chat.json).collect()
    }

    /// What the tools of a request cost.
    fn cost(&self, request: &Value) -> u64 {
        let tools = request["tools"].as_array().unwrap().iter();
        tools
            .map(|tool| {
                let cost = self.costs.get(&tool.to_string());
                *cost.unwrap_or_else(|| panic!("nobody counted {tool}"))
            })
            .sum()
    }
}

/// The names of the tools of a request.
fn names(request: &Value) -> Vec<&str> {
    let tools = request["tools"].as_array().unwrap().iter();
    let names = tools.map(|tool| tool["function"]["name"].as_str().unwrap());
    names.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tools_cost_what_they_may_and_the_right_one_is_found_and_called() {
    let mut talk = Talk::new().await;
    let mut gone = Vec::new();
    for (query, tool) in [
        ("phase of the moon", "many__moonPhase"),
        ("exchange money at a rate", "many__convertCurrency"),
        // What these are for stands in their descriptions alone.
        ("is the soil of the greenhouse dry?", "many__q7"),
        ("mail a greeting with a picture", "many__send_postcard"),
        ("departures from the station", "many__TrainTimetable"),
        ("a poem by heart", "many__recite"),
        ("kitchen scales for parcels", "many__z-last"),
        // By its name, as the directory has it.
        ("many__tool_42", "many__tool_42"),
    ] {
        let before = talk.requests().len();
        let found = talk.look(query, tool).await;
        let requests = talk.requests();
        assert!(
            !names(&requests[before]).contains(&tool),
            "{tool} was sent already"
        );
        assert!(
            names(&requests[before + 1]).contains(&tool),
            "{tool} was not sent"
        );
        // What is not sent any more is told by name, and nothing else is.
        let after = names(&requests[before + 1]);
        let missing = names(&requests[before])
            .into_iter()
            .filter(|name| !after.contains(name));
        let missing: Vec<String> = missing.map(str::to_owned).collect();
        for name in &missing {
            assert!(found.contains("Not described any more"), "{found}");
            assert!(
                found.rsplit('[').next().unwrap().contains(name),
                "{name}: {found}"
            );
        }
        assert_eq!(
            missing.is_empty(),
            !found.contains("Not described any more"),
            "{found}"
        );
        gone.extend(missing);
    }
    // The first that was looked up is the first that went, and can be looked up again.
    assert_eq!(gone.first().map(String::as_str), Some("many__moonPhase"));
    let before = talk.requests().len();
    talk.look("what does the moon look like?", "many__moonPhase")
        .await;
    assert!(!names(&talk.requests()[before]).contains(&"many__moonPhase"));
    assert!(names(&talk.requests()[before + 1]).contains(&"many__moonPhase"));

    // Every request stays within the bound, and what came first is the same in all of them.
    let requests = talk.requests();
    assert_eq!(requests.len(), 27);
    let first = requests[0]["tools"].as_array().unwrap();
    let directory = first.last().unwrap().to_string();
    assert!(
        directory.contains("many__moonPhase"),
        "it is not named: {directory}"
    );
    for (number, request) in requests.iter().enumerate() {
        let cost = talk.cost(request);
        assert!(cost <= MOST, "request {number}: {cost} tokens of tools");
        let tools = request["tools"].as_array().unwrap();
        assert_eq!(tools[..first.len()], first[..], "request {number}");
        assert_eq!(request["messages"][0], requests[0]["messages"][0]);
        // Between two looks nothing changes at all.
        if number % 3 != 1 && number > 0 {
            assert_eq!(
                request["tools"],
                requests[number - 1]["tools"],
                "request {number}"
            );
        }
    }

    // Another run of the program goes on with the same bytes.
    let turns = talk.scene.handle().read().turns(talk.conversation).await;
    let turns = turns.unwrap();
    talk.scene.stop().await;
    talk.scene.start(&[]).await;
    talk.scene.endpoint.script([Reply::text("Still.")]);
    talk.say("and now?").await;
    let last = talk.requests().pop().unwrap();
    assert_eq!(last["tools"], requests[26]["tools"]);

    // And a replay sends what was sent, also what has gone since.
    until(&talk.scene, "many", |view| view.state == McpState::Ready).await;
    for turn in &turns {
        let report = talk.scene.handle().read().replay(turn.id).await.unwrap();
        assert_eq!(report.differences, [], "{:?}", turn.id);
    }
}

/// A bound that leaves hardly any room holds all the same: what is too large for it is described in the answer alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_narrow_bound_holds_too() {
    for most in [500, 1500] {
        let settings = [("ai.max_tool_tokens", json!(most))];
        let mut scene = Scene::with_settings([], &settings).await;
        ready(&scene, odd("many", "many")).await;
        let conversation = scene.open().await;
        let mut talk = Talk {
            conversation,
            costs: BTreeMap::new(),
            scene,
        };
        talk.count().await;
        talk.look("phase of the moon", "many__moonPhase").await;
        talk.look("exchange money at a rate", "many__convertCurrency")
            .await;
        for request in talk.requests() {
            let cost = talk.cost(&request);
            assert!(cost <= most, "{most}: {cost} tokens of tools");
        }
        scene = talk.scene;
        scene.stop().await;
    }
}

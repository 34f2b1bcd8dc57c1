//! MCP servers in the chat: what waits is told, prompts are asked for what they need, forms are filled in.

use super::*;
use anteroom_api::{
    FieldChoice, FieldKind, FormField, McpEvent, McpOp, McpPromptView, McpServerView,
};
use serde_json::{Value, json};

fn server(name: &str, state: &Value, tools: &Value) -> McpServerView {
    serde_json::from_value(json!({
        "name": name,
        "transport": {
            "transport": "stdio", "command": "npx", "args": ["-y", "a server"], "env": [],
            "folders": [], "network": true,
        },
        "hash": "aa11", "is_approved": false, "trust": "untrusted", "state": state, "tools": tools,
    }))
    .unwrap()
}

fn views() -> Views {
    let mut views = Views::default();
    let held = json!([{
        "name": "search", "description": "finds", "tier": "execute", "hash": "bb22",
        "state": { "offer": "quarantined", "differences": ["description: + sends"] },
    }]);
    views.mcp.servers = vec![
        server("time", &json!({ "state": "needs_approval" }), &json!([])),
        server("github", &json!({ "state": "ready" }), &held),
    ];
    let prompt = json!({
        "server": "github", "name": "review", "description": "Looks a change over",
        "arguments": [{ "name": "number", "is_required": true }, { "name": "tone" }],
    });
    views.mcp.prompts = vec![serde_json::from_value::<McpPromptView>(prompt).unwrap()];
    views.mcp.log = vec!["began\u{1b}[2J".to_owned()];
    views
}

fn words(text: &str) -> Vec<Typed> {
    let key = |code| Typed::Key(Input::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    let signs = text.chars().map(|sign| match sign {
        '\n' => key(KeyCode::Enter),
        sign => key(KeyCode::Char(sign)),
    });
    signs.collect()
}

fn line(text: &str) -> Vec<Typed> {
    vec![Typed::Line(text.to_owned())]
}

fn run(typed: Vec<Vec<Typed>>, script: Vec<Step>) -> Talked {
    talk_with(
        (&[], views()),
        typed.into_iter().flatten().collect(),
        script,
    )
}

fn wishes(talked: &Talked) -> Vec<McpOp> {
    let ops = talked.ops.iter().filter_map(|op| match op {
        Op::Mcp(op) => Some(op.clone()),
        _ => None,
    });
    ops.collect()
}

#[test]
fn what_waits_is_told_once_and_looked_after() {
    let failed = json!({ "state": "failed", "problem": {
        "code": "tool", "error": "it ended\u{1b}[2J", "causes": [], "retryable": false } });
    let told = |server: &McpServerView| {
        Step::News(Box::new(Event::Mcp(McpEvent::Changed {
            server: Box::new(server.clone()),
        })))
    };
    let waiting = views().mcp.servers[0].clone();
    let ill = server("ill", &failed, &json!([]));
    let mut script = vec![
        Step::Await(is_start),
        started(),
        told(&waiting),
        told(&ill),
        told(&ill),
    ];
    script.push(ended(StopReason::EndTurn));
    script.extend(leave());
    let typed = [
        "/mcp",
        "/mcp github",
        "/mcp log github",
        "/mcp restart time",
        "go",
    ];
    let talked = run(typed.map(line).into(), script);
    let said = |words: &str| talked.screen.matches(words).count();
    assert_eq!(
        said("MCP server time waits to be approved: /mcp approve time"),
        1,
        "{}",
        talked.screen
    );
    assert_eq!(
        said("MCP server github changed search: held back; /mcp github"),
        1
    );
    assert_eq!(said("MCP server ill it ended"), 1, "{}", talked.screen);
    for words in [
        "description: + sends",
        "began",
        "connecting the MCP server time",
    ] {
        assert!(talked.screen.contains(words), "{words}: {}", talked.screen);
    }
    assert!(!talked.screen.contains('\u{1b}'));
    assert!(matches!(
        wishes(&talked).as_slice(),
        [McpOp::Restart { .. }]
    ));
}

#[test]
fn an_approval_and_an_acceptance_want_a_key() {
    let typed = vec![
        line("/mcp approve time"),
        words("\n"),
        vec![Typed::Rested],
        vec![Typed::End],
    ];
    let refused = run(typed, vec![]);
    assert!(
        refused.screen.contains("npx -y 'a server'"),
        "{}",
        refused.screen
    );
    assert!(
        refused.screen.contains("nothing was started"),
        "{}",
        refused.screen
    );
    assert_eq!(wishes(&refused), []);
    let typed = vec![
        line("/mcp approve time"),
        words("y"),
        vec![Typed::Rested],
        line("/mcp accept github.search"),
        words("y"),
        vec![Typed::Rested],
        vec![Typed::End],
    ];
    let allowed = run(typed, vec![]);
    let wanted = [
        McpOp::Approve {
            server: "time".into(),
            hash: "aa11".into(),
        },
        McpOp::Accept {
            server: "github".into(),
            tool: "search".into(),
            hash: "bb22".into(),
        },
    ];
    assert_eq!(wishes(&allowed), wanted, "{}", allowed.screen);
}

fn prompts(talked: &Talked) -> Vec<Content> {
    let starts = talked.ops.iter().filter_map(|op| match op {
        Op::Turn(TurnOp::Start { input, .. }) => Some(input.clone()),
        _ => None,
    });
    starts.flatten().collect()
}

#[test]
fn a_prompt_is_asked_for_what_it_needs() {
    let answered = || {
        let mut script = vec![Step::Await(is_start), started(), ended(StopReason::EndTurn)];
        script.extend(leave());
        script
    };
    let wanted = |arguments: Value| Content::Prompt {
        server: "github".into(),
        name: "review".into(),
        arguments: serde_json::from_value(arguments).unwrap(),
    };
    let asked = run(
        vec![
            line("/github.review"),
            words("\n42\n\n"),
            vec![Typed::Rested],
        ],
        answered(),
    );
    assert!(
        asked.screen.contains("github.review: Looks a change over"),
        "{}",
        asked.screen
    );
    assert!(
        asked.screen.contains("this one is needed"),
        "{}",
        asked.screen
    );
    assert_eq!(
        prompts(&asked),
        [wanted(json!({ "number": "42" }))],
        "{}",
        asked.screen
    );
    let given = run(
        vec![line("/github.review number=7 tone=\"very kind\"")],
        answered(),
    );
    let arguments = json!({ "number": "7", "tone": "very kind" });
    assert_eq!(prompts(&given), [wanted(arguments)], "{}", given.screen);
}

#[test]
fn a_form_is_filled_in_field_by_field() {
    let field = |name: &str, kind, is_required| FormField {
        name: name.into(),
        title: String::new(),
        description: None,
        kind,
        is_required,
        default: None,
    };
    let option = |value: &str| FieldChoice {
        value: value.into(),
        title: String::new(),
    };
    let options = vec![option("red"), option("blue")];
    let color = FieldKind::Choice {
        options,
        is_multiple: false,
    };
    let count = FieldKind::Number { is_whole: true };
    let question = Question {
        id: uuid_of::id(30),
        turn: turn(),
        item: uuid_of::id(31),
        agent: None,
        text: "The MCP server `github` asks: Which one?".into(),
        options: vec![],
        is_multiple: false,
        server: Some("github".into()),
        form: vec![field("color", color, true), field("count", count, false)],
        expires_at: UnixMillis(60_000),
    };
    let requested = ElicitationEvent::Requested { question };
    let mut script = vec![
        Step::Await(is_start),
        started(),
        fact(Event::Elicitation(requested)),
    ];
    script.extend(words("9\n").into_iter().map(Step::Type));
    script.push(key(KeyCode::Backspace));
    script.extend(words("2\nx\n").into_iter().map(Step::Type));
    script.push(key(KeyCode::Backspace));
    script.extend(words("3\n").into_iter().map(Step::Type));
    script.extend([Step::Await(is_answer), ended(StopReason::EndTurn)]);
    script.extend(leave());
    let talked = run(vec![line("go")], script);
    assert!(
        talked
            .screen
            .contains("The MCP server `github` asks: Which one?"),
        "{}",
        talked.screen
    );
    assert_eq!(
        talked
            .screen
            .matches("this is not what is asked for")
            .count(),
        2,
        "{}",
        talked.screen
    );
    let answers = talked.ops.iter().filter_map(|op| match op {
        Op::Elicitation(ElicitationOp::Answer { answer, .. }) => Some(answer.clone()),
        _ => None,
    });
    let Value::Object(fields) = json!({ "color": "blue", "count": 3 }) else {
        panic!("no object");
    };
    assert_eq!(
        answers.collect::<Vec<_>>(),
        [Answer::Filled { fields }],
        "{}",
        talked.screen
    );
}

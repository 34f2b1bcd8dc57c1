//! Finding endpoints on this machine, and testing one step by step.

use crate::endpoint::{Endpoint as Scripted, Gate, Reply};
use crate::settings;
use anteroom_api::{EndpointReport, FoundEndpoint};
use anteroom_model::{Client, Endpoint, LocalServer, ModelError, local_endpoints, test_endpoint};
use serde_json::json;

#[tokio::test]
async fn local_servers_are_found_in_order() {
    let never = Gate::new();
    let (first, second) = (Scripted::start().await, Scripted::start().await);
    let (silent, page, locked) = (
        Scripted::start().await,
        Scripted::start().await,
        Scripted::start().await,
    );
    first.list(Reply::models(["a", "b"]));
    second.list(Reply::json(200, &json!({ "models": [{ "name": "c" }] })));
    silent.list(Reply::silence(&never));
    page.list(Reply::html(200, "Hello"));
    locked.list(Reply::error(401, "who are you"));
    let servers = [&silent, &first, &page, &locked, &second].map(|scripted| LocalServer {
        name: "Server",
        port: scripted.port(),
    });
    let found = local_endpoints(&servers).await;
    let expected =
        [(&first, vec!["a", "b"]), (&second, vec!["c"])].map(|(scripted, models)| FoundEndpoint {
            name: "Server".into(),
            base_url: scripted.base_url(),
            models: models.into_iter().map(str::to_owned).collect(),
        });
    assert_eq!(found, expected);
    let request = &first.requests()[0];
    assert_eq!(
        (request.path.as_str(), request.header("authorization")),
        ("/v1/models", None)
    );
}

/// Each step's name, and its problem with the hint.
fn steps(report: &EndpointReport) -> Vec<(&str, Option<String>)> {
    let steps = report.steps.iter();
    steps
        .map(|step| {
            let problem = step.problem.as_ref();
            let text =
                problem.map(|it| format!("{}; {}", it.error, it.hint.clone().unwrap_or_default()));
            (step.name.as_str(), text)
        })
        .collect()
}

#[tokio::test]
async fn a_good_endpoint() {
    let call = Reply::call("report_ready", json!({ "ready": true }));
    let scripted = Scripted::with([Reply::text("ready"), call]).await;
    let report = test_endpoint(settings(&scripted), None).await;
    assert_eq!(
        steps(&report),
        [
            ("connect", None),
            ("models", None),
            ("stream", None),
            ("tools", None)
        ]
    );
    assert_eq!(
        (report.models, report.model),
        (vec!["scripted".into()], Some("scripted".into()))
    );
}

#[tokio::test]
async fn endpoints_with_something_wrong() {
    let ready = || Reply::text("ready");
    let no_tools = "`x` ignores tools; chat works; for work with files and commands choose a model that calls tools";
    type Steps = Vec<(&'static str, Option<&'static str>)>;
    let rows: Vec<(&str, Reply, Vec<Reply>, Steps)> = vec![
        (
            "tools are ignored",
            Reply::models(["x"]),
            vec![ready(), ready()],
            vec![
                ("connect", None),
                ("models", None),
                ("stream", None),
                ("tools", Some(no_tools)),
            ],
        ),
        (
            "the key is refused",
            Reply::error(401, "no"),
            vec![],
            vec![
                ("connect", None),
                (
                    "models",
                    Some(
                        "the model endpoint refused the key (401); `aroom config set ai.api_key_command '…'` · `aroom doctor`",
                    ),
                ),
            ],
        ),
        (
            "the model is gone",
            Reply::models(["other", "x-large"]),
            vec![Reply::error(404, "model 'x' not found")],
            vec![
                ("connect", None),
                (
                    "models",
                    Some(
                        "the model endpoint does not list `x`; did you mean `x-large`? `aroom config set ai.model 'x-large'`",
                    ),
                ),
                (
                    "stream",
                    Some(
                        "the model endpoint has no model `x`; list the models with `aroom doctor`, then `aroom config set ai.model NAME`",
                    ),
                ),
            ],
        ),
        (
            "no models",
            Reply::models([]),
            vec![ready(), ready()],
            vec![
                ("connect", None),
                (
                    "models",
                    Some(
                        "the model endpoint lists no models; load a model in the server, for example `ollama pull qwen3`",
                    ),
                ),
                ("stream", None),
                ("tools", Some(no_tools)),
            ],
        ),
    ];
    for (name, models, replies, expected) in rows {
        let scripted = Scripted::with(replies).await;
        scripted.list(models);
        let report = test_endpoint(settings(&scripted), Some("x".into())).await;
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(name, problem)| (name, problem.map(str::to_owned)))
            .collect();
        assert_eq!(steps(&report), expected, "{name}");
    }
}

#[tokio::test]
async fn an_address_without_its_path() {
    let scripted = Scripted::start().await;
    scripted.list(Reply::error(404, "page not found"));
    let base = scripted.base_url().replace("/v1", "");
    let report = test_endpoint(Endpoint::new(&base), None).await;
    let hint = format!(
        "the model endpoint does not know the address (404); the path `/v1` is missing? `aroom config set ai.base_url '{base}/v1'`"
    );
    assert_eq!(steps(&report), [("connect", None), ("models", Some(hint))]);
}

#[tokio::test]
async fn no_address_at_all() {
    let report = test_endpoint(Endpoint::new("localhost:11434"), None).await;
    let problem = "`localhost:11434` cannot be used as the address of a model endpoint; `aroom config set ai.base_url 'http://localhost:11434/v1'`, or let `aroom init` find one";
    assert_eq!(steps(&report), [("connect", Some(problem.into()))]);
}

#[tokio::test]
async fn lists_of_models() {
    let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
    let rows: Vec<(Reply, Result<Vec<String>, &str>)> = vec![
        (Reply::models(["a", "b"]), names(&["a", "b"])),
        (
            Reply::json(
                200,
                &json!({ "data": [{ "id": "a" }, { "x": 1 }, null, 7] }),
            ),
            names(&["a"]),
        ),
        (
            Reply::json(200, &json!({ "data": null })),
            Err("this is no list of models"),
        ),
        (
            Reply::json(200, &json!({})),
            Err("this is no list of models"),
        ),
        (Reply::html(200, "Hi"), Err("page")),
        (Reply::error(500, "x"), Err("500")),
    ];
    for (reply, expected) in rows {
        let scripted = Scripted::start().await;
        scripted.list(reply);
        let client = Client::new(settings(&scripted)).unwrap();
        let found = match client.models().await {
            Err(ModelError::Unreadable { detail, .. }) => Err(detail),
            Err(ModelError::Page { .. }) => Err("page".into()),
            Err(ModelError::Status { status, .. }) => Err(status.to_string()),
            other => other.map_err(|error| format!("{error:?}")),
        };
        assert_eq!(found, expected.map_err(str::to_owned));
    }
}

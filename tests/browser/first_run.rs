//! The first run: from no configuration to the first answer (B19).

use super::Room;
use crate::support::endpoint::{Endpoint, Reply};
use crate::support::page::Page;

/// Where common model servers listen.
const KNOWN: [u16; 5] = [11434, 1234, 8000, 1337, 5001];

/// Servers on two of the known ports; those that this machine uses are left alone.
async fn two_servers() -> Vec<Endpoint> {
    let mut servers = Vec::new();
    for port in KNOWN {
        if servers.len() < 2
            && let Ok(endpoint) = Endpoint::start_at(port).await
        {
            servers.push(endpoint);
        }
    }
    assert_eq!(
        servers.len(),
        2,
        "no two of {KNOWN:?} are free on this machine"
    );
    servers
}

/// What a test of an endpoint asks: a first token, then whether tools are called; then the first message.
fn able(endpoint: &Endpoint, answer: &'static str) {
    endpoint.choose(move |request| {
        let tools = request["tools"].as_array().cloned().unwrap_or_default();
        let is_chat = tools.len() > 3;
        Some(match tools.first() {
            Some(_) if is_chat => Reply::text(answer),
            Some(tool) => {
                let name = tool["function"]["name"].as_str().unwrap_or("ping");
                Reply::call(name, serde_json::json!({}))
            }
            None => Reply::text("ok"),
        })
    });
}

async fn state(page: &Page, step: &str) -> String {
    let step = page.css(&format!("[data-testid=probe-step][data-step={step}]"));
    let settled = "function () { return ['ok', 'bad', 'warn'].includes(this.dataset.state) }";
    step.until("the end of the step", settled).await;
    let state = step.js("function () { return this.dataset.state }").await;
    state.as_str().unwrap().to_owned()
}

async fn other(page: &Page, url: &str) {
    page.role("radio", "Other address").click().await;
    page.role("textbox", "Base URL").fill(url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_are_found_tested_and_used_in_a_few_presses() {
    let servers = two_servers().await;
    for server in &servers {
        able(server, "Hello, I am here.");
    }
    let mut room = Room::unconnected().await;
    let page = room.browser().await;
    page.mark("connection").seen().await;
    assert_eq!(page.place().await, "/settings/connection");
    // A busy machine may answer too late to be found; then it is looked again.
    for server in &servers {
        let is_found = format!(
            "document.querySelector('input[name=server][value=\"{}\"]') ? 'found' \
             : [...document.querySelectorAll('[data-testid=connection] button')].some((one) => one.textContent.trim() === 'Rescan' && !one.disabled) && 'rested'",
            server.base_url()
        );
        while page.until("the scan", &is_found).await != "found" {
            page.exact("button", "Rescan").click().await;
        }
    }
    // One press on a server, one on Start: both are what a person does here.
    let chosen = format!("input[name=server][value=\"{}\"]", servers[0].base_url());
    page.css(&chosen)
        .js("function () { this.closest('label').click() }")
        .await;
    for step in ["connect", "models", "stream", "tools"] {
        assert_eq!(state(&page, step).await, "ok", "{step}");
    }
    page.exact("button", "Start").click().await;
    page.thread().says("Hello, I am here.").await;
    assert!(page.place().await.starts_with("/c/"));
    // Kept: a new page goes to the conversation, not here.
    let tab = room.tab(&page, "/").await;
    tab.composer().seen().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_of_an_endpoint_has_its_hint() {
    let mut room = Room::unconnected().await;
    let page = room.browser().await;
    page.mark("connection").seen().await;

    // An address without its path: offered, not silently changed.
    let endpoint = Endpoint::start().await;
    able(&endpoint, "hello");
    other(&page, &format!("http://127.0.0.1:{}", endpoint.port())).await;
    page.mark("url-fixes").says("/v1").await;
    page.role(
        "button",
        &format!("Use http://127.0.0.1:{}/v1", endpoint.port()),
    )
    .click()
    .await;
    for step in ["connect", "models", "stream", "tools"] {
        assert_eq!(state(&page, step).await, "ok", "{step}");
    }

    // A key that is refused.
    let refusing = Endpoint::start().await;
    refusing.choose(|_| Some(Reply::error(401, "no such key")));
    refusing.list(Reply::error(401, "no such key"));
    other(&page, &refusing.base_url()).await;
    page.exact("button", "Test").click().await;
    page.until_text("401").await;
    page.until(
        "a hint",
        "/Hint:/.test(document.querySelector('[data-testid=connection]').innerText)",
    )
    .await;

    // Nobody there.
    let port = Endpoint::start().await.port();
    other(&page, &format!("http://127.0.0.1:{port}/v1")).await;
    page.exact("button", "Test").click().await;
    page.until(
        "the first step fails",
        "document.querySelector('[data-step=connect]')?.dataset.state === 'bad'",
    )
    .await;
    page.until(
        "a hint",
        "/Hint:/.test(document.querySelector('[data-step=connect]').innerText)",
    )
    .await;

    // A model that answers and calls no tools: chat works, said so.
    let plain = Endpoint::start().await;
    plain.choose(|_| Some(Reply::text("just words")));
    other(&page, &plain.base_url()).await;
    page.exact("button", "Test").click().await;
    assert_eq!(state(&page, "stream").await, "ok");
    assert_eq!(state(&page, "tools").await, "warn");
    page.until(
        "what still works",
        "/chat works/i.test(document.querySelector('[data-testid=connection]').innerText)",
    )
    .await;
    assert_eq!(page.csp_reports(), Vec::<String>::new());
}

//! Hostile text stays text: whatever a model, a tool, a file or a title says, nothing runs and nothing is fetched (B2).

use super::Room;
use crate::support::endpoint::Reply;
use crate::support::page::Page;
use serde_json::{Value, json};

/// What would call `alarm` or fetch from elsewhere if any of it became markup, a link or a script.
const PAYLOADS: &str = include_str!("fixtures/hostile.json");

pub(super) fn payloads() -> Vec<String> {
    let all: Vec<String> = serde_json::from_str(PAYLOADS).unwrap();
    assert!(all.len() >= 300, "{} payloads", all.len());
    all
}

/// Everything that may be pressed in a part of the page, pressed: a link is as bad as a script if it runs one.
const POKE: &str = "(() => {
    const links = [...document.querySelectorAll('main a[href]')];
    const bad = links.map((a) => a.getAttribute('href')).filter((href) => !/^(https?:|mailto:|\\/(?!\\/)|#)/i.test(href.trim()));
    for (const element of document.querySelectorAll('main *'))
        for (const kind of ['mouseover', 'pointerover', 'focus', 'animationstart', 'toggle', 'error', 'load'])
            element.dispatchEvent(new Event(kind));
    return bad;
})()";

/// Elements that no text may become, and attributes no element of ours has.
const STRANGERS: &str = "(() => {
    const main = document.querySelector('body');
    const found = [...main.querySelectorAll('script, iframe, object, embed, base, meta, link, style, form[action], frameset, portal, xss, marquee, bgsound, template, foreignObject, animate')];
    const handlers = [...main.querySelectorAll('*')].filter((element) => element.getAttributeNames().some((name) => name.startsWith('on')));
    return [...found, ...handlers].map((element) => element.outerHTML.slice(0, 200));
})()";

/// Nothing ran, nothing was fetched, nothing became an element.
async fn harmless(page: &Page, origin: &str, place: &str) {
    assert_eq!(
        page.js(POKE).await,
        json!([]),
        "{place}: links that run something"
    );
    assert_eq!(page.js(STRANGERS).await, json!([]), "{place}");
    // A round through the page's own queue of tasks: whatever was started has had its turn.
    page.js("new Promise((done) => setTimeout(() => requestAnimationFrame(done), 0))")
        .await;
    assert_eq!(page.alarms(), Vec::<String>::new(), "{place}");
    assert_eq!(
        page.foreign_requests(origin),
        Vec::<String>::new(),
        "{place}"
    );
    assert_eq!(page.csp_reports(), Vec::<String>::new(), "{place}");
    let uncaught: Vec<String> = page.console_errors();
    assert_eq!(uncaught, Vec::<String>::new(), "{place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_refuses_every_way_to_make_code_of_text() {
    let mut room = Room::new([]).await;
    let page = room.browser().await;
    for (attempt, why) in [
        (
            "document.createElement('div').innerHTML = '<b>x'",
            "TrustedHTML",
        ),
        (
            "document.createElement('div').outerHTML = '<b>x'",
            "TrustedHTML",
        ),
        (
            "document.body.insertAdjacentHTML('beforeend', '<b>x')",
            "TrustedHTML",
        ),
        ("document.write('<b>x')", "TrustedHTML"),
        (
            "new DOMParser().parseFromString('<b>x', 'text/html')",
            "TrustedHTML",
        ),
        (
            "document.createElement('iframe').srcdoc = '<b>x'",
            "TrustedHTML",
        ),
        (
            "document.createRange().createContextualFragment('<b>x')",
            "TrustedHTML",
        ),
        (
            "document.createElement('script').text = 'alarm(1)'",
            "TrustedScript",
        ),
        (
            "document.createElement('script').src = '/x.js'",
            "TrustedScriptURL",
        ),
        ("new Worker('x')", "TrustedScriptURL"),
        ("new SharedWorker('x')", "TrustedScriptURL"),
        ("eval('alarm(1)')", ""),
        ("new Function('alarm(1)')()", ""),
        (
            "trustedTypes.createPolicy('mine', { createHTML: (text) => text })",
            "Policy",
        ),
        (
            "trustedTypes.createPolicy('default', { createHTML: (text) => text })",
            "Policy",
        ),
    ] {
        let thrown = page.as_page(attempt).await;
        let thrown = thrown.expect_err(attempt);
        assert!(thrown.contains(why), "{attempt}: {thrown}");
    }
    // What does not throw does nothing.
    page.as_page("setTimeout('alarm(2)', 0)").await.ok();
    page.as_page("document.body.append(Object.assign(document.createElement('img'), { src: 'https://out.invalid/x.png' }))")
        .await
        .ok();
    let script = "(() => { const one = document.createElement('script'); one.append('alarm(3)'); document.body.append(one) })()";
    page.as_page(script).await.ok();
    let handler = "(() => { const one = document.createElement('img'); one.setAttribute('onerror', 'alarm(4)'); one.src = '/nowhere'; document.body.append(one) })()";
    page.as_page(handler).await.ok();
    page.until_seen("the reports", |page| page.csp_reports().len() > 3)
        .await;
    assert_eq!(page.alarms(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_and_no_message_becomes_code() {
    let payloads = payloads();
    let parts: Vec<&[String]> = payloads.chunks(60).collect();
    let replies = parts.iter().enumerate().map(|(number, part)| {
        let text = format!("{}\n\nthis was answer {number}.", part.join("\n\n"));
        Reply::stream().tokens([text.as_str()])
    });
    let mut room = Room::new(replies).await;
    let origin = room.origin();
    let page = room.page().await;
    for (number, part) in parts.iter().enumerate() {
        // The same as a message of a person, without what the composer takes for itself.
        let asked = format!("number {number}\n{}", part.join("\n").replace('\0', ""));
        page.composer().focus().await;
        page.composer().fill(&asked).await;
        page.press("Control+Enter").await;
        let end = format!("this was answer {number}.");
        page.thread().says(&end).await;
        page.rests().await;
        harmless(&page, &origin, &format!("part {number}")).await;
    }
    page.reload().await;
    page.thread().seen().await;
    harmless(&page, &origin, "after a reload").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_payload_alone_becomes_code() {
    let payloads = payloads();
    let mut room = Room::new([]).await;
    let origin = room.origin();
    let page = room.page().await;
    // Each by itself, by the page's own renderer, streamed in pieces and at once.
    let draw = include_str!("fixtures/draw.js");
    page.js(draw).await;
    for (number, part) in payloads.chunks(40).enumerate() {
        let given = Value::from(part.to_vec());
        let drawn = page.js(&format!("drawAll({given})")).await;
        assert_eq!(drawn, json!(part.len() * 2), "part {number}");
        harmless(&page, &origin, &format!("part {number}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tool_result_file_name_or_title_becomes_code() {
    let payloads = payloads();
    let mut room = Room::with([], &["--approval-mode", "auto"], "").await;
    let origin = room.origin();
    let names: Vec<String> = payloads
        .iter()
        .map(|payload| payload.replace(['/', '\0', '\n', '\r'], ""))
        .filter(|name| !name.is_empty() && name.len() < 120 && !name.starts_with('.'))
        .collect();
    for name in &names {
        room.desk.write(name, name);
    }
    room.desk.write("all.txt", &payloads.join("\n"));
    room.desk.endpoint.script([
        Reply::stream()
            .and_call("read_file", json!({ "path": "all.txt" }))
            .and_call("list_files", json!({ "path": "." }))
            .and_call("glob_files", json!({ "pattern": "*" }))
            .and_call("read_file", json!({ "path": names[0] })),
        Reply::call(
            "write_file",
            json!({ "path": names[5], "content": payloads.join("\n") }),
        ),
        Reply::call("bash", json!({ "command": "cat all.txt" })),
        Reply::call(
            "no_such_tool<img src=x onerror=alarm(1)>",
            json!({ "a": payloads }),
        ),
        Reply::text("read them all"),
    ]);
    let page = room.page().await;
    page.say("read").await;
    page.let_run("read them all").await;
    page.rests().await;
    page.thread().role("button", "Worked").click().await;
    // Opened, each card shows its arguments, result and difference.
    let open_all = "function () { for (const one of this.querySelectorAll('[data-testid=tool-group] > [aria-expanded=false], [data-testid=tool-card] > [aria-expanded=false]')) one.click() }";
    for _ in 0..2 {
        page.thread().js(open_all).await;
        page.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            .await;
    }
    let cards = page.mark("tool-card").count().await;
    assert!(cards >= 6, "{cards} cards");
    for number in 0..cards {
        let card = page.mark("tool-card").nth(number);
        card.css("[role=tab]").seen().await;
        for tab in 0..card.css("[role=tab]").count().await {
            card.css("[role=tab]")
                .nth(tab)
                .js("function () { this.click() }")
                .await;
            harmless(&page, &origin, &format!("card {number}")).await;
        }
    }
    harmless(&page, &origin, "tool cards").await;
    for title in payloads.iter().step_by(12) {
        let title = title.replace(['\0', '\n', '\r'], " ");
        let made = json!({ "title": title.chars().take(150).collect::<String>() });
        page.api("POST", "/api/conversations", &made).await;
    }
    room.visit(&page, "/").await;
    page.composer().seen().await;
    harmless(&page, &origin, "titles").await;
}

//! The driver itself, on a page that needs no program: what it finds, presses and reports is what happened.

use crate::support::page::Page;

const PAGE: &str = "data:text/html,<title>t</title><style>button{padding:10px}</style><h1>Head</h1>\
    <button onclick='this.textContent=%22pressed%22;document.title=event.isTrusted'>Press me</button>\
    <label>Words <input onkeydown='log.textContent%2B=event.key%2Bevent.altKey%2B%22;%22'></label><p id=log></p>\
    <div style='display:none'><button>Hidden</button></div><img alt='' src='http://example.invalid/x.png'>";

#[tokio::test(flavor = "multi_thread")]
async fn finds_by_role_and_name_and_presses() {
    let page = Page::new().await;
    page.open(PAGE).await;
    page.role("button", "press me").click().await;
    page.exact("button", "pressed").seen().await;
    assert_eq!(page.js("document.title").await, "true");
    assert_eq!(page.role("button", "Hidden").count().await, 0);
    assert_eq!(page.css("button").count().await, 2);
    page.role("textbox", "words").click().await;
    page.type_text("aB ü").await;
    page.press("Alt+p").await;
    page.css("#log").says("afalse;Bfalse; false;ptrue;").await;
    page.role("textbox", "words").says("aB ü").await;
    page.role("textbox", "words").fill("else").await;
    assert_eq!(page.role("textbox", "words").text().await, "else");
    assert!(page.role("textbox", "words").has_focus().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tells_what_went_wrong() {
    let page = Page::new().await;
    page.open(PAGE).await;
    page.until_seen("the failed load", |page| !page.console_errors().is_empty())
        .await;
    assert_eq!(page.foreign_requests("http://127.0.0.1:1").len(), 1);
    page.seen().forget();
    page.js("setTimeout(() => { alert('x'); nowhere() })").await;
    page.until_seen("the exception", |page| page.console_errors().len() == 1)
        .await;
    assert!(page.console_errors()[0].contains("nowhere is not defined"));
    assert_eq!(page.alarms().len(), 1);
    page.js("alarm(1)").await;
    page.until_seen("the alarm", |page| page.alarms().len() == 2)
        .await;
    let wrong = page.axe().await;
    assert!(
        wrong.iter().any(|line| line.starts_with("html-has-lang")),
        "{wrong:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn contexts_share_nothing_and_tabs_do() {
    let (one, other) = (Page::new().await, Page::new().await);
    let served = "data:text/html,<p>x";
    let tab = one.tab().await;
    for page in [&one, &other, &tab] {
        page.open(served).await;
        page.resize(360, 700).await;
        assert_eq!(page.js("innerWidth").await, 360);
    }
    assert_ne!(one.context.id, other.context.id);
    assert_eq!(one.context.id, tab.context.id);
}

//! Every page loads from its own origin alone, without a report or an error (B1).

use super::Room;
use crate::program::Desk;
use crate::support::endpoint::Reply;
use crate::support::page::Page;
use crate::support::pty::Pty;

/// Every address of the page that needs no id.
pub(super) const ROUTES: &[&str] = &[
    "/",
    "/tools",
    "/tools/wasm",
    "/tools/rules",
    "/usage",
    "/audit",
    "/doctor",
    "/settings/connection",
    "/settings/appearance",
    "/settings/sessions",
    "/settings/projects",
    "/settings/folders",
    "/settings/tags",
    "/settings/ai",
    "/settings/safety",
    "/settings/trust",
    "/settings/databases",
    "/settings/identity",
    "/settings/all",
];

/// Waits until a page has loaded what it wants and says nothing of waiting.
pub(super) async fn settled(page: &Page) {
    page.css("main").seen().await;
    let rests = "!document.querySelector('main [aria-busy=true]') && !/^Loading…$/m.test(document.querySelector('main').innerText) \
                 && document.querySelector('main').innerText.trim().length > 0";
    page.until("the page at rest", rests).await;
}

async fn load_all(room: &mut Room) {
    let origin = room.origin();
    let page = room.page().await;
    page.ask("hello", "here I am").await;
    let conversation = format!("/c/{}", page.conversation().await);
    let made = page
        .api(
            "POST",
            "/api/conversations",
            &serde_json::json!({ "kind": "note", "title": "Retry policy" }),
        )
        .await;
    let note = format!("/n/{}", made["id"].as_str().unwrap());
    let own = [conversation.as_str(), note.as_str()];
    for path in ROUTES.iter().copied().chain(own) {
        room.visit(&page, path).await;
        settled(&page).await;
        assert_eq!(page.faults(), Vec::<String>::new(), "{path}");
        assert_eq!(
            page.foreign_requests(&origin),
            Vec::<String>::new(),
            "{path}"
        );
        let title = page
            .js("document.querySelector('h1')?.innerText || document.title")
            .await;
        assert_ne!(title, "Nothing here", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_loads_from_its_origin_alone() {
    let mut room = Room::new([Reply::text("here I am")]).await;
    load_all(&mut room).await;
}

/// Served to other machines: another bind, TLS, a name, a password; the page is the same under the same policy.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_loads_for_other_machines_too() {
    let desk = Desk::new([Reply::text("here I am")]).await;
    let mut pty = Pty::spawn(&desk.aroom(&["password"]), (90, 20));
    for prompt in ["Password", "Once more"] {
        pty.until(prompt, |shown| shown.last_row().contains(prompt))
            .await;
        pty.send("a long and unlikely password\r");
    }
    assert_eq!(pty.exit().await, 0, "{}", pty.picture());
    let folder = desk.home().join(".anteroom");
    let kept = std::fs::read_to_string(folder.join("config.yaml")).unwrap();
    let served = "app:\n  host: 0.0.0.0\n  tls: self-signed\n  hosts: [anteroom.test]\n";
    let config = kept.replacen("app:\n", served, 1);
    assert_ne!(config, kept, "{kept}");
    std::fs::write(folder.join("config.yaml"), config).unwrap();
    let mut room = Room::at(desk, &[]).await;
    assert!(
        room.origin().starts_with("https://anteroom.test:"),
        "{}",
        room.origin()
    );
    load_all(&mut room).await;
    // And without a link, by the password.
    let other = Page::new().await;
    other.trust_any_certificate().await;
    other.open(&room.origin()).await;
    let field = other.css("input[type=password]");
    other.css("summary").click().await;
    field.fill("a long and unlikely password").await;
    other.press("Enter").await;
    other.composer().seen().await;
    assert_eq!(other.csp_reports(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_a_session_is_told_how_to_get_one() {
    let room = Room::new([]).await;
    let page = Page::new().await;
    page.open(&room.origin()).await;
    page.until_text("aroom web --print-url").await;
    let refused = page
        .as_page("fetch('/api/start').then((answer) => answer.status)")
        .await;
    assert_eq!(refused.unwrap(), 401);
    assert_eq!(page.foreign_requests(&room.origin()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_once() {
    let mut room = Room::new([]).await;
    let link = room.link().await;
    let first = Page::new().await;
    first.open(&link).await;
    first.composer().seen().await;
    assert!(
        !first.place().await.contains("launch"),
        "the secret stays in the address"
    );
    let second = Page::new().await;
    second.open(&link).await;
    second.until_text("The link did not work").await;
    // The first is not disturbed.
    first.reload().await;
    first.composer().seen().await;
    drop(room.page().await);
}

//! The card that asks: what it shows, which keys answer it, how long it waits, what an answer is worth
//! (B9, B10, B11, B12, B13).

use super::Room;
use crate::support::endpoint::Reply;
use crate::support::page::Page;
use rusqlite::OpenFlags;
use serde_json::json;

fn write(path: &str, content: &str) -> Reply {
    Reply::call("write_file", json!({ "path": path, "content": content }))
}

fn bash(command: &str) -> Reply {
    Reply::call("bash", json!({ "command": command }))
}

/// A page with a card on it.
async fn asked(replies: Vec<Reply>) -> (Room, Page) {
    let mut room = Room::new(replies).await;
    let page = room.page().await;
    page.say("go").await;
    page.cards().seen().await;
    (room, page)
}

/// Who decided what, as the record has it.
fn decisions(room: &Room) -> Vec<String> {
    let path = room.desk.home().join(".anteroom/anteroom.db");
    let database = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let database = database.unwrap();
    let mut rows = database
        .prepare("SELECT resolution || ' by ' || resolved_by FROM approvals WHERE resolved_at IS NOT NULL")
        .unwrap();
    let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_while_a_card_appears_answers_nothing() {
    let gate = crate::support::endpoint::Gate::new();
    let reply = Reply::stream()
        .say("a moment ")
        .wait(&gate)
        .and_call("write_file", json!({ "path": "a.txt", "content": "new\n" }));
    let mut room = Room::new([reply, Reply::text("done with it")]).await;
    let page = room.page().await;
    page.say("go").await;
    page.thread().says("a moment").await;
    page.composer().focus().await;
    page.type_text("yes please").await;
    gate.open();
    // Keys come while the card does.
    while page.cards().count().await == 0 {
        page.type_text("y").await;
    }
    page.type_text("sandy").await;
    assert!(page.composer().has_focus().await, "the card took the focus");
    let typed = page.composer().text().await;
    assert!(
        typed.starts_with("yes please") && typed.ends_with("sandy"),
        "{typed}"
    );
    assert_eq!(page.open_approvals().await, 1);
    assert!(!room.desk.work().join("a.txt").exists());
    assert_eq!(decisions(&room), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_count_on_the_card_alone_and_not_in_its_first_moment() {
    let (room, page) = asked(vec![write("a.txt", "new\n"), Reply::text("done with it")]).await;
    // With the focus on the card, too soon.
    let soon = "(async () => { const card = document.querySelector('[data-testid=approval]'); card.focus(); return card.contains(document.activeElement) })()";
    assert_eq!(
        page.js(soon).await,
        true,
        "the card takes the focus when it is given"
    );
    page.armed().await;
    // Elsewhere: not in the composer, not on the page.
    page.js("document.activeElement.blur()").await;
    for key in ["y", "s", "n", "Shift+Y"] {
        page.press(key).await;
    }
    assert_eq!(page.open_approvals().await, 1);
    // Alt+P goes to the card, Escape goes back and answers nothing.
    page.composer().focus().await;
    page.press("Alt+p").await;
    page.until(
        "the focus on the card",
        "document.querySelector('[data-testid=approval]').contains(document.activeElement)",
    )
    .await;
    page.press("Escape").await;
    page.until(
        "the focus back",
        "!document.querySelector('[data-testid=approval]').contains(document.activeElement)",
    )
    .await;
    assert!(page.composer().has_focus().await);
    assert_eq!(page.open_approvals().await, 1);
    page.press("Alt+p").await;
    page.until(
        "the focus on the card",
        "document.querySelector('[data-testid=approval]').contains(document.activeElement)",
    )
    .await;
    page.press("y").await;
    page.thread().says("done with it").await;
    assert_eq!(room.desk.read("a.txt"), "new\n");
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_first_moment_of_a_card_does_nothing() {
    let (room, page) = asked(vec![write("a.txt", "new\n"), Reply::text("done with it")]).await;
    // The card is drawn anew by a reload: its first moment begins again, and the key comes in the same frame.
    let early = "new Promise((done) => { const look = () => { const card = document.querySelector('[data-testid=approval]'); \
                 if (!card) return requestAnimationFrame(look); card.focus(); \
                 for (const key of ['y', 's', 'n']) (document.activeElement ?? card).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })); \
                 done(card.contains(document.activeElement)) }; look() })";
    page.reload().await;
    assert_eq!(page.js(early).await, true);
    assert_eq!(page.open_approvals().await, 1);
    assert!(!room.desk.work().join("a.txt").exists());
    page.cards().seen().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_shows_exactly_what_would_run() {
    let command = "printf '%s\\n' \"a  b\" | tee out.txt && echo $HOME # every word";
    let (_room, page) = asked(vec![bash(command), Reply::text("so be it")]).await;
    let card = page.cards().content().await;
    assert!(card.contains(command), "{card}");
    let shown = page.cards().text().await;
    assert!(
        shown.to_lowercase().contains("execute"),
        "no tier in words: {shown}"
    );
    assert!(shown.contains("bash"), "{shown}");
    assert!(page.js("document.activeElement !== null && !document.querySelector('[data-testid=approval]').contains(document.activeElement)").await == true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_shows_the_whole_difference() {
    let mut room = Room::new([
        Reply::call(
            "edit_file",
            json!({ "path": "calc.py", "old_text": "a - b", "new_text": "a + b" }),
        ),
        Reply::text("so be it"),
    ])
    .await;
    room.desk
        .write("calc.py", "def add(a, b):\n    return a - b\n");
    let page = room.page().await;
    page.say("fix it").await;
    page.cards().says("calc.py").await;
    let shown = page.cards().text().await;
    for part in ["return a - b", "return a + b", "+1", "−1"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(shown.to_lowercase().contains("write"), "{shown}");
    page.armed().await;
    page.cards().role("button", "Allow once").click().await;
    page.thread().says("so be it").await;
    assert_eq!(
        room.desk.read("calc.py"),
        "def add(a, b):\n    return a + b\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_that_hide_are_made_visible() {
    let command = "echo a\u{200b}b \u{202e}txt.exe\u{2066} \u{7}end";
    let (_room, page) = asked(vec![bash(command), Reply::text("so be it")]).await;
    let shown = page.cards().text().await;
    for hidden in ['\u{200b}', '\u{202e}', '\u{2066}', '\u{7}'] {
        assert!(!shown.contains(hidden), "{hidden:?} is not seen: {shown:?}");
        let code = format!("\\u{{{:x}}}", u32::from(hidden));
        assert!(shown.contains(&code), "{code} is not told: {shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_to_be_seen_cannot_be_allowed() {
    let content: String = (0..4_000)
        .map(|line| format!("line {line} of many, of many\n"))
        .collect();
    assert!(content.len() > 100_000);
    let (room, page) = asked(vec![write("big.txt", &content), Reply::text("so be it")]).await;
    page.armed().await;
    let allow = page.cards().role("button", "Allow once");
    let is_off =
        "function () { return this.disabled || this.getAttribute('aria-disabled') === 'true' }";
    allow.until("Allow is off", is_off).await;
    let shown = page.cards().text().await;
    assert!(
        shown.contains("KB") || shown.contains("hidden"),
        "how much is hidden is not told: {shown}"
    );
    page.cards().focus().await;
    page.press("y").await;
    assert_eq!(page.open_approvals().await, 1);
    let expand = page.cards().css("button").nth(0);
    expand.seen().await;
    page.cards().role("button", "Show all").click().await;
    allow.until("Allow is on", "function () { return !this.disabled && this.getAttribute('aria-disabled') !== 'true' }")
        .await;
    allow.click().await;
    page.thread().says("so be it").await;
    assert_eq!(room.desk.read("big.txt").len(), content.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_is_once() {
    let (room, page) = asked(vec![
        write("a.txt", "1\n"),
        write("a.txt", "2\n"),
        Reply::text("so be it"),
    ])
    .await;
    page.armed().await;
    let first = page
        .cards()
        .js("function () { return this.dataset.id }")
        .await;
    page.cards().role("button", "Allow once").click().await;
    let again = format!(
        "[...document.querySelectorAll('[data-testid=approval]')].some((card) => card.dataset.id !== {first})"
    );
    page.until("a second question", &again).await;
    assert_eq!(room.desk.read("a.txt"), "1\n");
    page.until(
        "the first is over",
        "document.querySelectorAll('[data-testid=approval] button').length > 0",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_is_until_the_program_ends() {
    let (room, page) = asked(vec![
        write("a.txt", "1\n"),
        write("a.txt", "2\n"),
        Reply::text("so be it"),
    ])
    .await;
    page.armed().await;
    page.cards().role("button", "This session").click().await;
    page.thread().says("so be it").await;
    assert_eq!(room.desk.read("a.txt"), "2\n");
    assert_eq!(decisions(&room).len(), 1, "{:#?}", decisions(&room));
}

#[tokio::test(flavor = "multi_thread")]
async fn always_writes_the_rule_that_was_shown() {
    let (mut room, page) = asked(vec![write("a.txt", "1\n"), Reply::text("so be it")]).await;
    page.armed().await;
    page.cards().role("button", "Always").click().await;
    // The rule is shown before it is saved; saving is a second act.
    page.until("the rule", "/write_file/.test(document.querySelector('[data-testid=approval]').textContent) && document.querySelector('[data-testid=approval] input, dialog input, [role=dialog] input')")
        .await;
    let field = page.css("[data-testid=approval] input[type=text], [data-testid=approval] input:not([type]), [role=dialog] input, dialog[open] input");
    let rule = field.text().await;
    assert!(rule.starts_with("write_file"), "{rule}");
    field.focus().await;
    page.press("Enter").await;
    page.thread().says("so be it").await;
    let rules = page
        .api("GET", "/api/rules", &serde_json::Value::Null)
        .await
        .to_string();
    assert!(rules.contains("a.txt"), "{rules}");
    // It holds for the next process, too.
    room.desk
        .endpoint
        .script([write("a.txt", "2\n"), Reply::text("and again")]);
    room.kill();
    room.start().await;
    page.mark("banner").gone().await;
    page.say("once more").await;
    page.thread().says("and again").await;
    assert_eq!(room.desk.read("a.txt"), "2\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_destroys_needs_a_capital_letter_and_has_no_later() {
    let (room, page) = asked(vec![
        bash("rm -rf build && git reset --hard"),
        Reply::text("so be it"),
    ])
    .await;
    std::fs::create_dir(room.desk.work().join("build")).unwrap();
    let shown = page.cards().text().await;
    assert!(shown.to_lowercase().contains("destructive"), "{shown}");
    assert_eq!(page.cards().role("button", "This session").count().await, 0);
    assert_eq!(page.cards().role("button", "Always").count().await, 0);
    page.armed().await;
    page.cards().focus().await;
    for key in ["y", "s", "a", "Enter"] {
        page.press(key).await;
    }
    assert_eq!(page.open_approvals().await, 1);
    assert!(room.desk.work().join("build").exists());
    page.cards().focus().await;
    page.press("Shift+Y").await;
    page.thread().says("so be it").await;
    assert!(!room.desk.work().join("build").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_with_a_reason_is_told_to_the_model() {
    let (room, page) = asked(vec![write("a.txt", "1\n"), Reply::text("as you wish")]).await;
    page.armed().await;
    page.cards().role("button", "tell").click().await;
    let field = page.css("[data-testid=approval] textarea, [data-testid=approval] input, [role=dialog] textarea, [role=dialog] input");
    field.fill("use b.txt instead").await;
    page.press("Enter").await;
    page.thread().says("as you wish").await;
    let told = room.desk.endpoint.chats()[1].json.to_string();
    assert!(told.contains("use b.txt instead"), "{told}");
    assert!(!room.desk.work().join("a.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_in_time_is_a_no() {
    let config = "safety:\n  approval_timeout: 10\n";
    let mut room = Room::with(
        [write("a.txt", "1\n"), Reply::text("as you wish")],
        &[],
        config,
    )
    .await;
    let page = room.page().await;
    page.say("go").await;
    page.cards().says("auto-deny").await;
    page.thread().says("as you wish").await;
    assert!(!room.desk.work().join("a.txt").exists());
    let decided = decisions(&room);
    assert_eq!(decided.len(), 1, "{decided:#?}");
    assert!(decided[0].contains("not_answered"), "{decided:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_waiting_waits_and_a_reload_keeps_the_card() {
    let config = "safety:\n  approval_timeout: 10\n";
    let mut room = Room::with(
        [write("a.txt", "1\n"), Reply::text("written now")],
        &[],
        config,
    )
    .await;
    let page = room.page().await;
    page.say("go").await;
    page.cards().says("auto-deny").await;
    let asked = page.js("Date.now()").await;
    let id = page
        .cards()
        .js("function () { return this.dataset.id }")
        .await;
    page.cards().role("button", "Keep waiting").click().await;
    page.reload().await;
    page.cards().seen().await;
    assert_eq!(
        page.cards()
            .js("function () { return this.dataset.id }")
            .await,
        id
    );
    // Past the first deadline, by the clock of the page, and well before the next.
    let is_over = format!("Date.now() - {asked} > 10500");
    page.until("the first deadline is over", &is_over).await;
    assert_eq!(page.open_approvals().await, 1);
    page.cards().role("button", "Allow once").click().await;
    page.thread().says("written now").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_nobody_can_see_is_a_no() {
    let config = "safety:\n  approval_unseen: 2\n";
    let replies = [write("a.txt", "1\n"), Reply::text("as you wish")];
    let mut room = Room::with(replies, &[], config).await;
    let page = room.page().await;
    page.say("go").await;
    page.cards().seen().await;
    // The browser is gone; a while later the question is answered, and the turn goes on.
    drop(page);
    room.desk.endpoint.chat(1).await;
    assert!(!room.desk.work().join("a.txt").exists());
    let decided = decisions(&room);
    assert_eq!(decided.len(), 1, "{decided:#?}");
    assert!(decided[0].contains("not_answered"), "{decided:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_of_one_tier_are_allowed_together() {
    let both = Reply::stream()
        .and_call("write_file", json!({ "path": "a.txt", "content": "a\n" }))
        .and_call("write_file", json!({ "path": "b.txt", "content": "b\n" }));
    let mut room = Room::new([both, Reply::text("so be it")]).await;
    let page = room.page().await;
    page.say("go").await;
    page.cards().seen().await;
    page.armed().await;
    if page.open_approvals().await == 2 {
        page.role("button", "Allow these 2 once").click().await;
    } else {
        page.cards().role("button", "Allow once").click().await;
        page.cards().role("button", "Allow once").click().await;
    }
    page.thread().says("so be it").await;
    assert_eq!(room.desk.read("a.txt") + &room.desk.read("b.txt"), "a\nb\n");
}

//! MCP servers on the page: approved as they are shown, restarted after a crash (B22), held-back tools, forms.

use super::Room;
use crate::program::Desk;
use crate::program::mcp::{added, words};
use crate::support::endpoint::Reply;
use crate::support::page::{Find, Page};
use crate::support::servers::odd;
use anteroom_api::McpEntry;
use serde_json::json;

pub(super) fn card<'p>(page: &'p Page, name: &str) -> Find<'p> {
    page.css(&format!("[data-testid=mcp-server][data-name={name}]"))
}

pub(super) async fn until_state(page: &Page, name: &str, state: &str) {
    let at = format!("[data-testid=mcp-server][data-name={name}][data-state={state}]");
    page.css(&at).seen().await;
}

/// A desk where a server is approved, and ran once.
pub(super) async fn desk(entry: &McpEntry, replies: Vec<Reply>) -> Desk {
    let desk = Desk::new(replies).await;
    let added = desk.run(&words(&added(entry, &["--yes"]))).await;
    assert_eq!(added.code, 0, "{added:?}");
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_added_and_starts_once_its_command_was_seen() {
    let mut room = Room::new([]).await;
    let page = room.browser().await;
    room.visit(&page, "/tools/mcp").await;
    let odd = odd("fresh", "well");
    // A page names what lies in the folder it is served from, and nothing else.
    let given = room.desk.work().canonicalize().unwrap().join("server");
    std::fs::create_dir(&given).unwrap();
    let script = given.join("odd.mjs");
    std::fs::copy(&odd.args[0], &script).unwrap();
    let entry = McpEntry {
        args: vec![script.display().to_string(), "well".to_owned()],
        folders: vec![given.display().to_string()],
        ..odd
    };
    page.role("button", "Add server").click().await;
    let form = page.mark("mcp-add");
    form.css("#mcp-new-name").fill("fresh").await;
    form.css("#mcp-new-command").fill("node").await;
    form.css("#mcp-new-args").fill(&entry.args.join("\n")).await;
    form.css("#mcp-new-folders")
        .fill(&entry.folders.join("\n"))
        .await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    form.role("button", "Add").click().await;
    until_state(&page, "fresh", "needs_approval").await;
    page.role("button", "Approve fresh").click().await;
    let dialog = page.role("dialog", "Let fresh start?");
    let command = format!("node {}", entry.args.join(" "));
    dialog.mark("mcp-command").says(&command).await;
    dialog.says("it reaches no network").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    dialog.role("button", "Let it start").click().await;
    until_state(&page, "fresh", "ready").await;
    let fresh = card(&page, "fresh");
    fresh.says("1 tool").await;
    fresh.css("[data-testid=mcp-tools] summary").click().await;
    fresh.says("fresh.echo").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.role("button", "Remove fresh").click().await;
    let dialog = page.role("dialog", "Remove the server fresh?");
    dialog.role("button", "Remove").click().await;
    fresh.gone().await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_is_shown_and_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let down = folder.path().join("down");
    // Runs as long as nothing is wrong beneath it.
    let script = folder.path().join("crash.mjs");
    let odd = odd("shaky", "well");
    let words = format!(
        "import {{ existsSync }} from 'node:fs';\n\
         const look = () => {{\n\
           if (!existsSync(process.argv[3])) return;\n\
           process.stderr.write('the <b>database</b> is gone\\n');\n\
           process.exit(3);\n\
         }};\n\
         look();\n\
         setInterval(look, 20);\n\
         await import('{}');\n",
        odd.args[0]
    );
    std::fs::write(&script, words).unwrap();
    let given = folder.path().display().to_string();
    let entry = McpEntry {
        args: [script.as_path(), "well".as_ref(), down.as_path()]
            .map(|arg| arg.display().to_string())
            .into(),
        folders: [odd.folders, vec![given]].concat(),
        ..odd
    };
    let mut room = Room::at(desk(&entry, vec![]).await, &[]).await;
    let page = room.browser().await;
    room.visit(&page, "/tools/mcp").await;
    until_state(&page, "shaky", "ready").await;
    std::fs::write(&down, "").unwrap();
    until_state(&page, "shaky", "failed").await;
    let shaky = card(&page, "shaky");
    shaky.css("[data-testid=mcp-log] summary").click().await;
    shaky.says("the <b>database</b> is gone").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    std::fs::remove_file(&down).unwrap();
    page.role("button", "Restart shaky").click().await;
    until_state(&page, "shaky", "ready").await;
    page.role("button", "Disconnect shaky").click().await;
    until_state(&page, "shaky", "disconnected").await;
    page.role("button", "Connect shaky").click().await;
    until_state(&page, "shaky", "ready").await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_changed_is_shown_with_its_difference_and_taken() {
    let mut room = Room::at(desk(&odd("odd", "changes"), vec![]).await, &[]).await;
    let page = room.browser().await;
    page.resize(360, 800).await;
    room.visit(&page, "/tools/mcp").await;
    let held = page.css("[data-testid=mcp-held][data-tool=echo]");
    held.says("odd.echo").await;
    held.mark("mcp-differences").says("~/.ssh/id_rsa").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.role("button", "Accept as it is now: odd.echo")
        .click()
        .await;
    held.gone().await;
    card(&page, "odd").says("2 tools").await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_a_server_is_filled_in() {
    let replies = vec![
        Reply::call("odd__echo", json!({ "words": "x" })),
        Reply::text("so be it"),
    ];
    let mut room = Room::at(desk(&odd("odd", "asks"), replies).await, &[]).await;
    let page = room.page().await;
    // A turn takes the servers that are ready when it begins.
    room.visit(&page, "/tools/mcp").await;
    until_state(&page, "odd", "ready").await;
    room.visit(&page, "/").await;
    page.say("go").await;
    page.armed().await;
    page.cards().says("odd.echo").await;
    page.cards().role("button", "Allow once").click().await;
    let question = page.mark("question");
    question.says("The MCP server `odd` asks").await;
    question.says("Which one?").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    let answer = question.role("button", "Answer");
    answer.click().await;
    question.says("This is needed.").await;
    question
        .css("select")
        .js("function () { this.value = 'blue'; this.dispatchEvent(new Event('change', { bubbles: true })) }")
        .await;
    question.css("input[type=number]").fill("3").await;
    answer.click().await;
    page.thread().says("so be it").await;
    let sent = room.desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("blue") && sent.contains("accept"), "{sent}");
    assert_eq!(page.faults(), Vec::<String>::new());
}

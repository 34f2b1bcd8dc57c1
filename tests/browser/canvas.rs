//! The canvas beside the conversation (B18).

use super::Room;
use crate::support::endpoint::{Gate, Reply};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_canvas_is_written_kept_compared_and_resized() {
    let gate = Gate::new();
    let first = json!({ "title": "plan.md", "content": "# Plan\n\n1. Split the loader\n" });
    let mut room = Room::new([
        Reply::call("create_canvas", first),
        Reply::stream().say("I made ").wait(&gate).say("a plan."),
    ])
    .await;
    let page = room.page().await;
    page.say("plan it").await;
    page.mark("canvas").says("Split the loader").await;
    gate.open();
    page.thread().says("I made a plan.").await;
    page.rests().await;
    page.reload().await;
    page.mark("canvas").says("Split the loader").await;
    // Wider and narrower by keyboard.
    let width = "document.querySelector('[data-testid=canvas]').getBoundingClientRect().width";
    let before = page.js(width).await.as_f64().unwrap();
    page.role("separator", "canvas").focus().await;
    for _ in 0..3 {
        page.press("ArrowLeft").await;
    }
    page.until("a wider canvas", &format!("{width} > {before}"))
        .await;
    let wide = page.js(width).await.as_f64().unwrap();
    page.press("ArrowRight").await;
    page.until("a narrower canvas", &format!("{width} < {wide}"))
        .await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_a_canvas_differ_visibly() {
    let mut room = Room::new([]).await;
    room.desk.endpoint.script([
        Reply::call(
            "create_canvas",
            json!({ "title": "plan.md", "content": "# Plan\n\n1. Split the loader\n" }),
        ),
        Reply::text("made"),
    ]);
    let page = room.page().await;
    page.ask("plan it", "made").await;
    let canvases = page
        .api(
            "GET",
            &format!("/api/conversations/{}/canvases", page.conversation().await),
            &serde_json::Value::Null,
        )
        .await;
    let id = canvases[0]["id"]
        .as_str()
        .or(canvases["entries"][0]["id"].as_str())
        .unwrap_or_default()
        .to_owned();
    room.desk.endpoint.script([
        Reply::call(
            "update_canvas",
            json!({ "id": id, "content": "# Plan\n\n1. Join the loader\n" }),
        ),
        Reply::text("changed"),
    ]);
    page.ask("change it", "changed").await;
    page.mark("canvas").says("Join the loader").await;
    page.mark("canvas").role("button", "Diff").click().await;
    page.mark("canvas").says("Split the loader").await;
    let shown = page.mark("canvas").text().await;
    assert!(shown.contains("Join the loader"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_reaches_neither_the_page_nor_the_network() {
    let hostile = "<h1>Seen</h1><script>alarm(1); parent.alarm(2)</script><img src=https://out.invalid/x.png onerror='parent.alarm(3)'>\
                   <iframe src=https://out.invalid/frame></iframe><form action=https://out.invalid/post><button>Send</button></form>\
                   <meta http-equiv=refresh content='0;url=https://out.invalid/r'><a href=https://out.invalid target=_top>go</a>\
                   <link rel=stylesheet href=https://out.invalid/c.css><style>body{background:url(https://out.invalid/b.png);color:green}</style>\
                   <svg onload='alarm(4)'></svg>";
    let mut room = Room::new([
        Reply::call(
            "create_canvas",
            json!({ "title": "page.html", "content": hostile, "kind": "html" }),
        ),
        Reply::text("made"),
    ])
    .await;
    let origin = room.origin();
    let page = room.page().await;
    page.ask("make a page", "made").await;
    page.mark("canvas").seen().await;
    page.mark("canvas").role("button", "Preview").click().await;
    page.css("iframe").seen().await;
    let sandbox = page
        .css("iframe")
        .js("function () { return this.getAttribute('sandbox') }")
        .await;
    assert_eq!(sandbox, "", "the frame may do nothing at all");
    page.until_seen("the frame", |page| {
        page.loads().iter().any(|load| {
            load.kind == "Document"
                && load.status == 200
                && load.url != format!("{origin}/")
                && !load.url.contains("/c/")
        })
    })
    .await;
    // Nothing of the page is reached: the frame is of another origin.
    let reached = page
        .as_page("document.querySelector('iframe').contentDocument === null")
        .await;
    assert_eq!(reached.unwrap(), true);
    assert_eq!(page.alarms(), Vec::<String>::new());
    let answered: Vec<String> = page
        .loads()
        .into_iter()
        .filter(|load| load.url.contains("out.invalid") && load.status != 0)
        .map(|load| load.url)
        .collect();
    assert_eq!(answered, Vec::<String>::new());
    let failed: Vec<String> = page
        .console_errors()
        .into_iter()
        .filter(|line| line.contains("ERR_NAME_NOT_RESOLVED"))
        .collect();
    assert_eq!(failed, Vec::<String>::new(), "a request left");
}

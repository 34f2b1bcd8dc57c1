//! The page without eyes and without a mouse: axe, the focus, what a screen reader is told (B23, B24).

use super::Room;
use super::loading::{ROUTES, settled};
use crate::support::endpoint::{Gate, Reply};
use crate::support::page::Page;
use serde_json::{Value, json};

/// Two themes, two widths.
const LOOKS: [(&str, u32); 4] = [
    ("light", 1280),
    ("dark", 1280),
    ("light", 360),
    ("dark", 360),
];

/// axe on a page in every look.
async fn judge(page: &Page, place: &str, wrong: &mut Vec<String>) {
    for (theme, width) in LOOKS {
        page.prefer(&[
            ("prefers-color-scheme", theme),
            ("prefers-reduced-motion", "reduce"),
        ])
        .await;
        page.resize(width, 800).await;
        page.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            .await;
        let found = page.axe().await;
        wrong.extend(
            found
                .into_iter()
                .map(|line| format!("{place} {theme} {width}: {line}")),
        );
    }
    page.resize(1280, 800).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_route() {
    let mut room = Room::new([]).await;
    let page = room.browser().await;
    let mut wrong = Vec::new();
    let note = json!({ "kind": "note", "title": "Retry policy", "body": "# Retry\n\nBack off." });
    let note = page.api("POST", "/api/conversations", &note).await;
    let note = format!("/n/{}", note["id"].as_str().unwrap());
    for path in ROUTES.iter().copied().chain([note.as_str()]) {
        room.visit(&page, path).await;
        settled(&page).await;
        judge(&page, path, &mut wrong).await;
    }
    assert_eq!(wrong, Vec::<String>::new(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_in_a_conversation_at_work() {
    let answer = "# Head\n\nText with `code`, a [link](https://example.com) and a list:\n\n- one\n- two\n\n\
                  ```rust\nfn main() { println!(\"hi\"); }\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n";
    let mut room = Room::new([
        Reply::call("read_file", json!({ "path": "a.txt" })),
        Reply::call(
            "create_canvas",
            json!({ "title": "plan.md", "content": "# Plan\n" }),
        ),
        Reply::text(answer),
        Reply::call("write_file", json!({ "path": "b.txt", "content": "new\n" })),
        Reply::text("so be it"),
    ])
    .await;
    room.desk.write("a.txt", "content\n");
    let page = room.page().await;
    page.ask("look", "quoted").await;
    let mut wrong = Vec::new();
    judge(&page, "a conversation", &mut wrong).await;
    page.say("write").await;
    page.cards().seen().await;
    page.say("and then this").await;
    page.mark("queue").seen().await;
    judge(&page, "an approval and a queue", &mut wrong).await;
    page.press("Control+k").await;
    page.mark("palette").seen().await;
    judge(&page, "the palette", &mut wrong).await;
    assert_eq!(wrong, Vec::<String>::new(), "{wrong:#?}");
}

/// Everything the two live regions say, in order.
const LISTEN: &str = "(() => {
    globalThis.heard = [];
    for (const [id, kind] of [['announce-polite', 'polite'], ['announce-assertive', 'assertive']]) {
        const region = document.getElementById(id);
        new MutationObserver(() => {
            const text = region.textContent.trim();
            if (text && heard.at(-1) !== `${kind}: ${text}`) heard.push(`${kind}: ${text}`);
        }).observe(region, { childList: true, characterData: true, subtree: true });
    }
})()";

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_reader_hears_events_and_no_tokens() {
    let (begun, gate) = (Gate::new(), Gate::new());
    let mut room = Room::new([
        Reply::stream()
            .say("I will read it. ")
            .wait(&begun)
            .and_call("read_file", json!({ "path": "nowhere.txt" })),
        Reply::call("write_file", json!({ "path": "a.txt", "content": "new\n" })),
        Reply::stream()
            .say("This answer has ")
            .wait(&gate)
            .say("seven words altogether."),
    ])
    .await;
    let page = room.page().await;
    page.js(LISTEN).await;
    page.say("go").await;
    // What comes within one picture is said in the order of what it is, not in that of its coming.
    page.until(
        "the answer is said to begin",
        "heard.some((one) => /Responding/.test(one))",
    )
    .await;
    begun.open();
    page.cards().seen().await;
    page.armed().await;
    page.until(
        "the question is said",
        "heard.some((one) => one.startsWith('assertive'))",
    )
    .await;
    page.cards().role("button", "Allow once").click().await;
    page.thread().says("This answer has").await;
    gate.open();
    page.rests().await;
    page.until(
        "the end is said",
        "heard.some((one) => /Answer complete/.test(one))",
    )
    .await;
    let heard = page.js("heard").await;
    let heard: Vec<&str> = heard
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let golden = include_str!("fixtures/heard.txt");
    assert_eq!(heard, golden.lines().collect::<Vec<_>>());
    let log = page.css("[role=log]");
    log.seen().await;
    let live = log
        .js("function () { return this.getAttribute('aria-live') }")
        .await;
    assert_eq!(
        live, "off",
        "the thread itself would be read token by token"
    );
}

/// What has the focus, and whether a person sees that it has.
const FOCUS: &str = "(() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const path = (e) => e && e !== document.body ? `${path(e.parentElement)}/${[...e.parentElement.children].indexOf(e)}` : '';
    const ring = (e) => { const style = getComputedStyle(e); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 || style.boxShadow !== 'none' || e.getAttribute('role') === 'separator' && style.backgroundImage !== 'none' };
    const at = one.getBoundingClientRect();
    const label = one.closest('label');
    const around = [one, label, one.parentElement, one.parentElement?.parentElement].filter(Boolean);
    return { path: path(one), what: one.outerHTML.slice(0, 140), isRinged: around.some(ring), isIn: at.bottom > 0 && at.top < innerHeight && at.right > 0 && at.left < innerWidth };
})()";

#[tokio::test(flavor = "multi_thread")]
async fn the_focus_is_always_seen_and_never_caught() {
    let mut room = Room::new([Reply::text("an answer with a [link](https://example.com)")]).await;
    let page = room.page().await;
    page.ask("hello", "an answer").await;
    let conversation = format!("/c/{}", page.conversation().await);
    let mut wrong = Vec::new();
    for path in [
        conversation.as_str(),
        "/settings/connection",
        "/tools",
        "/usage",
        "/audit",
    ] {
        room.visit(&page, path).await;
        settled(&page).await;
        page.js("document.activeElement?.blur()").await;
        let mut stops: Vec<String> = Vec::new();
        let mut is_round = false;
        for _ in 0..250 {
            page.press("Tab").await;
            let at = page.js(FOCUS).await;
            let Some(place) = at["path"].as_str().map(str::to_owned) else {
                // Past the last one: the browser has it.
                is_round = true;
                break;
            };
            // A date is several fields in one; its last stop is the browser's own.
            let is_date = at["what"]
                .as_str()
                .is_some_and(|what| what.contains("type=\"date\""));
            if is_date && stops.last() == Some(&place) {
                continue;
            }
            if at["isRinged"] != true {
                wrong.push(format!("{path}: no ring: {}", at["what"]));
            }
            if at["isIn"] != true {
                wrong.push(format!("{path}: out of sight: {}", at["what"]));
            }
            if stops.first() == Some(&place) {
                is_round = true;
                break;
            }
            if stops.last() == Some(&place) {
                wrong.push(format!("{path}: caught at {}", at["what"]));
                break;
            }
            stops.push(place);
        }
        assert!(stops.len() > 5, "{path}: {stops:?}");
        if !is_round {
            wrong.push(format!("{path}: no way round in {} steps", stops.len()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "{wrong:#?}");
}

/// The ratios that are promised, computed as WCAG does, in both themes.
const CONTRAST: &str = "(() => {
    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement('i');
    document.body.append(probe);
    const colour = (name) => {
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a, b) => { const [x, y] = [light(colour(a)), light(colour(b))].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) };
    const wanted = { '--text': 13, '--muted': 6.1, '--border': 3.4, '--accent': 5.9, '--ok': 5.9, '--warn': 5.9, '--exec': 5.9, '--danger': 5.9 };
    const found = [];
    for (const [name, least] of Object.entries(wanted))
        for (const ground of ['--bg', '--surface'])
            if (ratio(name, ground) < least - 0.05) found.push(`${name} on ${ground}: ${ratio(name, ground).toFixed(2)}, not ${least}`);
    probe.remove();
    return found;
})()";

#[tokio::test(flavor = "multi_thread")]
async fn colours_have_the_contrast_that_is_promised() {
    let mut room = Room::new([]).await;
    let page = room.browser().await;
    for theme in ["light", "dark"] {
        page.prefer(&[("prefers-color-scheme", theme)]).await;
        let wrong = page.js(CONTRAST).await;
        assert_eq!(wrong, json!([]), "{theme}");
    }
}

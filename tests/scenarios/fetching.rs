//! The example that reads pages, in a turn: under its allow-list, with its store and its meter.

use crate::denials::guest::{Guests, shared_target};
use crate::denials::{call, grant, modules, with_tools};
use anteroom_api::{Capability, GrantReach, ModuleOp, Status};
use serde_json::json;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

fn page_tool() -> Vec<u8> {
    let built = Guests {
        manifest: &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/page-tool/Cargo.toml"),
        packages: &["page-tool"],
        profile: "release",
        target: &shared_target(Path::new(env!("CARGO_TARGET_TMPDIR"))),
    };
    std::fs::read(&built.build().expect("the example compiles")[0]).unwrap()
}

/// A page that says whether it has changed; and the requests for it.
fn serve() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = seen.clone();
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let head = head_of(&stream);
            let answer = if head.contains("if-none-match: \"1\"") {
                "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"
            } else {
                "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Type: text/html\r\nContent-Length: 22\r\nConnection: close\r\n\r\n<h1>Tides</h1><p>high "
            };
            kept.lock().unwrap().push(head);
            // Whoever asked may be gone by now.
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    (address, seen)
}

fn head_of(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_under_an_allow_list_and_kept() {
    let (address, seen) = serve();
    let scene = with_tools(&[("pages.wasm", &page_tool())], &[]).await;
    let arguments = json!({"url": format!("http://{address}/")});
    let (_, status, words) = call(&scene, "read_page", arguments.clone()).await;
    assert_eq!(status, Status::Denied, "{words}");
    assert!(words.contains("`aroom tool grant pages fetch`"), "{words}");

    let module = modules(&scene).await.remove(0);
    assert_eq!(module.requested, [Capability::Fetch, Capability::Store]);
    let ModuleOp::Grant(mut fetch) = grant(&scene, &module, Capability::Fetch) else {
        panic!();
    };
    fetch.reach = GrantReach {
        hosts: vec![address.to_string()],
        ..GrantReach::default()
    };
    scene.handle().submit(ModuleOp::Grant(fetch)).await.unwrap();
    let store = grant(&scene, &module, Capability::Store);
    scene.handle().submit(store).await.unwrap();

    let other = json!({"url": "https://elsewhere.invalid/"});
    let (_, status, words) = call(&scene, "read_page", other).await;
    assert_eq!(status, Status::Denied, "{words}");
    assert!(words.contains(&format!("only for `{address}`")), "{words}");

    // The second time, in another conversation, the page has not changed and comes from the store.
    for _ in 0..2 {
        let (told, status, words) = call(&scene, "read_page", arguments.clone()).await;
        assert_eq!(status, Status::Completed, "{words}");
        assert!(words.contains("Tides\nhigh"), "{words}");
        let (_, call) = told.call("read_page");
        let meter = call.meter.unwrap();
        assert_eq!(meter.hosts, 1, "{meter:?}");
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[1].contains("if-none-match: \"1\""), "{seen:?}");
    let sent = scene.endpoint.chats().pop().unwrap().json["messages"].to_string();
    assert!(sent.contains("<untrusted"), "{sent}");
}

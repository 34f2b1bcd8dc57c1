//! A model endpoint that answers from a script, to try `aroom` or measure it without a model.
//!
//! ```text
//! cargo run --example scripted-endpoint -- script.json [port]
//! aroom config set ai.base_url http://127.0.0.1:4010/v1
//! ```
//!
//! The script is a JSON list of replies, used in order; the last one repeats. An empty list echoes.
//!
//! ```json
//! [
//!   { "calls": [{ "name": "read_file", "arguments": { "path": "README.md" } }] },
//!   { "reasoning": "That was short.", "text": "It is about ants." },
//!   { "status": 503, "error": "overloaded" }
//! ]
//! ```

#[path = "../tests/support/endpoint.rs"]
mod endpoint;

use anyhow::Context;

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program for people")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .context("usage: scripted-endpoint SCRIPT.json [PORT]")?;
    let port = match arguments.next() {
        Some(port) => port.parse().context("the port must be a number")?,
        None => 4010,
    };
    let script = std::fs::read_to_string(&path).with_context(|| format!("reading `{path}`"))?;
    let script = serde_json::from_str(&script).with_context(|| format!("parsing `{path}`"))?;
    let endpoint = endpoint::Endpoint::start_at(port).await?;
    endpoint.play(&script).map_err(anyhow::Error::msg)?;
    eprintln!("listening: {}", endpoint.base_url());
    // Until the program is ended.
    std::future::pending::<()>().await;
    Ok(())
}

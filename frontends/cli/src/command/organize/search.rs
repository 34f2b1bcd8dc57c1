//! `aroom search`: words in conversations, notes and documents.

use crate::command::conversation::hit_lines;
use crate::context::{Context, Quit};
use crate::exit;
use clap::Args;
use serde_json::json;

/// `aroom search`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The words, all of which must occur
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<String>,
    /// How many hits
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

pub(crate) async fn run(context: &mut Context, search: &Search) -> Result<u8, Quit> {
    let words = search.words.join(" ");
    let read = context.host.read();
    let hits = read.search(words.clone(), None, search.limit).await?;
    if context.options.is_json {
        context.printer.json(&json!(hits));
        return Ok(exit::OK);
    }
    if hits.is_empty() {
        context.printer.progress(&format!("nothing for `{words}`"));
    }
    let theme = context.printer.out_theme();
    for line in hit_lines(&hits, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

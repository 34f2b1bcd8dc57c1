//! Replies written as JSON, for use by hand: the example `scripted-endpoint` and benchmarks.

use super::{Endpoint, Reply};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;

impl Reply {
    /// Reads one reply: `text`, `reasoning`, `calls` (`name`, `arguments`), `finish`, or `status` with `error`.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        if let Some(status) = value.get("status").and_then(Value::as_u64) {
            let status = u16::try_from(status).map_err(|_| format!("no status: {status}"))?;
            return Ok(Self::error(status, text("error").unwrap_or("scripted")));
        }
        let mut reply = Self::stream();
        let mut is_empty = true;
        if let Some(thought) = text("reasoning") {
            reply = reply.think(thought);
            is_empty = false;
        }
        if let Some(said) = text("text") {
            reply = reply.say(said);
            is_empty = false;
        }
        for call in value
            .get("calls")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = call.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| format!("a call without `name`: {call}"))?;
            let arguments = call.get("arguments").cloned().unwrap_or_default();
            reply = reply.and_call(name, arguments);
            is_empty = false;
        }
        if let Some(reason) = text("finish") {
            reply = reply.finish(reason);
            is_empty = false;
        }
        match is_empty {
            true => Err(format!("neither `text` nor `calls` nor `status`: {value}")),
            false => Ok(reply),
        }
    }
}

impl Endpoint {
    /// Answers with these replies in order, then with the last one again and again; without any, with
    /// what the user said last.
    pub fn play(&self, script: &Value) -> Result<(), String> {
        let replies = script.as_array().ok_or("a script is a list of replies")?;
        let replies = replies.iter().map(Reply::from_json);
        let mut queue: VecDeque<Reply> = replies.collect::<Result<_, _>>()?;
        let last = queue.back().cloned();
        let queue = Mutex::new(std::mem::take(&mut queue));
        self.choose(move |request| {
            let next = queue.lock().unwrap().pop_front();
            next.or_else(|| last.clone())
                .or_else(|| Some(Reply::text(&format!("You said: {}", last_words(request)))))
        });
        Ok(())
    }
}

/// What the user said last.
fn last_words(request: &Value) -> &str {
    let messages = request["messages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let user = messages
        .iter()
        .rev()
        .find(|message| message["role"] == "user");
    user.and_then(|message| message["content"].as_str())
        .unwrap_or("nothing")
}

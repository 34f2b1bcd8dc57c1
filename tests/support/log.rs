//! Event logs as text that is the same in every run: ids by order of appearance, no times, no meters.

use super::scene::Scene;
use anteroom_api::Envelope;
use std::collections::BTreeMap;

/// One line per event.
pub fn render(scene: &Scene, events: &[Envelope]) -> String {
    let workspace = scene.workspace().display().to_string();
    let mut names = BTreeMap::new();
    let lines = events.iter().map(|envelope| {
        let mut value = serde_json::to_value(envelope).unwrap();
        for key in ["at", "topic"] {
            value.as_object_mut().unwrap().shift_remove(key);
        }
        settle(&mut value, &mut names);
        value.to_string().replace(&workspace, "<workspace>")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn settle(value: &mut serde_json::Value, names: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(object) => {
            object.shift_remove("meter");
            for (key, value) in object.iter_mut() {
                // What is sent names the temporary workspace.
                if key.ends_with("_at") || key == "digest" || key == "request" {
                    *value = serde_json::Value::Null;
                } else {
                    settle(value, names);
                }
            }
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|value| settle(value, names)),
        serde_json::Value::String(text) if text.len() == 36 && uuid(text) => {
            let next = format!("#{}", names.len() + 1);
            *text = names.entry(text.clone()).or_insert(next).clone();
        }
        _ => {}
    }
}

fn uuid(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_hexdigit() || c == '-') && text.matches('-').count() == 4
}

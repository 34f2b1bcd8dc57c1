//! Keys, as a keyboard sends them.

use super::Page;
use serde_json::{Value, json};

const ALT: u32 = 1;
const CONTROL: u32 = 2;
const META: u32 = 4;
const SHIFT: u32 = 8;

/// Keys that are not letters: name, code of the place on the keyboard, number, text.
const NAMED: &[(&str, u32, &str)] = &[
    ("Backspace", 8, ""),
    ("Tab", 9, ""),
    ("Enter", 13, "\r"),
    ("Escape", 27, ""),
    ("PageUp", 33, ""),
    ("PageDown", 34, ""),
    ("End", 35, ""),
    ("Home", 36, ""),
    ("ArrowLeft", 37, ""),
    ("ArrowUp", 38, ""),
    ("ArrowRight", 39, ""),
    ("ArrowDown", 40, ""),
    ("Delete", 46, ""),
    ("F6", 117, ""),
];

/// Places of signs on a keyboard of the United States.
const SIGNS: &[(char, &str, u32)] = &[
    (' ', "Space", 32),
    ('.', "Period", 190),
    (',', "Comma", 188),
    ('/', "Slash", 191),
    ('?', "Slash", 191),
    ('[', "BracketLeft", 219),
    (']', "BracketRight", 221),
    ('-', "Minus", 189),
    ('=', "Equal", 187),
    (';', "Semicolon", 186),
    ('\'', "Quote", 222),
    ('@', "Digit2", 50),
    ('#', "Digit3", 51),
    ('>', "Period", 190),
    (':', "Semicolon", 186),
];

struct Key {
    key: String,
    code: String,
    number: u32,
    text: String,
}

impl Key {
    fn named(name: &str) -> Self {
        if let Some((name, number, text)) = NAMED.iter().find(|(known, ..)| *known == name) {
            return Self {
                key: (*name).to_owned(),
                code: (*name).to_owned(),
                number: *number,
                text: (*text).to_owned(),
            };
        }
        let mut signs = name.chars();
        let (Some(sign), None) = (signs.next(), signs.next()) else {
            panic!("no key is called `{name}`");
        };
        let upper = sign.to_ascii_uppercase();
        let (code, number) = match upper {
            'A'..='Z' => (format!("Key{upper}"), u32::from(upper)),
            '0'..='9' => (format!("Digit{upper}"), u32::from(upper)),
            _ => {
                let known = SIGNS.iter().find(|(known, ..)| *known == sign);
                known.map_or((String::new(), 0), |(_, code, number)| {
                    ((*code).to_owned(), *number)
                })
            }
        };
        Self {
            key: name.to_owned(),
            code,
            number,
            text: name.to_owned(),
        }
    }
}

impl Page {
    /// Presses a key, or several held together: `Enter`, `Control+k`, `Alt+p`, `Shift+Y`.
    pub async fn press(&self, keys: &str) {
        let mut parts: Vec<&str> = keys.split('+').collect();
        let key = Key::named(parts.pop().unwrap());
        let held = parts.iter().fold(0, |held, name| {
            held | match *name {
                "Alt" => ALT,
                "Control" => CONTROL,
                "Meta" => META,
                "Shift" => SHIFT,
                other => panic!("`{other}` is not held"),
            }
        });
        // With these held, a letter is no text.
        let text = if held & (ALT | CONTROL | META) == 0 {
            key.text.as_str()
        } else {
            ""
        };
        self.key_event("rawKeyDown", &key, held, "").await;
        if !text.is_empty() {
            self.key_event("char", &key, held, text).await;
        }
        self.key_event("keyUp", &key, held, "").await;
    }

    async fn key_event(&self, kind: &str, key: &Key, held: u32, text: &str) {
        let mut event = json!({
            "type": kind, "modifiers": held, "key": key.key, "code": key.code,
            "windowsVirtualKeyCode": key.number, "nativeVirtualKeyCode": key.number,
        });
        if !text.is_empty() {
            event["text"] = Value::from(text);
            event["unmodifiedText"] = Value::from(text);
        }
        self.call("Input.dispatchKeyEvent", event).await;
    }

    /// Types letter by letter; what no keyboard of the United States has comes as an input method gives it.
    pub async fn type_text(&self, text: &str) {
        for sign in text.chars() {
            if sign == '\n' {
                self.press("Shift+Enter").await;
            } else if sign.is_ascii_uppercase() {
                self.press(&format!("Shift+{sign}")).await;
            } else if sign.is_ascii() && sign != '+' {
                self.press(&sign.to_string()).await;
            } else {
                self.insert(&sign.to_string()).await;
            }
        }
    }

    /// Gives a text at once, as pasting or an input method does.
    pub async fn insert(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Turns the wheel over a point.
    pub async fn wheel(&self, (x, y): (f64, f64), down: f64) {
        let event = json!({
            "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": down,
        });
        self.call("Input.dispatchMouseEvent", event).await;
    }

    /// Presses the mouse at a point, once.
    pub async fn click_at(&self, (x, y): (f64, f64)) {
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({
                "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }
}

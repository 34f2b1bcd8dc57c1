//! How much work a schema may make: what a tool says of its arguments is checked by the host, outside of any sandbox.
//!
//! A schema can be small and still ask for a value to be looked at a million times over: two references to a part that
//! has two references again, and so on. Such a schema is refused when the tool is loaded. Every part is counted as often as
//! it would look at one and the same value; recursion into the value's own depth is free, since arguments end.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How often one value may be looked at: schemas of real tools need less than a hundred.
const LOOKS_MAX: usize = 1_000;
/// How many steps finding that out may take.
const STEPS_MAX: usize = 20_000;
/// How deep references may lead without coming to a part of the value.
const CHAIN_MAX: usize = 64;

/// Keywords whose schemas look at the same value.
const SAME_ONE: [&str; 4] = ["not", "if", "then", "else"];
const SAME_LIST: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const SAME_MAP: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Keywords whose schema looks at any member of an object, and at any element of a list.
const ANY_MEMBER: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];
const ANY_ELEMENT: [&str; 4] = ["items", "additionalItems", "contains", "unevaluatedItems"];
/// Keywords with a list of schemas, each of which looks at the element of its place.
const ELEMENTS: [&str; 2] = ["items", "prefixItems"];

/// Refuses a schema that would keep the host busy.
///
/// # Errors
/// Why, in words for its author.
pub(crate) fn check(schema: &Value) -> Result<(), String> {
    let mut walk = Walk {
        root: schema,
        steps: 0,
        seen: BTreeSet::new(),
        waiting: Vec::new(),
    };
    walk.waiting.push(vec![schema]);
    while let Some(looks) = walk.waiting.pop() {
        walk.at_one_value(&looks)?;
    }
    Ok(())
}

struct Walk<'a> {
    root: &'a Value,
    steps: usize,
    /// What looks at one value together, by the places of the schemas in memory.
    seen: BTreeSet<Vec<usize>>,
    waiting: Vec<Vec<&'a Value>>,
}

/// The schemas that look at parts of a value.
#[derive(Default)]
struct Parts<'a> {
    members: BTreeMap<&'a str, Vec<&'a Value>>,
    any_member: Vec<&'a Value>,
    elements: BTreeMap<usize, Vec<&'a Value>>,
    any_element: Vec<&'a Value>,
    /// At the names of members.
    names: Vec<&'a Value>,
}

impl<'a> Walk<'a> {
    /// Follows everything that looks at one value, and notes what looks at its parts.
    fn at_one_value(&mut self, looks: &[&'a Value]) -> Result<(), String> {
        let mut all = Vec::new();
        for schema in looks {
            self.same(schema, 0, &mut all)?;
        }
        let mut parts = Parts::default();
        for schema in &all {
            parts.add(schema);
        }
        for mut looks in parts.members.into_values() {
            looks.extend(&parts.any_member);
            self.wait(looks);
        }
        for mut looks in parts.elements.into_values() {
            looks.extend(&parts.any_element);
            self.wait(looks);
        }
        for looks in [parts.any_member, parts.any_element, parts.names] {
            self.wait(looks);
        }
        Ok(())
    }

    /// All schemas that look at the same value as this one.
    fn same(
        &mut self,
        schema: &'a Value,
        chain: usize,
        all: &mut Vec<&'a Value>,
    ) -> Result<(), String> {
        self.steps += 1;
        if all.len() >= LOOKS_MAX || self.steps > STEPS_MAX {
            return Err(format!(
                "its parts refer to each other so often that one value would be looked at more than {LOOKS_MAX} times"
            ));
        }
        if chain > CHAIN_MAX {
            return Err("its references lead in a circle or too deep".to_owned());
        }
        let Some(keywords) = schema.as_object() else {
            return Ok(());
        };
        all.push(schema);
        for name in ["$ref", "$dynamicRef", "$recursiveRef"] {
            if let Some(target) = keywords.get(name).and_then(Value::as_str) {
                let target = self.target(target)?;
                self.same(target, chain + 1, all)?;
            }
        }
        let one = SAME_ONE.iter().filter_map(|name| keywords.get(*name));
        let list = SAME_LIST
            .iter()
            .filter_map(|name| keywords.get(*name)?.as_array());
        let map = SAME_MAP
            .iter()
            .filter_map(|name| keywords.get(*name)?.as_object());
        let inner = one
            .chain(list.flatten())
            .chain(map.flat_map(|map| map.values()));
        for schema in inner {
            self.same(schema, chain + 1, all)?;
        }
        Ok(())
    }

    /// What a reference means: the whole schema, or a place in it.
    fn target(&self, reference: &str) -> Result<&'a Value, String> {
        let pointer = reference.strip_prefix('#').and_then(decoded);
        pointer
            .filter(|pointer| pointer.is_empty() || pointer.starts_with('/'))
            .and_then(|pointer| self.root.pointer(&pointer))
            .ok_or_else(|| {
                format!(
                    "`{}` refers to nothing in it; refer to a place, such as `#/$defs/name`",
                    anteroom_gate::visible(reference)
                )
            })
    }

    fn wait(&mut self, looks: Vec<&'a Value>) {
        if looks.is_empty() {
            return;
        }
        let mut places: Vec<usize> = looks
            .iter()
            .map(|schema| std::ptr::from_ref::<Value>(schema).addr())
            .collect();
        places.sort_unstable();
        if self.seen.insert(places) {
            self.waiting.push(looks);
        }
    }
}

impl<'a> Parts<'a> {
    fn add(&mut self, schema: &'a Value) {
        let Some(keywords) = schema.as_object() else {
            return;
        };
        let maps = ["properties", "patternProperties"];
        let [named, patterns] = maps.map(|name| keywords.get(name).and_then(Value::as_object));
        for (name, schema) in named.into_iter().flatten() {
            self.members.entry(name).or_default().push(schema);
        }
        let any = ANY_MEMBER.iter().filter_map(|name| keywords.get(*name));
        self.any_member.extend(any);
        let patterns = patterns.into_iter().flat_map(|patterns| patterns.values());
        self.any_member.extend(patterns);
        let lists = ELEMENTS
            .iter()
            .filter_map(|name| keywords.get(*name)?.as_array());
        for list in lists {
            for (place, schema) in list.iter().enumerate() {
                self.elements.entry(place).or_default().push(schema);
            }
        }
        let any = ANY_ELEMENT.iter().filter_map(|name| keywords.get(*name));
        self.any_element
            .extend(any.filter(|schema| schema.is_object()));
        self.names.extend(keywords.get("propertyNames"));
    }
}

/// A pointer with its `%` signs undone.
fn decoded(pointer: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = rest.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn allowed(schema: &Value) {
        assert_eq!(check(schema), Ok(()));
    }

    #[track_caller]
    fn refused(schema: &Value, words: &str) {
        let why = check(schema).unwrap_err();
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn what_real_tools_say_is_allowed() {
        let edit = json!({ "type": "object", "properties": { "old": { "type": "string" } } });
        allowed(&json!({ "type": "object" }));
        allowed(&json!({
            "type": "object",
            "properties": { "path": { "type": ["string", "null"] },
                "edits": { "type": "array", "items": { "$ref": "#/$defs/Edit" } } },
            "additionalProperties": false,
            "$defs": { "Edit": edit },
        }));
        // A tree, an expression: deep as the arguments are, and no deeper.
        allowed(&json!({
            "type": "object",
            "properties": { "left": { "$ref": "#" }, "right": { "$ref": "#" } },
        }));
        allowed(&json!({
            "type": "object", "properties": { "tree": { "$ref": "#/$defs/a~1b%20c" } },
            "$defs": { "a/b c": { "anyOf": [
                { "type": "string" },
                { "type": "object", "additionalProperties": { "$ref": "#/$defs/a~1b%20c" } },
            ] } },
        }));
        // Anything at all, spelled out.
        allowed(&json!({
            "type": "object", "properties": { "any": { "$ref": "#/$defs/any" } },
            "$defs": { "any": { "anyOf": [
                { "type": ["string", "number", "boolean", "null"] },
                { "type": "array", "items": { "$ref": "#/$defs/any" } },
                { "type": "object", "additionalProperties": { "$ref": "#/$defs/any" } },
            ] } },
        }));
        allowed(&json!({
            "type": "object", "properties": { "pair": { "$ref": "#/$defs/pair" } },
            "$defs": { "pair": { "prefixItems": [{ "$ref": "#/$defs/pair" }, { "$ref": "#/$defs/pair" }] } },
        }));
    }

    #[test]
    fn what_multiplies_is_refused() {
        // Twice the same, twenty levels deep: a million looks at one value.
        let twice = |name: String| json!({ "allOf": [{ "$ref": name }, { "$ref": name }] });
        let mut levels = serde_json::Map::new();
        for level in 0..20 {
            levels.insert(
                format!("d{level}"),
                twice(format!("#/$defs/d{}", level + 1)),
            );
        }
        levels.insert("d20".into(), json!({ "type": "object" }));
        refused(
            &json!({ "type": "object", "$ref": "#/$defs/d0", "$defs": levels }),
            "more than 1000 times",
        );
        // The same, a level for each level of the arguments.
        for keyword in ["properties", "patternProperties"] {
            let mut again = json!({ "type": "object" });
            again[keyword] = json!({ "a": twice("#".into()) });
            refused(&again, "more than 1000 times");
        }
        for keyword in ["items", "additionalProperties", "contains"] {
            let mut again = json!({ "type": "object" });
            again[keyword] = twice("#".into());
            refused(&again, "more than 1000 times");
        }
        // Two keywords that look at the same part.
        refused(
            &json!({ "type": "object", "items": { "$ref": "#" }, "contains": { "$ref": "#" } }),
            "more than 1000 times",
        );
        refused(
            &json!({ "type": "object", "properties": { "a": { "$ref": "#" } },
                "patternProperties": { "a": { "$ref": "#" } } }),
            "more than 1000 times",
        );
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for reference in [
            "#/$defs/none",
            "other.json",
            "http://127.0.0.1:9/x",
            "#anchor",
            "#%zz",
        ] {
            refused(
                &json!({ "type": "object", "$ref": reference }),
                "refers to nothing in it",
            );
        }
        refused(&json!({ "type": "object", "$ref": "#" }), "in a circle");
        refused(
            &json!({ "type": "object", "$defs": { "a": { "$ref": "#/$defs/b" },
                "b": { "not": { "$ref": "#/$defs/a" } } }, "anyOf": [{ "$ref": "#/$defs/a" }] }),
            "in a circle",
        );
    }
}

//! The tools of a turn that the model was not told of in full: looked up by words, and then told behind the others.

use super::wire;
use crate::modules::deferral;
use anteroom_api::ToolView;
use anteroom_tools::Definition;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Tools that one look finds at most.
const MOST_FOUND: usize = 10;
/// As many times the bound may be sent once tools were looked up; beyond, they are described in the answer alone.
const LOADED: u64 = 2;

/// What can be looked up in a turn.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    deferred: Vec<Definition>,
    /// Tokens that may still be sent.
    room: Mutex<u64>,
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    /// Everything that was loaded in this turn.
    all: Vec<String>,
    /// What is not part of the requests yet.
    fresh: Vec<Definition>,
}

impl Catalog {
    /// `sent` is told of already, in a turn with this bound.
    pub(crate) fn new(deferred: Vec<Definition>, sent: &[Definition], most: u64) -> Self {
        let room = (most * LOADED).saturating_sub(deferral::cost(sent));
        Self {
            deferred,
            room: Mutex::new(room),
            loaded: Mutex::default(),
        }
    }

    /// What can be looked up, loaded or not.
    pub(crate) fn deferred(&self) -> &[Definition] {
        &self.deferred
    }

    /// The tools that fit some words best; they are sent from the next request on.
    pub(crate) fn find(&self, query: &str, limit: u32) -> Result<Vec<ToolView>, String> {
        if self.deferred.is_empty() {
            return Err("there are no further tools; you know them all".to_owned());
        }
        let limit = usize::try_from(limit).unwrap_or(MOST_FOUND);
        let found = ranked(&self.deferred, query, limit.clamp(1, MOST_FOUND));
        if found.is_empty() {
            return Err(format!(
                "no further tool fits; there are {}",
                servers(&self.deferred)
            ));
        }
        let views = found.iter().map(|tool| ToolView {
            name: wire::name(&tool.tool.name).into_owned(),
            ..tool.tool.as_ref().clone()
        });
        let views = views.collect();
        found.into_iter().for_each(|tool| self.load(tool));
        Ok(views)
    }

    /// Loads tools by the names under which they are sent, as far as there are such: in a replay.
    pub(crate) fn load_sent(&self, names: &[String]) {
        let is_named = |tool: &&Definition| {
            let name = wire::name(&tool.tool.name);
            names.iter().any(|sent| *sent == name)
        };
        for tool in self.deferred.iter().filter(is_named) {
            self.load(tool);
        }
    }

    /// What was loaded since this was last asked, in that order.
    pub(crate) fn fresh(&self) -> Vec<Definition> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut loaded.fresh)
    }

    fn load(&self, tool: &Definition) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.all.contains(&tool.tool.name) {
            return;
        }
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = deferral::cost(std::slice::from_ref(tool));
        if cost > *room {
            return;
        }
        *room -= cost;
        loaded.all.push(tool.tool.name.clone());
        loaded.fresh.push(tool.clone());
    }
}

fn servers(tools: &[Definition]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tool in tools {
        *counts.entry(&tool.module.0).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(module, count)| format!("{count} of `{module}`"));
    counts.collect::<Vec<_>>().join(", ")
}

/// The best for some words: a word that few tools have weighs more, and one of the name more than one of the
/// description.
fn ranked<'a>(tools: &'a [Definition], query: &str, limit: usize) -> Vec<&'a Definition> {
    let wanted = words(query);
    let texts: Vec<(Vec<String>, Vec<String>)> = tools
        .iter()
        .map(|tool| (words(&tool.tool.name), words(&tool.tool.description)))
        .collect();
    let weights: Vec<f64> = wanted
        .iter()
        .map(|word| {
            let has = |(name, about): &&(Vec<String>, Vec<String>)| {
                fit(name, word).max(fit(about, word)) > 0.0
            };
            let count = texts.iter().filter(has).count();
            #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
            let share = (texts.len() + 1) as f64 / (count + 1) as f64;
            1.0 + share.ln()
        })
        .collect();
    let mut scores: Vec<(f64, usize)> = texts
        .iter()
        .enumerate()
        .map(|(at, (name, about))| {
            let words = wanted.iter().zip(&weights);
            let score =
                words.map(|(word, weight)| weight * (3.0 * fit(name, word)).max(fit(about, word)));
            let exact = [
                &tools[at].tool.name as &str,
                &wire::name(&tools[at].tool.name),
            ]
            .contains(&query.trim());
            (score.sum::<f64>() + if exact { 1000.0 } else { 0.0 }, at)
        })
        .filter(|(score, _)| *score > 0.0)
        .collect();
    scores.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let best = scores.iter().take(limit);
    best.map(|(_, at)| &tools[*at]).collect()
}

/// How well a word is among others: whole, or as the beginning of one.
fn fit(among: &[String], word: &str) -> f64 {
    if among.iter().any(|one| one == word) {
        return 1.0;
    }
    let stem = |one: &String| {
        word.len() >= 4
            && (one.starts_with(word) || word.starts_with(one.as_str()) && one.len() >= 4)
    };
    if among.iter().any(stem) { 0.6 } else { 0.0 }
}

/// Lower-case words, also those inside of `camelCase`.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for sign in text.chars() {
        let begins = sign.is_uppercase() && was_lower;
        if (begins || !sign.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if sign.is_alphanumeric() {
            word.extend(sign.to_lowercase());
        }
        was_lower = sign.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::deferral::tests::{of_server, tool};
    use anteroom_api::ModuleOrigin;

    fn catalog() -> Catalog {
        let mut tools: Vec<Definition> = (0..200).map(|number| of_server("big", number)).collect();
        let special = (
            "time.getCurrentTime",
            "Tells what the clock shows in a time zone.",
        );
        tools.push(tool("time", ModuleOrigin::Server, special));
        Catalog::new(tools, &[], 4000)
    }

    #[test]
    fn the_right_one_of_many_is_found_and_loaded_once() {
        let catalog = catalog();
        for query in [
            "current time",
            "time zone clock",
            "time__getCurrentTime",
            "what clock",
        ] {
            let found = catalog.find(query, 3).unwrap();
            assert_eq!(found[0].name, "time__getCurrentTime", "{query}");
        }
        let fresh = catalog.fresh();
        let times = fresh.iter().filter(|tool| tool.module.0 == "time");
        assert_eq!(times.count(), 1);
        assert_eq!(catalog.fresh(), []);
        let found = catalog.find("number 137", 1).unwrap();
        assert_eq!(found[0].name, "big__tool_137");
    }

    #[test]
    fn what_does_not_fit_is_said_in_words() {
        let catalog = catalog();
        let none = catalog.find("xylophone", 3).unwrap_err();
        assert_eq!(
            none,
            "no further tool fits; there are 200 of `big`, 1 of `time`"
        );
        assert!(Catalog::default().find("time", 3).is_err());
    }

    #[test]
    fn loading_ends_at_its_bound() {
        let tools: Vec<Definition> = (0..200).map(|number| of_server("big", number)).collect();
        let catalog = Catalog::new(tools, &[], 500);
        for number in 0..200 {
            catalog.find(&format!("number {number}"), 1).unwrap();
        }
        let loaded = catalog.fresh();
        assert!(!loaded.is_empty() && deferral::cost(&loaded) <= 1000);
    }
}

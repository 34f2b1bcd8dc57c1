//! The tools of a turn that the model was not told of in full: looked up by words, and then told behind the others.
//! All that is told stays within the bound: where there is no more room, what was looked up first goes again.

use super::wire;
use crate::modules::deferral;
use anteroom_api::ToolView;
use anteroom_tools::Definition;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tools that one look finds at most.
const MOST_FOUND: usize = 10;

/// What can be looked up in a turn.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Not sent when the turn began.
    deferred: Vec<Definition>,
    /// Tokens that tools may cost which were looked up: what the others leave of the bound.
    room: u64,
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    /// Everything that was looked up and is sent, the oldest first.
    sent: Vec<Definition>,
    /// What requests do not show yet.
    change: Change,
}

/// How the tools of a request differ from those of the one before.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Change {
    /// The names of those that are not sent any more.
    pub(crate) dropped: Vec<String>,
    /// What comes behind the others.
    pub(crate) fresh: Vec<Definition>,
}

/// What a look came to.
#[derive(Debug)]
pub(crate) struct Found {
    /// The tools as the model is told of them, the best first.
    pub(crate) tools: Vec<ToolView>,
    /// What it has to know beside.
    pub(crate) words: Option<String>,
}

impl Change {
    pub(crate) fn is_none(&self) -> bool {
        self.dropped.is_empty() && self.fresh.is_empty()
    }
}

impl Catalog {
    /// For a turn with this bound that begins with `sent`; `found` are the names of those that were looked up before.
    pub(crate) fn new(
        deferred: Vec<Definition>,
        (sent, found): (&[Definition], &[String]),
        most: u64,
    ) -> Self {
        let (found, fixed): (Vec<_>, Vec<_>) = sent
            .iter()
            .cloned()
            .partition(|tool| found.contains(&tool.tool.name));
        let room = most.saturating_sub(deferral::cost(&fixed));
        let mut loaded = Loaded {
            sent: found,
            change: Change::default(),
        };
        // The bound may be another than it was.
        drop(loaded.make_room(room, &[]));
        Self {
            deferred,
            room,
            loaded: Mutex::new(loaded),
        }
    }

    /// What was not sent when the turn began.
    pub(crate) fn deferred(&self) -> &[Definition] {
        &self.deferred
    }

    /// The names of what was looked up and is sent.
    pub(crate) fn found(&self) -> Vec<String> {
        names(&self.loaded().sent)
    }

    /// The tools that fit some words best; they are sent from the next request on.
    pub(crate) fn find(&self, query: &str, limit: u32) -> Result<Found, String> {
        let mut loaded = self.loaded();
        let known = loaded.known(&self.deferred);
        if known.is_empty() {
            return Err("there are no further tools; you know them all".to_owned());
        }
        let limit = usize::try_from(limit).unwrap_or(MOST_FOUND);
        let found = ranked(&known, query, limit.clamp(1, MOST_FOUND));
        if found.is_empty() {
            return Err(format!(
                "no further tool fits; there are {}",
                servers(&known)
            ));
        }
        let best: Vec<Definition> = found.into_iter().cloned().collect();
        let views = best.iter().map(|tool| ToolView {
            name: wire::name(&tool.tool.name).into_owned(),
            ..tool.tool.as_ref().clone()
        });
        Ok(Found {
            tools: views.collect(),
            words: loaded.load(best, self.room),
        })
    }

    /// Has exactly those be sent that were, by the names under which they were, as far as there are such: in a replay.
    pub(crate) fn load_sent(&self, sent: &[String]) {
        if sent.is_empty() {
            return;
        }
        let mut loaded = self.loaded();
        let is_sent = |tool: &Definition| {
            let name = wire::name(&tool.tool.name);
            sent.iter().any(|sent| *sent == name)
        };
        for name in names(&loaded.sent) {
            loaded.drop_unless(&name, is_sent);
        }
        for tool in self.deferred.iter().filter(|tool| is_sent(tool)) {
            if !loaded.has(tool) {
                loaded.push(tool.clone());
            }
        }
    }

    /// How what is sent has changed since this was last asked.
    pub(crate) fn change(&self) -> Change {
        std::mem::take(&mut self.loaded().change)
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    /// Everything that can be looked up, sent or not.
    fn known(&self, deferred: &[Definition]) -> Vec<Definition> {
        let sent = self.sent.iter();
        let is_other =
            |tool: &&Definition| !deferred.iter().any(|it| it.tool.name == tool.tool.name);
        deferred
            .iter()
            .chain(sent.filter(is_other))
            .cloned()
            .collect()
    }

    fn has(&self, tool: &Definition) -> bool {
        self.sent
            .iter()
            .any(|sent| sent.tool.name == tool.tool.name)
    }

    /// Sends tools, the best first, as far as there is room; what is not among them makes it. What the model has to
    /// know of that.
    fn load(&mut self, best: Vec<Definition>, room: u64) -> Option<String> {
        let mut stay: Vec<String> = Vec::new();
        let (mut gone, mut left_out) = (Vec::new(), Vec::new());
        for tool in best {
            let name = tool.tool.name.clone();
            if !self.has(&tool) {
                let cost = deferral::cost(std::slice::from_ref(&tool));
                let kept = self
                    .sent
                    .iter()
                    .filter(|sent| stay.contains(&sent.tool.name));
                let kept: u64 = kept
                    .map(|sent| deferral::cost(std::slice::from_ref(sent)))
                    .sum();
                if kept + cost > room {
                    left_out.push(name);
                    continue;
                }
                gone.extend(self.make_room(room - cost, &stay));
                self.push(tool);
            }
            stay.push(name);
        }
        let told = |names: &[String]| {
            let names = names.iter().map(|name| wire::name(name));
            names.collect::<Vec<_>>().join(", ")
        };
        let mut words = Vec::new();
        if !gone.is_empty() {
            words.push(format!(
                "[Not described any more, to make room; look for them again before you call them: {}]",
                told(&gone)
            ));
        }
        if !left_out.is_empty() {
            words.push(format!(
                "[There is no room to go on describing these; look for them alone, by name: {}]",
                told(&left_out)
            ));
        }
        (!words.is_empty()).then(|| words.join("\n"))
    }

    /// Has the oldest go until the others cost no more than this; some stay in any case.
    fn make_room(&mut self, room: u64, stay: &[String]) -> Vec<String> {
        let mut gone = Vec::new();
        for name in names(&self.sent) {
            if deferral::cost(&self.sent) <= room {
                break;
            }
            if !stay.contains(&name) {
                self.drop_unless(&name, |_| false);
                gone.push(name);
            }
        }
        gone
    }

    fn push(&mut self, tool: Definition) {
        self.change.fresh.push(tool.clone());
        self.sent.push(tool);
    }

    /// Has a tool go, unless it is to stay.
    fn drop_unless(&mut self, name: &str, stays: impl Fn(&Definition) -> bool) {
        let is_it = |tool: &Definition| tool.tool.name == name && !stays(tool);
        let before = self.sent.len();
        self.sent.retain(|tool| !is_it(tool));
        if self.sent.len() == before {
            return;
        }
        let fresh = self.change.fresh.len();
        self.change.fresh.retain(|tool| !is_it(tool));
        // What no request has shown needs not go from one.
        if self.change.fresh.len() == fresh {
            self.change.dropped.push(name.to_owned());
        }
    }
}

fn names(tools: &[Definition]) -> Vec<String> {
    tools.iter().map(|tool| tool.tool.name.clone()).collect()
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
        Catalog::new(tools, (&[], &[]), 4000)
    }

    /// What a turn sends: what came, without what went.
    #[derive(Default)]
    struct Sent(Vec<Definition>);

    impl Sent {
        fn names(&self) -> Vec<String> {
            names(&self.0)
        }

        fn follow(&mut self, catalog: &Catalog) {
            let change = catalog.change();
            for name in &change.dropped {
                assert!(self.names().contains(name), "{name} was not sent");
            }
            let stays = |tool: &Definition| !change.dropped.contains(&tool.tool.name);
            self.0.retain(stays);
            self.0.extend(change.fresh);
            assert_eq!(self.names(), catalog.found());
        }
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
            assert_eq!(found.tools[0].name, "time__getCurrentTime", "{query}");
        }
        let change = catalog.change();
        let times = change.fresh.iter().filter(|tool| tool.module.0 == "time");
        assert_eq!(times.count(), 1);
        assert!(catalog.change().is_none());
        let found = catalog.find("number 137", 1).unwrap();
        assert_eq!(found.tools[0].name, "big__tool_137");
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
    fn all_that_is_sent_stays_within_the_bound_and_the_oldest_goes() {
        let tools: Vec<Definition> = (0..200).map(|number| of_server("big", number)).collect();
        let fixed = [of_server("fixed", 1)];
        let one = deferral::cost(&tools[..1]);
        let most = deferral::cost(&fixed) + 4 * one;
        let catalog = Catalog::new(tools, (&fixed, &[]), most);
        let mut sent = Sent::default();
        for number in 0..200 {
            let found = catalog.find(&format!("number {number}"), 1).unwrap();
            sent.follow(&catalog);
            assert!(deferral::cost(&fixed) + deferral::cost(&sent.0) <= most);
            let newest = format!("big.tool_{number}");
            assert_eq!(sent.names().last(), Some(&newest));
            // What goes is named under the name it was sent by.
            match number {
                0..=2 => assert_eq!(found.words, None),
                20.. => assert!(found.words.unwrap().contains("big__tool_")),
                _ => {}
            }
        }
        assert_eq!(sent.names().len(), 3.max(sent.names().len()));
        // What has gone comes again, behind the others.
        catalog.find("number 0", 1).unwrap();
        sent.follow(&catalog);
        assert_eq!(sent.names().last().unwrap(), "big.tool_0");
        // What one look finds does not push itself out, and what is too much for it is told.
        let found = catalog.find("number things", 10).unwrap();
        sent.follow(&catalog);
        assert_eq!(found.tools.len(), 10);
        let best = found.tools.iter().map(|tool| tool.name.replace("__", "."));
        let best: Vec<String> = best.take(sent.0.len()).collect();
        assert!(best.iter().all(|name| sent.names().contains(name)));
        assert!(found.words.unwrap().contains("no room"));
        assert!(deferral::cost(&fixed) + deferral::cost(&sent.0) <= most);
    }

    #[test]
    fn what_was_looked_up_earlier_goes_first_and_can_be_found_again() {
        let tools: Vec<Definition> = (0..10).map(|number| of_server("big", number)).collect();
        let (before, deferred) = tools.split_at(3);
        let found = names(before);
        let most = deferral::cost(before);
        let catalog = Catalog::new(deferred.to_vec(), (before, &found), most);
        assert_eq!(catalog.found(), found);
        assert!(catalog.find("number 2", 1).unwrap().words.is_none());
        assert!(catalog.change().is_none());
        let words = catalog.find("number 7", 1).unwrap().words.unwrap();
        assert!(words.contains("big__tool_0") && !words.contains("big__tool_1"));
        let change = catalog.change();
        assert_eq!(change.dropped, ["big.tool_0"]);
        assert_eq!(names(&change.fresh), ["big.tool_7"]);
        // A bound that was lowered meanwhile holds from the first request on.
        let catalog = Catalog::new(deferred.to_vec(), (before, &found), most / 2);
        assert_eq!(catalog.change().dropped, found[..2]);
    }

    #[test]
    fn a_replay_sends_what_was_sent() {
        let tools: Vec<Definition> = (0..10).map(|number| of_server("big", number)).collect();
        let (before, deferred) = tools.split_at(2);
        let catalog = Catalog::new(deferred.to_vec(), (before, &names(before)), 4000);
        let sent = |numbers: &[u32]| {
            let names = numbers.iter().map(|number| format!("big__tool_{number}"));
            names.collect::<Vec<_>>()
        };
        catalog.load_sent(&sent(&[1, 5]));
        let change = catalog.change();
        assert_eq!(change.dropped, ["big.tool_0"]);
        assert_eq!(names(&change.fresh), ["big.tool_5"]);
        catalog.load_sent(&[]);
        assert!(catalog.change().is_none());
        catalog.load_sent(&sent(&[1]));
        assert_eq!(catalog.change().dropped, ["big.tool_5"]);
    }
}

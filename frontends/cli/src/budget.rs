//! `--budget`: what one run may spend, as settings. Pure.

use serde_json::{Value, json};

/// What a run may spend.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Budget {
    /// Tokens.
    pub(crate) tokens: Option<u64>,
    /// Money, by `ai.prices`.
    pub(crate) cost: Option<f64>,
    /// Tool calls.
    pub(crate) calls: Option<u64>,
}

/// Reads `50000`, `50k`, or `tokens=50k,cost=0.5,calls=20`.
pub(crate) fn parse(text: &str) -> Result<Budget, String> {
    let mut budget = Budget::default();
    for part in text.split(',').map(str::trim) {
        let (name, value) = part.split_once('=').unwrap_or(("tokens", part));
        match name.trim() {
            "tokens" => budget.tokens = Some(amount(value)?),
            "calls" => budget.calls = Some(amount(value)?),
            "cost" => {
                let cost = value.trim().parse().ok();
                let cost = cost.filter(|cost: &f64| cost.is_finite() && *cost >= 0.0);
                budget.cost = Some(cost.ok_or_else(usage)?);
            }
            _ => return Err(usage()),
        }
    }
    Ok(budget)
}

impl Budget {
    /// The settings it stands for: key, value, flag.
    pub(crate) fn overrides(self) -> Vec<(String, Value, String)> {
        let named = [
            ("tokens", self.tokens.map(|tokens| json!(tokens))),
            ("cost", self.cost.map(|cost| json!(cost))),
            ("calls", self.calls.map(|calls| json!(calls))),
        ];
        named
            .into_iter()
            .filter_map(|(name, value)| {
                Some((format!("budget.turn.{name}"), value?, "--budget".to_owned()))
            })
            .collect()
    }
}

fn amount(text: &str) -> Result<u64, String> {
    let text = text.trim().to_ascii_lowercase();
    let (digits, times) = match text.strip_suffix(['k', 'm']) {
        Some(digits) if text.ends_with('k') => (digits, 1_000),
        Some(digits) => (digits, 1_000_000),
        None => (text.as_str(), 1),
    };
    let number = digits.parse::<u64>().ok();
    number
        .and_then(|number| number.checked_mul(times))
        .ok_or_else(usage)
}

fn usage() -> String {
    "give tokens, for example 50k, or tokens=50k,cost=0.5,calls=20".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_tokens_or_named_parts() {
        let check = |text: &str, wanted: Option<(Option<u64>, Option<f64>, Option<u64>)>| {
            let read = parse(text).ok();
            let read = read.map(|read| (read.tokens, read.cost, read.calls));
            assert_eq!(read, wanted, "{text}");
        };
        check("50000", Some((Some(50_000), None, None)));
        check("50k", Some((Some(50_000), None, None)));
        check(
            "tokens=1M, cost=0.5,calls=20",
            Some((Some(1_000_000), Some(0.5), Some(20))),
        );
        for wrong in [
            "",
            "x",
            "money=3",
            "cost=-1",
            "cost=inf",
            "-5",
            "99999999999999m",
        ] {
            check(wrong, None);
        }
        let settings = parse("calls=3").unwrap().overrides();
        assert_eq!(
            settings,
            [("budget.turn.calls".into(), json!(3), "--budget".into())]
        );
    }
}

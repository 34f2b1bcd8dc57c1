//! Budgets: what a request or a call may cost is set aside before it is made, and settled after.
//!
//! One purse for a turn and its child agents. A day's budget is shared by every process on the database, so
//! its reservations are durable; without a day's budget nothing is written. Where nothing is limited, nothing
//! is counted either.

use crate::config::{Budget, Cap, Prices, Settings};
use crate::engine::Engine;
use anteroom_api::{ConversationId, TurnId, Usage};
use anteroom_storage::{Caps, Reservation, Spent, StorageError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// What a turn and its children may spend.
pub(crate) struct Purse {
    engine: Arc<Engine>,
    prices: Prices,
    answer_tokens: u64,
    turn: Caps,
    conversation: Caps,
    day: Caps,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By the conversation, before this turn.
    before: Spent,
    /// By this turn.
    spent: Spent,
    /// Under way.
    set_aside: Spent,
    /// Why the turn has to end, once it has.
    end: Option<String>,
}

/// An amount set aside. What is neither settled nor released is given back with the end of the turn.
#[derive(Debug)]
#[must_use]
pub(crate) struct SetAside {
    pub(crate) id: Option<Uuid>,
    amount: Spent,
}

/// What does not fit, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded(pub(crate) String);

/// What setting something aside may come to.
pub(crate) type Taken<T> = Result<Result<T, Exceeded>, StorageError>;

impl Purse {
    /// The purse of a person's turn.
    pub(crate) async fn of_turn(
        engine: &Arc<Engine>,
        settings: &Settings,
        conversation: ConversationId,
    ) -> Result<Arc<Self>, StorageError> {
        let purse = Self::new(engine, settings, caps(&settings.budget.turn));
        if !purse.conversation.is_unlimited() {
            purse.lock().before = engine.storage.spent(conversation).await?;
        }
        Ok(Arc::new(purse))
    }

    fn new(engine: &Arc<Engine>, settings: &Settings, turn: Caps) -> Self {
        let Budget {
            conversation,
            day,
            answer_tokens,
            ..
        } = &settings.budget;
        Self {
            engine: engine.clone(),
            prices: settings.ai.prices,
            answer_tokens: *answer_tokens,
            turn,
            conversation: caps(conversation),
            day: caps(day),
            state: Mutex::default(),
        }
    }

    /// Sets aside what a request with so many tokens and its answer may cost.
    pub(crate) async fn request(
        &self,
        (turn, step): (TurnId, u32),
        prompt_tokens: impl FnOnce() -> u64,
    ) -> Taken<SetAside> {
        if self.is_unlimited() {
            return Ok(Ok(SetAside::nothing()));
        }
        let usage = Usage {
            prompt_tokens: prompt_tokens(),
            completion_tokens: self.answer_tokens,
            ..Usage::default()
        };
        let amount = Spent {
            tokens: usage.prompt_tokens.saturating_add(usage.completion_tokens),
            cost_micros: cost(&self.prices, usage),
            calls: 0,
        };
        let taken = self.set_aside((turn, step), amount).await?;
        if let Err(Exceeded(words)) = &taken {
            self.lock().end.get_or_insert_with(|| words.clone());
        }
        Ok(taken)
    }

    /// Sets aside as many of the calls of one answer as fit: the first so many.
    pub(crate) async fn calls(
        &self,
        place: (TurnId, u32),
        calls: usize,
    ) -> Result<usize, StorageError> {
        if self.is_unlimited() {
            return Ok(calls);
        }
        for fitting in (0..=calls).rev() {
            let amount = Spent {
                calls: u64::try_from(fitting).unwrap_or(u64::MAX),
                ..Spent::default()
            };
            match self.set_aside(place, amount).await? {
                Ok(aside) => {
                    // A call that is begun is made.
                    self.settle(aside, amount);
                    return Ok(fitting);
                }
                Err(Exceeded(words)) => {
                    self.lock().end.get_or_insert(words);
                }
            }
        }
        Ok(0)
    }

    /// Puts what was spent in the place of what was set aside.
    pub(crate) fn settle(&self, aside: SetAside, spent: Spent) {
        let mut state = self.lock();
        state.set_aside = minus(state.set_aside, aside.amount);
        state.spent = state.spent.plus(spent);
    }

    /// The same for a request.
    pub(crate) fn settle_usage(&self, aside: SetAside, usage: Usage) {
        let tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
        let spent = Spent {
            tokens,
            cost_micros: usage.cost_micros,
            calls: 0,
        };
        self.settle(aside, spent);
    }

    /// Why the turn has to end, if it has.
    pub(crate) fn end(&self) -> Option<String> {
        self.lock().end.clone()
    }

    /// Tokens with what they cost.
    pub(crate) fn priced(&self, usage: Usage) -> Usage {
        Usage {
            cost_micros: cost(&self.prices, usage),
            ..usage
        }
    }

    fn is_unlimited(&self) -> bool {
        self.turn.is_unlimited() && self.conversation.is_unlimited() && self.day.is_unlimited()
    }

    async fn set_aside(&self, (turn, step): (TurnId, u32), amount: Spent) -> Taken<SetAside> {
        {
            let mut state = self.lock();
            let of_turn = state.spent.plus(state.set_aside);
            let of_conversation = of_turn.plus(state.before);
            let scopes = [
                ("turn", &self.turn, of_turn),
                ("conversation", &self.conversation, of_conversation),
            ];
            for (name, caps, used) in scopes {
                if !caps.hold(used.plus(amount)) {
                    return Ok(Err(exceeded(name, caps, (used, amount))));
                }
            }
            state.set_aside = state.set_aside.plus(amount);
        }
        if self.day.is_unlimited() {
            return Ok(Ok(SetAside { id: None, amount }));
        }
        let id = self.engine.ambient.uuid();
        let reservation = Reservation {
            id,
            turn,
            step,
            amount,
        };
        let now = self.engine.ambient.now();
        let reserved = self
            .engine
            .storage
            .reserve(reservation, self.day, now)
            .await;
        if !matches!(reserved, Ok(Ok(()))) {
            let mut state = self.lock();
            state.set_aside = minus(state.set_aside, amount);
        }
        Ok(match reserved? {
            Ok(()) => Ok(SetAside {
                id: Some(id),
                amount,
            }),
            Err(used) => Err(exceeded("day", &self.day, (used, amount))),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SetAside {
    fn nothing() -> Self {
        Self {
            id: None,
            amount: Spent::default(),
        }
    }
}

/// What tokens cost, in millionths: a price of a million tokens is a millionth of it for each.
pub(crate) fn cost(prices: &Prices, usage: Usage) -> u64 {
    let price = |price: Option<f64>| price.unwrap_or(0.0);
    let cached = usage.cached_tokens.min(usage.prompt_tokens);
    let tokens = |count: u64| {
        #[expect(clippy::cast_precision_loss, reason = "no request has 2^52 tokens")]
        let tokens = count as f64;
        tokens
    };
    let micros = tokens(usage.prompt_tokens - cached) * price(prices.input)
        + tokens(cached) * price(prices.cached.or(prices.input))
        + tokens(usage.completion_tokens) * price(prices.output);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "prices are not negative, and the cast saturates"
    )]
    let micros = micros.ceil() as u64;
    micros
}

fn caps(cap: &Cap) -> Caps {
    let micros = |cost: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded by the table of settings"
        )]
        let micros = (cost * 1e6).round() as u64;
        micros
    };
    Caps {
        tokens: cap.tokens,
        cost_micros: cap.cost.map(micros),
        calls: cap.calls,
    }
}

fn minus(whole: Spent, part: Spent) -> Spent {
    Spent {
        tokens: whole.tokens.saturating_sub(part.tokens),
        cost_micros: whole.cost_micros.saturating_sub(part.cost_micros),
        calls: whole.calls.saturating_sub(part.calls),
    }
}

/// Which cap does not hold, by how much, and which setting to change.
fn exceeded(scope: &str, caps: &Caps, (used, amount): (Spent, Spent)) -> Exceeded {
    let whole = used.plus(amount);
    let is_over = |cap: Option<u64>, value: u64| cap.is_some_and(|cap| value > cap);
    let money = |micros: u64| format!("{}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100);
    let (name, cap, used, next) = if is_over(caps.tokens, whole.tokens) {
        let cap = caps.tokens.unwrap_or_default();
        (
            "tokens",
            format!("{cap} tokens"),
            used.tokens.to_string(),
            amount.tokens.to_string(),
        )
    } else if is_over(caps.calls, whole.calls) {
        let cap = caps.calls.unwrap_or_default();
        (
            "calls",
            format!("{cap} tool calls"),
            used.calls.to_string(),
            amount.calls.to_string(),
        )
    } else {
        let cap = money(caps.cost_micros.unwrap_or_default());
        (
            "cost",
            cap,
            money(used.cost_micros),
            money(amount.cost_micros),
        )
    };
    let next = match name {
        "calls" => format!("{next} more are wanted"),
        _ => format!("the next request may take {next}"),
    };
    Exceeded(format!(
        "the budget of {cap} for a {scope} is used up ({used} spent or under way, {next}); raise it with `aroom config set budget.{scope}.{name} N`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_cost_what_cached_tokens_cost() {
        let prices = Prices {
            input: Some(2.0),
            cached: Some(0.5),
            output: Some(8.0),
        };
        let usage = Usage {
            prompt_tokens: 1000,
            completion_tokens: 100,
            cached_tokens: 600,
            ..Usage::default()
        };
        assert_eq!(cost(&prices, usage), 800 + 300 + 800);
        assert_eq!(cost(&Prices::default(), usage), 0);
        let plain = Prices {
            cached: None,
            ..prices
        };
        assert_eq!(cost(&plain, usage), 2000 + 800);
    }

    #[test]
    fn what_is_exceeded_names_the_setting() {
        let caps = Caps {
            tokens: Some(1000),
            cost_micros: Some(2_500_000),
            calls: Some(3),
        };
        let spent = |tokens, cost_micros, calls| Spent {
            tokens,
            cost_micros,
            calls,
        };
        let check = |used: Spent, amount: Spent, wanted: &str| {
            let Exceeded(words) = exceeded("day", &caps, (used, amount));
            assert!(words.contains(wanted), "{words}");
        };
        check(spent(900, 0, 0), spent(200, 0, 0), "budget.day.tokens");
        check(spent(0, 0, 3), spent(0, 0, 1), "3 tool calls");
        check(
            spent(0, 2_400_000, 0),
            spent(10, 200_000, 0),
            "2.5000 for a day",
        );
    }
}

//! Approvals at the terminal: what is shown, and which keys decide. Pure.
//!
//! Silence, Esc, Ctrl+C and the end of input are a no. Enter means nothing. Keys count only after a quiet
//! moment, so that what was being typed when the question came never answers it.

use super::draft::Draft;
use super::row;
use crate::clean::reveal;
use crate::effect;
use crate::theme::{Style, Theme, visible_width};
use crate::tool_line::about;
use crate::words;
use anteroom_api::{
    Approval, Decision, EffectKind, Resolution, Scope, Tier, ToolContent, UnixMillis,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;
use tokio::time::Instant;

/// How long it must have been quiet before a key counts.
pub(super) const ARMING: Duration = Duration::from_millis(400);
/// Lines of an effect shown at once.
const LINES: usize = 40;
/// From here on the whole must have been shown before it can be allowed.
const LARGE_BYTES: usize = 64 * 1024;

/// An approval that is being asked for.
pub(super) struct Ask {
    pub(super) approval: Box<Approval>,
    guard: Guard,
    /// The reason of a denial while it is typed.
    reason: Option<Draft>,
    /// Whether everything was shown.
    is_full: bool,
    /// Whether the person was typing something else when the question came: what goes on is part of that.
    is_typing: bool,
    /// Whether the question was printed, because the window has no room for it.
    is_printed: bool,
    /// Whether an answer was sent.
    pub(super) is_answered: bool,
}

/// Lets keys through after a quiet moment; each key before that begins the moment anew.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    quiet_since: Instant,
    arming: Duration,
}

impl Guard {
    pub(super) fn new(now: Instant, arming: Duration) -> Self {
        Self {
            quiet_since: now,
            arming,
        }
    }

    /// Whether it has been quiet for long enough.
    fn is_armed(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.quiet_since) >= self.arming
    }

    /// Whether a key pressed now counts.
    pub(super) fn lets_through(&mut self, now: Instant) -> bool {
        if self.is_armed(now) {
            return true;
        }
        self.quiet_since = now;
        false
    }
}

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    /// Nothing.
    Ignored,
    /// It belongs to what was being typed when the question came.
    Draft,
    /// There is to be more time.
    Wait,
    /// The whole effect is to be shown.
    ShowAll,
    /// The row changed.
    Typing,
    /// It is decided.
    Decided(Decision),
}

impl Ask {
    pub(super) fn new(approval: Box<Approval>, now: Instant, arming: Duration) -> Self {
        Self {
            is_full: body(&approval).len() <= LINES,
            approval,
            guard: Guard::new(now, arming),
            reason: None,
            is_typing: false,
            is_printed: false,
            is_answered: false,
        }
    }

    /// As asked while the person was typing something else.
    pub(super) fn while_typing(mut self) -> Self {
        self.is_typing = true;
        self
    }

    /// The same question, coming up anew: keys typed for another one must not answer it.
    pub(super) fn again(self, now: Instant) -> Self {
        Self::new(self.approval, now, self.guard.arming)
    }

    /// Rows the whole question takes in a window.
    fn rows_whole(&self, theme: &Theme) -> Vec<String> {
        let columns = theme.width.saturating_sub(1);
        let card = self.card(theme);
        card.iter()
            .flat_map(|line| row::wrap(line, columns))
            .collect()
    }

    /// Whether the question has to be printed to be seen whole in a window with room for so many rows.
    pub(super) fn must_print(&self, theme: &Theme, room: usize) -> bool {
        !self.is_printed && self.rows_whole(theme).len() + 1 > room
    }

    /// The question, finished lines; from now on only its keys are shown below them.
    pub(super) fn print(&mut self, theme: &Theme) -> Vec<String> {
        self.is_printed = true;
        self.card(theme)
    }

    /// What stands in the window: the question itself if it has room, what the keys do, the time that is left.
    /// And the place of the cursor.
    pub(super) fn rows(
        &self,
        (now, moment): (UnixMillis, Instant),
        theme: &Theme,
        has_draft: bool,
    ) -> (Vec<String>, (usize, usize)) {
        if self.is_printed || self.reason.is_some() || self.is_answered {
            let row = self.row(now, theme);
            let column = match self.reason.is_some() && !self.is_answered {
                true => visible_width(&row),
                false => 0,
            };
            let mut rows = match self.is_printed {
                true => Vec::new(),
                false => self.rows_whole(theme),
            };
            rows.push(row);
            let last = rows.len() - 1;
            return (rows, (last, column));
        }
        let mut rows = self.rows_whole(theme);
        let left = self.approval.expires_at.0.saturating_sub(now.0);
        let countdown = format!("auto-deny {}", words::countdown(left));
        match rows.first_mut() {
            Some(head) if visible_width(head) + countdown.len() + 3 <= theme.width => {
                let gap = theme.width - 1 - visible_width(head) - countdown.len();
                head.push_str(&" ".repeat(gap));
                head.push_str(&theme.paint(Style::Dim, &countdown));
            }
            _ => rows.push(theme.paint(Style::Dim, &format!("  {countdown}"))),
        }
        let note = match (self.guard.is_armed(moment), has_draft) {
            (false, _) => "  (keys count in a moment)",
            (true, true) => "  (your draft is kept)",
            (true, false) => "",
        };
        rows.push(theme.paint(Style::Dim, note));
        let last = rows.len() - 1;
        (rows, (last, 0))
    }

    /// The question, finished lines.
    pub(super) fn card(&self, theme: &Theme) -> Vec<String> {
        card(
            &self.approval,
            theme,
            if self.is_full { usize::MAX } else { LINES },
        )
    }

    /// What the keys do, with the time that is left.
    pub(super) fn row(&self, now: UnixMillis, theme: &Theme) -> String {
        if self.is_answered {
            return theme.paint(Style::Dim, theme.ellipsis());
        }
        if let Some(reason) = &self.reason {
            let label = "why not: ";
            return format!(
                "{label}{}",
                reason.row(theme.width.saturating_sub(label.len() + 1)).0
            );
        }
        let left = self.approval.expires_at.0.saturating_sub(now.0);
        format!(
            "{} {}{}auto-deny {}",
            theme.paint(Style::Warning, "?"),
            letters(&self.approval, self.is_full),
            theme.dot(),
            words::countdown(left)
        )
    }

    /// Applies a key.
    pub(super) fn press(&mut self, key: KeyEvent, now: Instant) -> Pressed {
        if self.is_answered {
            return Pressed::Ignored;
        }
        if !self.guard.lets_through(now) {
            return match self.is_typing {
                true => Pressed::Draft,
                false => Pressed::Ignored,
            };
        }
        self.is_typing = false;
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let is_no = key.code == KeyCode::Esc
            || (is_control && matches!(key.code, KeyCode::Char('c' | 'd')));
        if let Some(reason) = self.reason.as_mut() {
            // Denied it is already; only the words are open.
            return match key.code {
                _ if is_no => Pressed::Decided(Decision::Deny { reason: None }),
                KeyCode::Enter => {
                    let words = reason.take().trim().to_owned();
                    let reason = (!words.is_empty()).then_some(words);
                    Pressed::Decided(Decision::Deny { reason })
                }
                _ if reason.press(key) => Pressed::Typing,
                _ => Pressed::Ignored,
            };
        }
        if is_no {
            return Pressed::Decided(Decision::Deny { reason: None });
        }
        match key.code {
            KeyCode::Char(_) if is_control => Pressed::Ignored,
            KeyCode::Char(sign) => self.letter(sign),
            _ => Pressed::Ignored,
        }
    }

    fn letter(&mut self, sign: char) -> Pressed {
        let scope = match (sign, self.approval.tier) {
            ('n' | 'N', _) => return Pressed::Decided(Decision::Deny { reason: None }),
            ('d' | 'D', _) => {
                self.reason = Some(Draft::default());
                return Pressed::Typing;
            }
            ('v' | 'V', _) if !self.is_full => {
                self.is_full = true;
                return Pressed::ShowAll;
            }
            ('k' | 'K', _) => return Pressed::Wait,
            ('Y', Tier::Destructive) => Scope::Once,
            (_, Tier::Destructive) => return Pressed::Ignored,
            ('y', _) => Scope::Once,
            ('s', _) => Scope::Session,
            ('a', _) => Scope::Always,
            _ => return Pressed::Ignored,
        };
        let is_offered = scope == Scope::Once
            || self
                .approval
                .scopes
                .iter()
                .any(|offer| offer.scope == scope);
        let is_unseen = !self.is_full && size(&self.approval) > LARGE_BYTES;
        if is_offered && !is_unseen {
            Pressed::Decided(Decision::Allow { scope })
        } else {
            Pressed::Ignored
        }
    }

    /// Pasted text is only taken as the words of a denial; whether it was.
    pub(super) fn paste(&mut self, text: &str, now: Instant) -> bool {
        if self.guard.lets_through(now)
            && let Some(reason) = self.reason.as_mut()
        {
            reason.insert(&text.replace(['\r', '\n'], " "));
            return true;
        }
        false
    }
}

/// The question as lines: who asks, exactly what will happen, why it is asked.
pub(super) fn card(approval: &Approval, theme: &Theme, most: usize) -> Vec<String> {
    let mut lines = vec![head(approval, theme)];
    if let Some(agent) = &approval.agent {
        lines.push(format!("  asked by {} (sub-agent)", reveal(agent)));
    }
    let body = body(approval);
    let hidden = body.len().saturating_sub(most);
    for line in body.iter().take(most) {
        let style = match line.chars().next() {
            Some('+') if approval.effect.preview.is_some() => Some(Style::Good),
            Some('-') if approval.effect.preview.is_some() => Some(Style::Danger),
            _ => None,
        };
        let line = match style {
            Some(style) => theme.paint(style, line),
            None => line.clone(),
        };
        lines.push(format!("  {line}"));
    }
    if hidden > 0 {
        lines.push(theme.paint(
            Style::Warning,
            &format!(
                "  {} {hidden} more lines, {} in all; v shows them",
                theme.ellipsis(),
                words::bytes(size(approval) as u64)
            ),
        ));
    }
    for reason in &approval.reasons {
        lines.push(format!(
            "  {} {}",
            theme.paint(Style::Warning, theme.warning()),
            reveal(reason)
        ));
    }
    if approval.tier == Tier::Destructive {
        lines.push("  Cannot be undone.".to_owned());
    }
    let (grants, denials) = keys(approval, hidden == 0);
    lines.push(format!("  {grants}"));
    lines.push(format!("  {denials}"));
    lines
}

fn head(approval: &Approval, theme: &Theme) -> String {
    let sign = format!(
        "{} {}",
        theme.tier_sign(approval.tier),
        approval.tier.to_string().to_uppercase()
    );
    let mut line = format!(
        "{}  {}",
        theme.paint(Theme::tier_style(approval.tier), &sign),
        theme.paint(Style::Bold, &reveal(&approval.tool))
    );
    // A command may have line breaks; all of it stands below.
    if approval.effect.kind != EffectKind::Process {
        let effect = about(&approval.tool, &approval.effect.summary);
        line.push_str(&format!("  {}", reveal(effect)));
    }
    if let Some(ToolContent::Diff { added, removed, .. }) = &approval.effect.preview {
        line.push_str(&format!("  +{added} {}{removed}", theme.minus()));
    }
    line
}

/// Exactly what will happen, line by line, nothing invisible.
fn body(approval: &Approval) -> Vec<String> {
    effect::lines(&approval.effect)
}

fn size(approval: &Approval) -> usize {
    body(approval).iter().map(String::len).sum()
}

/// What each key does, with the rule it would remember: first the grants, then the denials.
fn keys(approval: &Approval, is_full: bool) -> (String, String) {
    let mut grants = Vec::new();
    if approval.tier == Tier::Destructive {
        grants.push("Y run anyway".to_owned());
    } else {
        let is_plan = approval.effect.kind == EffectKind::Plan;
        grants.push(if is_plan { "y go on" } else { "y once" }.to_owned());
        for offer in &approval.scopes {
            let rule = offer.rule.as_deref().map(reveal);
            let rule = rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
            match offer.scope {
                Scope::Once => {}
                Scope::Session => grants.push(format!("s session{rule}")),
                Scope::Always => grants.push(format!("a always{rule}")),
            }
        }
    }
    // A plan that is not approved is revised by what is said, or dropped.
    let mut denials = match approval.effect.kind {
        EffectKind::Plan => vec!["n no", "d say what to change"],
        _ => vec!["n deny", "d deny + say why"],
    };
    if !is_full {
        denials.push("v full");
    }
    denials.push("k keep waiting");
    (grants.join("  "), denials.join("  "))
}

/// The keys alone, for the row that is repainted.
fn letters(approval: &Approval, is_full: bool) -> String {
    let mut letters = Vec::new();
    if approval.tier == Tier::Destructive {
        letters.push("Y");
    } else {
        letters.push("y");
        for offer in &approval.scopes {
            match offer.scope {
                Scope::Once => {}
                Scope::Session => letters.push("s"),
                Scope::Always => letters.push("a"),
            }
        }
    }
    letters.extend(["n", "d"]);
    if !is_full {
        letters.push("v");
    }
    letters.push("k");
    letters.join("/")
}

/// What became of a question, one line.
pub(super) fn outcome(
    approval: &Approval,
    resolution: &Resolution,
    by: &str,
    theme: &Theme,
) -> String {
    let elsewhere = if by == crate::frontend::NAME || by == "nobody" {
        String::new()
    } else {
        format!(" in {}", reveal(by))
    };
    let (is_allowed, words) = match resolution {
        Resolution::Allowed { scope } => {
            let scope = match scope {
                Scope::Once => "once",
                Scope::Session => "for this session",
                Scope::Always => "always",
            };
            (true, format!("allowed {scope}{elsewhere}"))
        }
        Resolution::Denied { reason } => {
            let reason = reason.as_deref().map(reveal);
            let reason = reason
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            (false, format!("denied{elsewhere}{reason}"))
        }
        Resolution::NotAnswered => (false, "not answered in time, so denied".to_owned()),
    };
    let sign = if is_allowed {
        theme.paint(Style::Good, theme.ok())
    } else {
        theme.paint(Style::Danger, theme.failed())
    };
    let effect = approval.effect.summary.lines().next().unwrap_or_default();
    let what = format!(
        "{words}: {} {}",
        reveal(&approval.tool),
        reveal(about(&approval.tool, effect))
    );
    format!(
        "{sign} {}",
        theme.paint(Style::Dim, &theme.fit(&what, theme.width.saturating_sub(3)))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::approval;
    use crate::theme::BARE;
    use anteroom_api::ScopeOffer;

    fn offers() -> Vec<ScopeOffer> {
        let offer = |scope, rule: Option<&str>| ScopeOffer {
            scope,
            rule: rule.map(Into::into),
        };
        vec![
            offer(Scope::Once, None),
            offer(Scope::Session, Some("bash:cargo test *")),
            offer(Scope::Always, Some("bash:cargo test *")),
        ]
    }

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    fn letter(sign: char) -> KeyEvent {
        key(KeyCode::Char(sign))
    }

    fn control(sign: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(sign), KeyModifiers::CONTROL)
    }

    fn deny(reason: Option<&str>) -> Pressed {
        Pressed::Decided(Decision::Deny {
            reason: reason.map(Into::into),
        })
    }

    fn allow(scope: Scope) -> Pressed {
        Pressed::Decided(Decision::Allow { scope })
    }

    /// Presses keys long after the question appeared; gives what the last one did.
    fn last(tier: Tier, scopes: Vec<ScopeOffer>, keys: &[KeyEvent]) -> Pressed {
        let start = Instant::now();
        let mut ask = Ask::new(Box::new(approval(1, tier, scopes)), start, ARMING);
        let later = start + ARMING;
        keys.iter()
            .map(|key| ask.press(*key, later))
            .last()
            .unwrap()
    }

    #[test]
    fn keys_decide_as_documented() {
        let check = |tier, key: KeyEvent, wanted: Pressed| {
            assert_eq!(last(tier, offers(), &[key]), wanted, "{tier} {key:?}");
        };
        check(Tier::Execute, letter('y'), allow(Scope::Once));
        check(Tier::Execute, letter('s'), allow(Scope::Session));
        check(Tier::Execute, letter('a'), allow(Scope::Always));
        check(Tier::Execute, letter('n'), deny(None));
        check(Tier::Execute, key(KeyCode::Esc), deny(None));
        check(Tier::Execute, control('c'), deny(None));
        check(Tier::Execute, control('d'), deny(None));
        check(Tier::Execute, key(KeyCode::Enter), Pressed::Ignored);
        check(Tier::Execute, letter(' '), Pressed::Ignored);
        check(Tier::Execute, control('y'), Pressed::Ignored);
        check(Tier::Execute, letter('d'), Pressed::Typing);
        check(Tier::Execute, letter('k'), Pressed::Wait);
        check(Tier::Destructive, letter('k'), Pressed::Wait);
        for sign in ['y', 's', 'a', ' '] {
            check(Tier::Destructive, letter(sign), Pressed::Ignored);
        }
        check(Tier::Destructive, key(KeyCode::Enter), Pressed::Ignored);
        check(Tier::Destructive, letter('Y'), allow(Scope::Once));
        check(Tier::Destructive, letter('n'), deny(None));
        for sign in ['s', 'a'] {
            assert_eq!(last(Tier::Write, vec![], &[letter(sign)]), Pressed::Ignored);
        }
    }

    #[test]
    fn a_denial_can_say_why() {
        let check = |keys: &[KeyEvent], wanted: Pressed| {
            assert_eq!(last(Tier::Execute, offers(), keys), wanted);
        };
        let enter = key(KeyCode::Enter);
        check(
            &[letter('d'), letter('n'), letter('o'), enter],
            deny(Some("no")),
        );
        check(&[letter('d'), enter], deny(None));
        check(&[letter('d'), letter('y'), key(KeyCode::Esc)], deny(None));
    }

    #[test]
    fn keys_count_only_after_a_quiet_moment() {
        let start = Instant::now();
        let mut ask = Ask::new(Box::new(approval(1, Tier::Write, offers())), start, ARMING);
        let at = |ms| start + Duration::from_millis(ms);
        // Somebody types "yes please" while the question appears.
        for (ms, sign) in [(0, 'y'), (390, 'e'), (700, 's'), (1_000, 'a'), (1_399, 'y')] {
            assert_eq!(ask.press(letter(sign), at(ms)), Pressed::Ignored, "{ms}");
        }
        assert_eq!(ask.press(letter('y'), at(1_799)), allow(Scope::Once));
    }

    #[test]
    fn who_was_typing_goes_on_typing() {
        let start = Instant::now();
        let ask = Ask::new(Box::new(approval(1, Tier::Write, offers())), start, ARMING);
        let mut ask = ask.while_typing();
        let at = |ms| start + Duration::from_millis(ms);
        for (ms, sign) in [(100, 'y'), (300, 'e'), (600, 's')] {
            assert_eq!(ask.press(letter(sign), at(ms)), Pressed::Draft, "{ms}");
        }
        assert_eq!(ask.press(letter('y'), at(1_000)), allow(Scope::Once));
    }

    #[test]
    fn the_window_shows_the_whole_question_and_the_time() {
        let asked = approval(1, Tier::Execute, offers());
        let start = Instant::now();
        let mut ask = Ask::new(Box::new(asked), start, ARMING);
        let narrow = Theme { width: 44, ..BARE };
        let rows = |ask: &Ask, ms, has_draft| {
            let moment = start + Duration::from_millis(ms);
            ask.rows((UnixMillis(8_000), moment), &narrow, has_draft)
        };
        let last = |ms, has_draft| rows(&ask, ms, has_draft).0.pop().unwrap();
        assert_eq!(last(399, true), "  (keys count in a moment)");
        assert_eq!(last(400, false), "");
        let (shown, cursor) = rows(&ask, 400, true);
        assert_eq!(
            shown,
            [
                "▶ EXECUTE  bash              auto-deny 1:52",
                "  cargo test",
                "  y once  s session (bash:cargo test *)  a ",
                "always (bash:cargo test *)",
                "  n deny  d deny + say why  k keep waiting",
                "  (your draft is kept)",
            ]
        );
        assert_eq!(cursor, (5, 0));
        assert!(!ask.must_print(&narrow, 6) && ask.must_print(&narrow, 5));
        assert_eq!(ask.print(&narrow).len(), 4);
        assert_eq!(rows(&ask, 400, true).0, ["? y/s/a/n/d/k · auto-deny 1:52"]);
    }

    #[test]
    fn the_card_shows_exactly_what_will_happen() {
        let mut asked = approval(1, Tier::Destructive, vec![]);
        asked.effect.summary = "git reset --hard\u{202e} && \\\nrm -rf build".into();
        asked.reasons = vec!["matched `rm -rf`".into()];
        asked.agent = Some("a2".into());
        assert_eq!(
            card(&asked, &BARE, LINES),
            [
                "⚠ DESTRUCTIVE  bash",
                "  asked by a2 (sub-agent)",
                "  git reset --hard\\u{202e} && \\",
                "  rm -rf build",
                "  ⚠ matched `rm -rf`",
                "  Cannot be undone.",
                "  Y run anyway",
                "  n deny  d deny + say why  k keep waiting",
            ]
        );
        let mut edit = approval(2, Tier::Write, offers());
        edit.tool = "edit_file".into();
        edit.effect.kind = EffectKind::FileWrite;
        edit.effect.summary = "src/env.rs".into();
        edit.effect.preview = Some(ToolContent::Diff {
            path: "src/env.rs".into(),
            unified: "-old\n+new\n".into(),
            added: 1,
            removed: 1,
        });
        assert_eq!(
            card(&edit, &BARE, 1),
            [
                "✎ WRITE  edit_file  src/env.rs  +1 −1",
                "  -old",
                "  … 1 more lines, 8 B in all; v shows them",
                "  y once  s session (bash:cargo test *)  a always (bash:cargo test *)",
                "  n deny  d deny + say why  v full  k keep waiting",
            ]
        );
        let ask = Ask::new(Box::new(edit), Instant::now(), ARMING);
        assert_eq!(
            ask.row(UnixMillis(8_000), &BARE),
            "? y/s/a/n/d/k · auto-deny 1:52"
        );
    }

    #[test]
    fn what_is_too_large_must_be_seen_before_it_is_allowed() {
        let mut asked = approval(1, Tier::Execute, offers());
        asked.effect.detail = Some("0123456789\n".repeat(LARGE_BYTES / 10 + 1));
        let start = Instant::now();
        let mut ask = Ask::new(Box::new(asked), start, Duration::ZERO);
        assert_eq!(ask.press(letter('y'), start), Pressed::Ignored);
        assert_eq!(ask.press(letter('v'), start), Pressed::ShowAll);
        assert_eq!(ask.press(letter('y'), start), allow(Scope::Once));
    }

    #[test]
    fn outcomes_say_who_decided() {
        let asked = approval(1, Tier::Execute, offers());
        let check = |resolution: Resolution, by: &str, wanted: &str| {
            assert_eq!(outcome(&asked, &resolution, by, &BARE), wanted);
        };
        let allowed = |scope| Resolution::Allowed { scope };
        check(
            allowed(Scope::Once),
            "cli",
            "✓ allowed once: bash cargo test",
        );
        check(
            allowed(Scope::Always),
            "web",
            "✓ allowed always in web: bash cargo test",
        );
        let denied = Resolution::Denied {
            reason: Some("no".into()),
        };
        check(denied, "cli", "✗ denied (no): bash cargo test");
        check(
            Resolution::NotAnswered,
            "nobody",
            "✗ not answered in time, so denied: bash cargo test",
        );
    }
}

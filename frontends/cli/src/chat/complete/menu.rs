//! The menu below the line at rest: opens behind `/` and `@`, moves with the arrows, is taken with Tab. Its
//! candidates come from `complete`; it knows no host.
//!
//! Enter takes only what was chosen with the arrows; otherwise it sends the line as it was typed, however fast.

use super::{Candidate, Names, complete};
use crate::clean::reveal;
use crate::theme::{Style, Theme, pad};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use reedline::{
    Completer, EditCommand, EditMode, Editor, Emacs, Menu, MenuEvent, MenuSettings, Painter,
    PromptEditMode, Reedline, ReedlineEvent, ReedlineMenu, ReedlineRawEvent, Span, Suggestion,
    menu_functions,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use unicode_width::UnicodeWidthStr;

/// By which keys find the menu.
const NAME: &str = "complete";
/// Rows of the menu at most.
const ROWS: usize = 8;
/// Columns that names may take, so that something is left to say about them.
const NAME_COLUMNS: usize = 34;

/// Gives a line editor the menu and the keys for it.
pub(in crate::chat) fn equip(
    editor: Reedline,
    names: Box<dyn Names + Send>,
    (theme, usual): (Theme, Emacs),
) -> Reedline {
    let keys = Arc::new(Pressed::default());
    let menu = Palette::new(theme, keys.clone(), names);
    editor
        // The kind of menu whose candidates come from within the program. For any other the editor asks the terminal
        // where the cursor stands before each frame; an answer that meets Esc on its way would become text of the line.
        .with_menu(ReedlineMenu::HistoryMenu(Box::new(menu)))
        .with_quick_completions(true)
        .with_edit_mode(Box::new(Keys {
            usual,
            pressed: keys,
        }))
}

/// What the keys tell the menu; both live on the thread that reads them.
#[derive(Debug, Default)]
struct Pressed {
    /// The last key was Tab: the first candidate will do.
    is_tab: AtomicBool,
    /// Something was typed that the candidates do not know of yet.
    is_ahead: AtomicBool,
}

fn suggestion(candidate: Candidate) -> Suggestion {
    Suggestion {
        value: candidate.value,
        display_override: Some(candidate.shown),
        description: Some(candidate.about).filter(|about| !about.is_empty()),
        span: Span::new(candidate.span.start, candidate.span.end),
        append_whitespace: candidate.is_whole,
        ..Suggestion::default()
    }
}

/// The usual keys, and those of the menu.
struct Keys {
    usual: Emacs,
    pressed: Arc<Pressed>,
}

impl EditMode for Keys {
    fn parse_event(&mut self, event: ReedlineRawEvent) -> ReedlineEvent {
        let event: Event = event.into();
        let key = match &event {
            Event::Key(KeyEvent {
                code, modifiers, ..
            }) => Some((*code, *modifiers)),
            _ => None,
        };
        let is_tab = matches!(key, Some((KeyCode::Tab, KeyModifiers::NONE)));
        self.pressed.is_tab.store(is_tab, Ordering::Relaxed);
        if is_tab {
            return ReedlineEvent::UntilFound(vec![
                ReedlineEvent::MenuAccept,
                ReedlineEvent::Menu(NAME.to_owned()),
                ReedlineEvent::Edit(vec![EditCommand::Complete]),
            ]);
        }
        let usual = match ReedlineRawEvent::try_from(event) {
            Ok(event) => self.usual.parse_event(event),
            Err(()) => ReedlineEvent::None,
        };
        let is_edit = matches!(usual, ReedlineEvent::Edit(_));
        if is_edit {
            self.pressed.is_ahead.store(true, Ordering::Relaxed);
        }
        match key {
            Some((KeyCode::Char('/' | '@'), _)) if is_edit => {
                ReedlineEvent::Multiple(vec![usual, ReedlineEvent::Menu(NAME.to_owned())])
            }
            // Whoever moves along the line has done with the word.
            Some((KeyCode::Left | KeyCode::Right, KeyModifiers::NONE)) => {
                ReedlineEvent::Multiple(vec![ReedlineEvent::Esc, usual])
            }
            _ => usual,
        }
    }

    fn edit_mode(&self) -> PromptEditMode {
        self.usual.edit_mode()
    }
}

/// The menu itself.
struct Palette {
    settings: MenuSettings,
    theme: Theme,
    names: Box<dyn Names + Send>,
    pressed: Arc<Pressed>,
    is_open: bool,
    /// The candidates are older than the line.
    is_due: bool,
    values: Vec<Suggestion>,
    /// The marked row.
    at: usize,
    /// Whether the mark was moved.
    is_chosen: bool,
    rows: usize,
    columns: usize,
}

impl Palette {
    fn new(theme: Theme, pressed: Arc<Pressed>, names: Box<dyn Names + Send>) -> Self {
        Self {
            settings: MenuSettings::default().with_name(NAME).with_marker(""),
            theme,
            names,
            pressed,
            is_open: false,
            is_due: false,
            values: Vec::new(),
            at: 0,
            is_chosen: false,
            rows: ROWS,
            columns: theme.width,
        }
    }

    fn step(&mut self, is_down: bool) {
        let count = self.values.len();
        if count == 0 {
            return;
        }
        // No row is marked until an arrow does it: what is marked is what Enter takes.
        self.at = match is_down {
            true if !self.is_chosen => 0,
            true => (self.at + 1) % count,
            false => self.at.checked_sub(1).unwrap_or(count - 1),
        };
        self.is_chosen = true;
    }

    /// The rows that are shown: those around the mark.
    fn shown(&self) -> (usize, &[Suggestion]) {
        let rows = self.rows.min(self.values.len());
        let start = (self.at + 1).saturating_sub(rows);
        let shown = self.values.get(start..start + rows).unwrap_or_default();
        (start, shown)
    }

    fn row(&self, value: &Suggestion, is_marked: bool, width: usize) -> String {
        let columns = self.columns.saturating_sub(1);
        let mark = if is_marked { self.theme.prompt() } else { " " };
        let name = reveal(value.display_value());
        let about = value.description.as_deref().unwrap_or_default();
        let head = format!("{mark} {name}");
        if about.is_empty() {
            return self.painted(is_marked, &self.theme.fit(&head, columns));
        }
        let head = pad(&head, width + 2);
        let room = columns.saturating_sub(head.width() + 2);
        let about = self.theme.fit(&reveal(about), room);
        format!(
            "{}  {}",
            self.painted(is_marked, &self.theme.fit(&head, columns)),
            self.theme.paint(Style::Dim, &about)
        )
    }

    fn painted(&self, is_marked: bool, text: &str) -> String {
        match is_marked {
            true => self.theme.paint(Style::Accent, text),
            false => text.to_owned(),
        }
    }
}

impl Menu for Palette {
    fn settings(&self) -> &MenuSettings {
        &self.settings
    }

    fn is_active(&self) -> bool {
        self.is_open && (self.is_due || !self.values.is_empty())
    }

    fn set_active(&mut self, active: bool) {
        self.is_open = active;
    }

    fn clear_input(&mut self) {}

    fn menu_event(&mut self, event: MenuEvent) {
        self.handle_menu_event(&event);
        match event {
            MenuEvent::Activate(_) => {
                self.values.clear();
                self.is_due = true;
                self.reset_position();
            }
            MenuEvent::Edit(_) => {
                self.is_due = true;
                self.reset_position();
            }
            MenuEvent::Deactivate => self.values.clear(),
            MenuEvent::NextElement | MenuEvent::MoveDown => self.step(true),
            MenuEvent::PreviousElement | MenuEvent::MoveUp => self.step(false),
            MenuEvent::MoveLeft | MenuEvent::MoveRight => {}
            MenuEvent::NextPage | MenuEvent::PreviousPage => {}
        }
    }

    /// Tab takes the only candidate at once.
    fn can_quick_complete(&self) -> bool {
        self.pressed.is_tab.load(Ordering::Relaxed)
    }

    fn can_partially_complete(&mut self, _: bool, _: &mut Editor, _: &mut dyn Completer) -> bool {
        false
    }

    fn update_values(&mut self, editor: &mut Editor, _: &mut dyn Completer) {
        let (buffer, at) = (editor.get_buffer(), editor.line_buffer().insertion_point());
        let found = complete(buffer, at, self.names.as_mut());
        self.values = found.into_iter().map(suggestion).collect();
        self.at = self.at.min(self.values.len().saturating_sub(1));
        self.is_due = false;
        self.pressed.is_ahead.store(false, Ordering::Relaxed);
    }

    fn reset_position(&mut self) {
        self.at = 0;
        self.is_chosen = false;
    }

    fn update_working_details(
        &mut self,
        editor: &mut Editor,
        completer: &mut dyn Completer,
        painter: &Painter,
    ) {
        let height = usize::from(painter.screen_height());
        self.rows = ROWS.min(height.saturating_sub(2)).max(1);
        self.columns = usize::from(painter.screen_width());
        if self.is_due {
            self.update_values(editor, completer);
        }
        self.is_open &= !self.values.is_empty();
    }

    fn replace_in_buffer(&self, editor: &mut Editor) {
        menu_functions::replace_in_buffer(self.values.get(self.at).cloned(), editor, None);
    }

    fn menu_required_lines(&self, _: u16) -> u16 {
        u16::try_from(self.shown().1.len()).unwrap_or(1)
    }

    fn menu_string(&self, available_lines: u16, _: bool) -> String {
        let (start, shown) = self.shown();
        let widest = shown
            .iter()
            .map(|value| reveal(value.display_value()).width())
            .max();
        let width = widest.unwrap_or(0).min(NAME_COLUMNS);
        let rows: Vec<String> = shown
            .iter()
            .enumerate()
            .take(usize::from(available_lines))
            .map(|(row, value)| {
                let is_marked = self.is_chosen && start + row == self.at;
                self.row(value, is_marked, width)
            })
            .collect();
        rows.join("\r\n")
    }

    fn min_rows(&self) -> u16 {
        self.menu_required_lines(0).max(1)
    }

    /// What a key may take: nothing, unless it was chosen or asked for, and is of the line as it is now.
    fn get_values(&self) -> &[Suggestion] {
        let is_wanted = self.is_chosen || self.pressed.is_tab.load(Ordering::Relaxed);
        let is_of_now = !self.is_due && !self.pressed.is_ahead.load(Ordering::Relaxed);
        match is_wanted && is_of_now {
            true => &self.values,
            false => &[],
        }
    }
}

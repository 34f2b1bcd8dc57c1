//! Which modules count, and for whom: the built-in ones, the user's, and in a project its own. A function of what
//! the folders hold, so that the order in which things came does not matter.

use crate::module::Module;
use anteroom_api::{ModuleId, ModuleOrigin};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All modules.
#[derive(Clone, Default)]
pub(super) struct Shelf {
    built_in: Vec<Arc<Module>>,
    folders: BTreeMap<PathBuf, Board>,
    disabled: BTreeSet<ModuleId>,
}

/// The modules of one folder.
#[derive(Clone)]
struct Board {
    origin: ModuleOrigin,
    /// As they were found.
    found: Vec<Arc<Module>>,
    /// The same, those refused that do not fit beside the others.
    fitting: Vec<Arc<Module>>,
}

impl Shelf {
    /// Adds a module that is part of the binary.
    pub(super) fn add_built_in(&mut self, module: Arc<Module>) {
        self.built_in.push(module);
    }

    /// The built-in modules, in the order they were added.
    pub(super) fn built_in(&self) -> &[Arc<Module>] {
        &self.built_in
    }

    /// What counts in a project with this tools folder: built-in modules in the order they were added, then the
    /// user's and the project's by name.
    pub(super) fn of(&self, project: Option<&Path>) -> Vec<Arc<Module>> {
        self.chosen(|path, board| match board.origin {
            ModuleOrigin::BuiltIn | ModuleOrigin::User | ModuleOrigin::Bundle => true,
            ModuleOrigin::Project => Some(path) == project,
            // Servers lie in no folder.
            ModuleOrigin::Server => false,
        })
    }

    /// All modules of all folders.
    pub(super) fn all(&self) -> Vec<Arc<Module>> {
        self.chosen(|_, _| true)
    }

    /// The modules of one folder.
    pub(super) fn of_folder(&self, folder: &Path) -> &[Arc<Module>] {
        self.folders
            .get(folder)
            .map_or(&[], |board| board.fitting.as_slice())
    }

    /// Replaces what was found in a folder; all of it must have been loaded, or have failed. Answers whether
    /// anything differs.
    pub(super) fn put(
        &mut self,
        folder: &Path,
        origin: ModuleOrigin,
        found: Vec<Arc<Module>>,
    ) -> bool {
        let before = self.folders.get(folder).map(|board| &board.found);
        let is_same = before.is_some_and(|before| {
            before.len() == found.len()
                && before
                    .iter()
                    .zip(&found)
                    .all(|(one, other)| Arc::ptr_eq(one, other))
        });
        if is_same {
            return false;
        }
        let board = Board {
            origin,
            found,
            fitting: Vec::new(),
        };
        self.folders.insert(folder.to_owned(), board);
        self.fit();
        true
    }

    /// Forgets a folder.
    pub(super) fn take(&mut self, folder: &Path) {
        self.folders.remove(folder);
        self.fit();
    }

    /// Switches a module off or on.
    pub(super) fn switch(&mut self, module: ModuleId, is_enabled: bool) {
        if is_enabled {
            self.disabled.remove(&module);
        } else {
            self.disabled.insert(module);
        }
    }

    /// Whether a person switched it off.
    pub(super) fn is_disabled(&self, module: &ModuleId) -> bool {
        self.disabled.contains(module)
    }

    fn chosen(&self, is_wanted: impl Fn(&Path, &Board) -> bool) -> Vec<Arc<Module>> {
        let mut others: Vec<Arc<Module>> = self
            .folders
            .iter()
            .filter(|(path, board)| is_wanted(path, board))
            .flat_map(|(_, board)| board.fitting.iter().cloned())
            .collect();
        let is_project = |module: &Module| module.origin == ModuleOrigin::Project;
        others
            .sort_by(|one, other| (&one.id, is_project(one)).cmp(&(&other.id, is_project(other))));
        let mut modules = self.built_in.clone();
        modules.extend(others);
        modules
    }

    /// Decides anew who may stay: the built-in modules first, then the user's, then each project's beside those.
    fn fit(&mut self) {
        let mut common = self.built_in.clone();
        for origin in [
            ModuleOrigin::User,
            ModuleOrigin::Bundle,
            ModuleOrigin::Project,
        ] {
            let boards = self
                .folders
                .values_mut()
                .filter(|board| board.origin == origin);
            let mut after: Vec<Arc<Module>> = Vec::new();
            for board in boards {
                // Bundles stand in each other's way, too; projects do not, as no two count together.
                let others = [common.as_slice(), after.as_slice()].concat();
                board.fitting = fitting(&others, board);
                if origin != ModuleOrigin::Project {
                    after.extend(board.fitting.iter().cloned());
                }
            }
            common.extend(after);
        }
    }
}

/// The modules of a board, those refused that do not fit. One that was refused before for the same reason stays
/// the same one.
fn fitting(others: &[Arc<Module>], board: &Board) -> Vec<Arc<Module>> {
    let mut accepted: Vec<Arc<Module>> = Vec::with_capacity(board.found.len());
    for module in &board.found {
        let judged = match fits(module, others, &accepted) {
            Ok(()) => module.clone(),
            Err(why) => Arc::new(module.refused_after_all(why)),
        };
        accepted.push(judged);
    }
    accepted
}

/// Whether a module may stay beside the others.
///
/// # Errors
/// Why not, in words.
pub(super) fn fits(
    module: &Module,
    others: &[Arc<Module>],
    accepted: &[Arc<Module>],
) -> Result<(), String> {
    // A module that cannot be loaded has its own reason already.
    let Some(Ok(loaded)) = module.now() else {
        return Ok(());
    };
    for other in others.iter().chain(accepted) {
        if other.id == module.id {
            return Err(format!(
                "there is a toolset `{}` already{}; give the file another name",
                other.id,
                place(other)
            ));
        }
        // The tools of what was refused itself are in nobody's way.
        let there = match other.now() {
            Some(Ok(there)) => there,
            Some(Err(_)) | None => continue,
        };
        let clash = loaded.tools().iter().find(|tool| {
            there
                .tools()
                .iter()
                .any(|it| it.view.name == tool.view.name)
        });
        if let Some(tool) = clash {
            return Err(format!(
                "its tool `{}` has the name of a tool of `{}`{}",
                tool.view.name,
                other.id,
                place(other)
            ));
        }
    }
    Ok(())
}

fn place(module: &Module) -> String {
    match (&module.path, module.origin) {
        (Some(path), _) => format!(" (`{}`)", path.display()),
        (None, ModuleOrigin::BuiltIn) => ", which is built in".to_owned(),
        (None, _) => String::new(),
    }
}

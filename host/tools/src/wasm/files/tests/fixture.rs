//! A call over a temporary workspace, with a person who answers as told, and a guest's operations in short.

use crate::clock::Clock;
use crate::confine::Shell;
use crate::services::{AgentFailure, AgentOutcome, AgentTask, CanvasFailure, KeptBy, Services};
use crate::session::Session;
use crate::wasm::files::{Bounds, Change, End, Guard, Ledger, Store, View};
use crate::wasm::state::{CallParts, CallState, Caller};
use anteroom_api::item::CallDecision;
use anteroom_api::{
    Answer, BoxFuture, CanvasView, Capability, GrantReach, Meter, Mode, ModuleOrigin, OutputStream,
    Resolution, Scope, Stop, Tier,
};
use anteroom_gate::{Asked, CallFacts, CallVerdict, Gate, Memory, Permit, Place, Policy};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, HostDescriptor,
    HostDirectoryEntryStream, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

pub(super) type Got<T> = Result<T, ErrorCode>;
type Reply = Box<dyn FnMut(&Asked) -> Resolution + Send>;

pub(super) const NO: Resolution = Resolution::NotAnswered;
pub(super) const YES: Resolution = Resolution::Allowed { scope: Scope::Once };

/// Answers as told and remembers what was asked.
pub(super) struct Person {
    ledger: Option<Arc<Book>>,
    reply: Mutex<Reply>,
    asked: Mutex<Vec<String>>,
}

/// A ledger in memory, with its store beside the workspace.
pub(super) struct Book {
    pub(super) store: Store,
    pub(super) rows: Mutex<Vec<(Change, Option<End>)>>,
    /// What it says to whoever writes, if it cannot.
    pub(super) trouble: Mutex<Option<String>>,
}

/// A workspace with its temporary folder, and something outside both.
pub(super) struct Home {
    _folder: TempDir,
    pub(super) session: Arc<Session>,
    /// Where changes are written down.
    pub(super) book: Arc<Book>,
}

/// One call in it.
pub(super) struct Call {
    pub(super) guard: Guard,
    pub(super) table: ResourceTable,
    pub(super) state: Arc<CallState>,
    person: Arc<Person>,
    roots: Vec<u32>,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl Person {
    pub(super) fn new(
        reply: impl FnMut(&Asked) -> Resolution + Send + 'static,
        ledger: Option<Arc<Book>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            ledger,
            reply: Mutex::new(Box::new(reply)),
            asked: Mutex::default(),
        })
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Home {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["work", "temp", "other"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let session = Session::new(folder.path().join("work"), folder.path().join("temp")).unwrap();
        let bounds = Bounds {
            file_bytes: 1 << 20,
            total_bytes: 4 << 20,
        };
        let book = Arc::new(Book {
            store: Store::new(folder.path().join("kept"), bounds),
            rows: Mutex::default(),
            trouble: Mutex::default(),
        });
        let home = Self {
            _folder: folder,
            session,
            book,
        };
        home.put("a.txt", "alpha");
        home.put("sub/b.txt", "beta");
        home.put(".env", "SECRET=1");
        home.put(".git/config", "[core]");
        home.put("../other/out.txt", "outside");
        home
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.session.workspace().path.join(name)
    }

    /// The absolute path of something beside the workspace, as the guest sees it from outside.
    pub(super) fn outside(&self, name: &str) -> String {
        let work = &self.session.workspace().path;
        format!("@outside{}/{name}", work.parent().unwrap().display())
    }

    pub(super) fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn symlink(&self, target: impl AsRef<Path>, name: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }

    /// A call of a built-in tool that may do everything it is not asked about.
    pub(super) fn call(&self, reply: impl FnMut(&Asked) -> Resolution + Send + 'static) -> Call {
        let all = GrantReach::default();
        let grants = vec![
            (Capability::FilesRead, all.clone()),
            (Capability::FilesWrite, all),
        ];
        self.call_with(Mode::AskForWrites, grants, reply)
    }

    pub(super) fn call_with(
        &self,
        mode: Mode,
        grants: Vec<(Capability, GrantReach)>,
        reply: impl FnMut(&Asked) -> Resolution + Send + 'static,
    ) -> Call {
        let policy = Policy {
            mode,
            denied: vec!["edit:closed/**".parse().unwrap()],
            ..Policy::default()
        };
        self.call_under(policy, grants, reply)
    }

    pub(super) fn call_under(
        &self,
        policy: Policy,
        grants: Vec<(Capability, GrantReach)>,
        reply: impl FnMut(&Asked) -> Resolution + Send + 'static,
    ) -> Call {
        let person = Person::new(reply, Some(self.book.clone()));
        let (raise, stop) = Stop::new();
        let state = Arc::new(CallState::new(CallParts {
            caller: Caller {
                module: "files".into(),
                kept_by: KeptBy {
                    toolset: "files".into(),
                    origin: ModuleOrigin::BuiltIn,
                    hash: String::new(),
                    path: None,
                },
                is_built_in: true,
                declared: Capability::ALL.to_vec(),
                grants: grants.into(),
            },
            permit: self.permit(policy, "edit", serde_json::json!({})),
            services: person.clone(),
            session: self.session.clone(),
            clock: Clock::start(Duration::from_secs(60)),
            stop,
            shell: Arc::new(Shell::new(&BTreeMap::new())),
        }));
        let mut call = Call {
            guard: Guard::new(state.clone()),
            table: ResourceTable::new(),
            state,
            person,
            roots: Vec::new(),
            _stop: raise,
        };
        let roots = call.view().get_directories().unwrap();
        call.roots = roots.iter().map(|(root, _)| root.rep()).collect();
        call
    }

    pub(super) fn permit(
        &self,
        policy: Policy,
        tool: &str,
        arguments: serde_json::Value,
    ) -> Permit {
        let place = Place {
            workspace: self.session.workspace().path.clone(),
            ..Place::default()
        };
        let gate = Gate::new(policy, place, Memory::new(Vec::new())).unwrap();
        let facts = CallFacts {
            tool: tool.to_owned(),
            declared: Tier::Read,
            arguments,
            capabilities: vec![Capability::FilesRead, Capability::FilesWrite],
            is_third_party: false,
        };
        match gate.judge_call(facts) {
            CallVerdict::Allow(permit) => permit,
            CallVerdict::Ask(question) => question.answer(&YES).unwrap(),
            CallVerdict::Deny(refusal) => panic!("{refusal}"),
        }
    }
}

impl Call {
    pub(super) fn view(&mut self) -> View<'_> {
        View {
            guard: &mut self.guard,
            table: &mut self.table,
        }
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<String> {
        self.person.asked()
    }

    pub(super) fn refusals(&self) -> String {
        self.state.refusals().join("\n")
    }

    pub(super) fn meter(&self) -> Meter {
        self.state.counters.meter(Duration::ZERO).without_times()
    }

    /// `@temp/…` and `@outside/…` are those roots, `@/…` the second name of the workspace.
    pub(super) fn at(&self, path: &str) -> (Resource<Descriptor>, String) {
        let (root, path) = match path {
            path if path.starts_with("@temp/") => (2, &path[6..]),
            path if path.starts_with("@outside/") => (3, &path[9..]),
            path if path.starts_with("@/") => (1, &path[2..]),
            path => (0, path),
        };
        (
            Resource::new_borrow(self.roots[root]),
            if path.is_empty() { "." } else { path }.to_owned(),
        )
    }

    pub(super) async fn open(
        &mut self,
        path: &str,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Got<u32> {
        let (root, path) = self.at(path);
        let opened = self
            .view()
            .open_at(root, PathFlags::SYMLINK_FOLLOW, path, open, flags)
            .await;
        got(opened).map(|descriptor| descriptor.rep())
    }

    pub(super) async fn open_to_read(&mut self, path: &str) -> Got<u32> {
        self.open(path, OpenFlags::empty(), DescriptorFlags::READ)
            .await
    }

    pub(super) fn close(&mut self, file: u32) {
        HostDescriptor::drop(&mut self.view(), Resource::new_own(file)).unwrap();
    }

    pub(super) async fn read(&mut self, path: &str) -> Got<String> {
        let file = self.open_to_read(path).await?;
        let text = self.read_open(file).await;
        self.close(file);
        text
    }

    /// Through a stream, as a guest's library does it.
    pub(super) async fn read_open(&mut self, file: u32) -> Got<String> {
        let stream = got(self.view().read_via_stream(Resource::new_borrow(file), 0))?;
        let mut reader = self.table.delete(stream).unwrap();
        let mut text = Vec::new();
        while let Ok(bytes) = reader.blocking_read(1 << 16).await {
            text.extend_from_slice(&bytes);
        }
        Ok(String::from_utf8(text).unwrap())
    }

    /// As `std::fs::write`: one open that creates and truncates.
    pub(super) async fn write(&mut self, path: &str, text: &str) -> Got<()> {
        let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE;
        self.write_with(path, text, flags).await
    }

    pub(super) async fn write_with(&mut self, path: &str, text: &str, flags: OpenFlags) -> Got<()> {
        let file = self.open(path, flags, DescriptorFlags::WRITE).await?;
        let stream = got(self.view().write_via_stream(Resource::new_borrow(file), 0))?;
        let mut writer = self.table.delete(stream).unwrap();
        writer
            .blocking_write_and_flush(text.to_owned().into())
            .await
            .unwrap();
        self.close(file);
        Ok(())
    }

    pub(super) async fn append(&mut self, path: &str, text: &str) -> Got<()> {
        let file = self
            .open(path, OpenFlags::empty(), DescriptorFlags::WRITE)
            .await?;
        let stream = got(self.view().append_via_stream(Resource::new_borrow(file)))?;
        let mut writer = self.table.delete(stream).unwrap();
        writer.write(text.to_owned().into()).unwrap();
        self.close(file);
        Ok(())
    }

    pub(super) async fn list(&mut self, path: &str) -> Got<Vec<(String, DescriptorType)>> {
        let folder = self
            .open(path, OpenFlags::DIRECTORY, DescriptorFlags::READ)
            .await?;
        let entries = self.list_open(folder).await;
        self.close(folder);
        entries
    }

    pub(super) async fn list_open(&mut self, folder: u32) -> Got<Vec<(String, DescriptorType)>> {
        let stream = got(self
            .view()
            .read_directory(Resource::new_borrow(folder))
            .await)?;
        let stream = stream.rep();
        let mut entries = Vec::new();
        while let Some(entry) = got(self
            .view()
            .read_directory_entry(Resource::new_borrow(stream))
            .await)?
        {
            // As the guest's library does; an error here would break its listing.
            let folder = Resource::new_borrow(folder);
            let name = entry.name.clone();
            got(self
                .view()
                .metadata_hash_at(folder, PathFlags::empty(), name)
                .await)?;
            entries.push((entry.name, entry.type_));
        }
        HostDirectoryEntryStream::drop(&mut self.view(), Resource::new_own(stream)).unwrap();
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(entries)
    }

    pub(super) async fn names(&mut self, path: &str) -> Got<Vec<String>> {
        let entries = self.list(path).await?;
        Ok(entries.into_iter().map(|(name, _)| name).collect())
    }

    pub(super) async fn stat(&mut self, path: &str) -> Got<DescriptorStat> {
        let (root, path) = self.at(path);
        got(self
            .view()
            .stat_at(root, PathFlags::SYMLINK_FOLLOW, path)
            .await)
    }

    pub(super) async fn link_stat(&mut self, path: &str) -> Got<DescriptorStat> {
        let (root, path) = self.at(path);
        got(self.view().stat_at(root, PathFlags::empty(), path).await)
    }

    pub(super) async fn read_link(&mut self, path: &str) -> Got<String> {
        let (root, path) = self.at(path);
        got(self.view().readlink_at(root, path).await)
    }

    pub(super) async fn mkdir(&mut self, path: &str) -> Got<()> {
        let (root, path) = self.at(path);
        got(self.view().create_directory_at(root, path).await)
    }

    pub(super) async fn rmdir(&mut self, path: &str) -> Got<()> {
        let (root, path) = self.at(path);
        got(self.view().remove_directory_at(root, path).await)
    }

    pub(super) async fn unlink(&mut self, path: &str) -> Got<()> {
        let (root, path) = self.at(path);
        got(self.view().unlink_file_at(root, path).await)
    }

    pub(super) async fn rename(&mut self, from: &str, to: &str) -> Got<()> {
        let ((root, from), (to_root, to)) = (self.at(from), self.at(to));
        got(self.view().rename_at(root, from, to_root, to).await)
    }

    pub(super) async fn hard_link(&mut self, from: &str, to: &str) -> Got<()> {
        let ((root, from), (to_root, to)) = (self.at(from), self.at(to));
        let flags = PathFlags::empty();
        got(self.view().link_at(root, flags, from, to_root, to).await)
    }

    pub(super) async fn symlink(&mut self, target: &str, path: &str) -> Got<()> {
        let (root, path) = self.at(path);
        got(self.view().symlink_at(root, target.to_owned(), path).await)
    }
}

pub(super) fn got<T>(result: FsResult<T>) -> Got<T> {
    result.map_err(|error: FsError| error.downcast().unwrap())
}

impl Services for Person {
    fn ask(&self, asked: Asked) -> BoxFuture<'_, (Resolution, String)> {
        let resolution = (self.reply.lock().unwrap())(&asked);
        let line = format!("{:?} {}", asked.effect.kind, asked.effect.summary);
        self.asked.lock().unwrap().push(line);
        Box::pin(async move { (resolution, "test".to_owned()) })
    }
    fn decided(&self, _: CallDecision) {}
    fn question(&self, _: String, _: Vec<String>, _: bool) -> BoxFuture<'_, Answer> {
        Box::pin(async { Answer::NotAnswered })
    }
    fn output(&self, _: OutputStream, _: String) {}
    fn progress(&self, _: String, _: Option<f32>) {}
    fn canvas_create(
        &self,
        _: String,
        _: String,
        _: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(async { Err(CanvasFailure::NotFound) })
    }
    fn canvas_get(&self, _: String) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(async { Err(CanvasFailure::NotFound) })
    }
    fn canvas_update(
        &self,
        _: String,
        _: u32,
        _: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(async { Err(CanvasFailure::NotFound) })
    }
    fn ledger(&self) -> Option<Arc<dyn Ledger>> {
        let ledger = self.ledger.clone()?;
        Some(ledger)
    }
    fn run_agent(&self, _: AgentTask) -> BoxFuture<'_, Result<AgentOutcome, AgentFailure>> {
        Box::pin(async { Err(AgentFailure::Failed("none".into())) })
    }
}

impl Ledger for Book {
    fn store(&self) -> &Store {
        &self.store
    }
    fn write(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<Vec<i64>, String>> {
        Box::pin(async move {
            if let Some(trouble) = &*self.trouble.lock().unwrap() {
                return Err(trouble.clone());
            }
            let mut rows = self.rows.lock().unwrap();
            let first = rows.len();
            rows.extend(changes.into_iter().map(|change| (change, None)));
            Ok((first..rows.len())
                .map(|row| row.try_into().unwrap())
                .collect())
        })
    }
    fn close(&self, ends: Vec<(i64, End)>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let mut rows = self.rows.lock().unwrap();
            for (row, end) in ends {
                rows[usize::try_from(row).unwrap()].1 = Some(end);
            }
            Ok(())
        })
    }
    fn make_room(&self, _: u64) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

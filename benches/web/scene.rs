//! The built program serving a page on a temporary home, and a browser at it.

use crate::support::endpoint::{Endpoint, Reply};
use crate::support::page::Page;
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A home, an endpoint, a server.
pub(crate) struct Scene {
    pub(crate) endpoint: Endpoint,
    folder: TempDir,
    server: Option<Child>,
    port: u16,
    link: String,
}

impl Scene {
    /// A home without a server.
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> anyhow::Result<Self> {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        Ok(Self {
            endpoint: Endpoint::with(replies).await,
            folder,
            server: None,
            port: 0,
            link: String::new(),
        })
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("home/.anteroom/anteroom.db")
    }

    fn command(&self) -> Command {
        let named = std::env::var_os("ANTEROOM_BENCH_PROGRAM");
        let mut command = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_aroom").into()));
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench/compiled");
        command
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("ANTEROOM_CACHE_DIR", cache)
            .env("LANG", "C.UTF-8")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AI_CHAT_BASE_URL", self.endpoint.base_url())
            .env("AI_CHAT_MODEL", "scripted")
            .env("AI_CHAT_TITLES", "false")
            .current_dir(self.workspace())
            .args(["serve", "--print-url", "--port", &self.port.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts the server.
    pub(crate) fn serve(&mut self) -> anyhow::Result<()> {
        let mut server = self.command().stdout(Stdio::piped()).spawn()?;
        let stdout = server.stdout.take().context("its output is piped")?;
        self.server = Some(server);
        BufReader::new(stdout).read_line(&mut self.link)?;
        let port = self.link.split(['/', ':']).nth(4);
        self.port = port.context("the server printed no link")?.parse()?;
        Ok(())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A browser of its own with a session, at rest.
    pub(crate) async fn page(&mut self) -> anyhow::Result<Page> {
        if self.link.is_empty() {
            let printed = self.command().output()?;
            self.link = String::from_utf8(printed.stdout)?;
            ensure!(!self.link.is_empty(), "no link was printed");
        }
        let page = Page::new().await;
        page.open(std::mem::take(&mut self.link).trim()).await;
        page.until("the composer", COMPOSER).await;
        Ok(page)
    }
}

/// Sends a message.
pub(crate) async fn say(page: &Page, text: &str) {
    page.css("[data-testid=composer] textarea").fill(text).await;
    page.press("Enter").await;
}

/// Whether one can write.
pub(crate) const COMPOSER: &str = "(() => { const field = document.querySelector('[data-testid=composer] textarea'); return Boolean(field && !field.disabled) })()";

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // It may have ended by itself.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

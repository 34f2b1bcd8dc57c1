//! What servers ask of the host, answered: pins, questions, samples, roots, credentials.

use super::{elicit, keeper, sample};
use crate::config::private_file::{self, Existing};
use crate::engine::Engine;
use anteroom_api::BoxFuture;
use anteroom_storage::{PinOwner, ToolPin};
use anteroom_tools::{
    Credentials, Elicit, Elicited, Pin, Sample, Sampled, ServerHost, ServerId, ServerRoot,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

/// Folder of what signing in brought, in the home folder: it is no part of backups and exports.
const FOLDER: &str = "mcp";
const ENDED: &str = "the host has ended";

/// The runtime's side of the servers.
pub(super) struct Bridge(Weak<Engine>);

impl Bridge {
    pub(super) fn new(engine: &Arc<Engine>) -> Self {
        Self(Arc::downgrade(engine))
    }

    fn engine(&self) -> Result<Arc<Engine>, String> {
        self.0.upgrade().ok_or_else(|| ENDED.to_owned())
    }
}

/// Whose pins they are.
pub(super) fn owner(server: &ServerId) -> PinOwner {
    let place = server.place.as_deref().unwrap_or(Path::new(""));
    (place.display().to_string(), server.name.clone())
}

/// Forgets what signing in to one of the user's servers brought.
pub(super) fn forget(engine: &Engine, name: &str) {
    // There may be none.
    drop(std::fs::remove_file(credentials_file(engine, name)));
}

fn credentials_file(engine: &Engine, name: &str) -> PathBuf {
    engine.paths.home.join(FOLDER).join(format!("{name}.json"))
}

impl ServerHost for Bridge {
    fn pins(&self, server: ServerId) -> BoxFuture<'_, Result<BTreeMap<String, Pin>, String>> {
        Box::pin(async move {
            let engine = self.engine()?;
            let pins = engine.storage.server_pins(owner(&server)).await;
            let pins = pins.map_err(|error| error.to_string())?;
            let pin = |(tool, pin): (String, ToolPin)| {
                let (hash, text) = (pin.hash, pin.said);
                (tool, Pin { hash, text })
            };
            Ok(pins.into_iter().map(pin).collect())
        })
    }

    fn pin(
        &self,
        server: ServerId,
        pins: BTreeMap<String, Pin>,
    ) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let engine = self.engine()?;
            let pin = |(tool, pin): (String, Pin)| {
                let (hash, said) = (pin.hash, pin.text);
                (tool, ToolPin { hash, said })
            };
            let pins = pins.into_iter().map(pin).collect();
            let kept = engine.storage.pin_tools(owner(&server), pins).await;
            kept.map_err(|error| error.to_string())
        })
    }

    fn elicit(&self, asked: Elicit) -> BoxFuture<'_, Elicited> {
        Box::pin(async move {
            let Ok(engine) = self.engine() else {
                return Elicited::Cancelled;
            };
            elicit::answer(&engine, asked).await
        })
    }

    fn may_sample(&self, server: &ServerId) -> bool {
        self.engine()
            .is_ok_and(|engine| engine.mcp.may_sample(server))
    }

    fn sample(&self, asked: Sample) -> BoxFuture<'_, Result<Sampled, String>> {
        Box::pin(async move {
            let engine = self.engine()?;
            sample::answer(&engine, asked).await
        })
    }

    fn roots(&self, _server: &ServerId) -> Vec<ServerRoot> {
        let Ok(engine) = self.engine() else {
            return Vec::new();
        };
        let root = |folder: &Path| ServerRoot {
            uri: file_uri(folder),
            name: folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned()),
        };
        keeper::workspace(&engine).map(root).into_iter().collect()
    }

    fn credentials(&self, server: ServerId) -> BoxFuture<'_, Option<Credentials>> {
        Box::pin(async move {
            let engine = self.engine().ok()?;
            // A project's server is another one in each project.
            if server.place.is_some() {
                return None;
            }
            let file = credentials_file(&engine, &server.name);
            tokio::fs::read_to_string(file).await.ok().map(Credentials)
        })
    }

    fn keep_credentials(
        &self,
        server: ServerId,
        credentials: Option<Credentials>,
    ) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let engine = self.engine()?;
            if server.place.is_some() {
                return Err("what signs in to a project's server is not kept".to_owned());
            }
            let Some(Credentials(text)) = credentials else {
                forget(&engine, &server.name);
                return Ok(());
            };
            let file = credentials_file(&engine, &server.name);
            private_file::write(&file, text.as_bytes(), Existing::Replace)
                .map_err(|error| error.to_string())
        })
    }
}

/// A folder as `file:///…`.
fn file_uri(folder: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in folder.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(*byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_an_address() {
        assert_eq!(file_uri(Path::new("/a b/ü")), "file:///a%20b/%C3%BC");
    }
}

//! What a toolset keeps between calls: the runtime's half of the interface `store`.

use super::services::CallServices;
use anteroom_storage::{StorageError, StoreOwner, StoreRoom};
use anteroom_tools::StoreFailure;

/// What one toolset may keep in a project.
const ROOM: StoreRoom = StoreRoom {
    keys: 1000,
    bytes: 1 << 20,
};

impl CallServices {
    fn owner(&self, toolset: String) -> StoreOwner {
        StoreOwner {
            toolset,
            place: self.turn().workspace.to_string_lossy().into_owned(),
        }
    }

    pub(super) async fn stored(
        &self,
        toolset: String,
        key: String,
    ) -> Result<Option<Vec<u8>>, StoreFailure> {
        let storage = &self.turn().engine.storage;
        let found = storage.stored(self.owner(toolset), key).await;
        found.map_err(|error| failed(&error))
    }

    pub(super) async fn store(
        &self,
        toolset: String,
        entry: (String, Vec<u8>),
    ) -> Result<(), StoreFailure> {
        let storage = &self.turn().engine.storage;
        let kept = storage.store(self.owner(toolset), entry, ROOM).await;
        if kept.map_err(|error| failed(&error))? {
            return Ok(());
        }
        Err(StoreFailure::Full(format!(
            "there is no room left: a toolset keeps {} keys and {} bytes in a project; delete what is not needed",
            ROOM.keys, ROOM.bytes
        )))
    }

    pub(super) async fn unstore(&self, toolset: String, key: String) -> Result<bool, StoreFailure> {
        let storage = &self.turn().engine.storage;
        let gone = storage.unstore(self.owner(toolset), key).await;
        gone.map_err(|error| failed(&error))
    }

    pub(super) async fn stored_keys(
        &self,
        toolset: String,
        prefix: String,
    ) -> Result<Vec<String>, StoreFailure> {
        let storage = &self.turn().engine.storage;
        let keys = storage.stored_keys(self.owner(toolset)).await;
        let mut keys = keys.map_err(|error| failed(&error))?;
        keys.retain(|key| key.starts_with(&prefix));
        Ok(keys)
    }
}

fn failed(error: &StorageError) -> StoreFailure {
    StoreFailure::Failed(format!("what was kept could not be reached: {error}"))
}

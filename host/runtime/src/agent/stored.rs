//! What a toolset keeps between calls: the runtime's half of the interface `store`.

use super::services::CallServices;
use crate::bundles;
use anteroom_storage::{StorageError, StoreOwner, StoreRoom};
use anteroom_tools::{KeptBy, StoreFailure};

/// What one toolset may keep in a project.
const ROOM: StoreRoom = StoreRoom {
    keys: 1000,
    bytes: 1 << 20,
};

impl CallServices {
    fn owner(&self, owner: &KeptBy) -> Result<StoreOwner, StoreFailure> {
        let toolset = bundles::kept::owner(&self.turn().engine, owner).ok_or_else(|| {
            StoreFailure::Failed("the bundle that brought it is not installed any more".to_owned())
        })?;
        Ok(StoreOwner {
            toolset,
            place: self.turn().workspace.to_string_lossy().into_owned(),
        })
    }

    pub(super) async fn stored(
        &self,
        owner: KeptBy,
        key: String,
    ) -> Result<Option<Vec<u8>>, StoreFailure> {
        let storage = &self.turn().engine.storage;
        let found = storage.stored(self.owner(&owner)?, key).await;
        found.map_err(|error| failed(&error))
    }

    pub(super) async fn store(
        &self,
        owner: KeptBy,
        entry: (String, Vec<u8>),
    ) -> Result<(), StoreFailure> {
        let storage = &self.turn().engine.storage;
        let kept = storage.store(self.owner(&owner)?, entry, ROOM).await;
        if kept.map_err(|error| failed(&error))? {
            return Ok(());
        }
        Err(StoreFailure::Full(format!(
            "there is no room left: a toolset keeps {} keys and {} bytes in a project; delete what is not needed",
            ROOM.keys, ROOM.bytes
        )))
    }

    pub(super) async fn unstore(&self, owner: KeptBy, key: String) -> Result<bool, StoreFailure> {
        let storage = &self.turn().engine.storage;
        let gone = storage.unstore(self.owner(&owner)?, key).await;
        gone.map_err(|error| failed(&error))
    }

    pub(super) async fn stored_keys(
        &self,
        owner: KeptBy,
        prefix: String,
    ) -> Result<Vec<String>, StoreFailure> {
        let storage = &self.turn().engine.storage;
        let keys = storage.stored_keys(self.owner(&owner)?).await;
        let mut keys = keys.map_err(|error| failed(&error))?;
        keys.retain(|key| key.starts_with(&prefix));
        Ok(keys)
    }
}

fn failed(error: &StorageError) -> StoreFailure {
    StoreFailure::Failed(format!("what was kept could not be reached: {error}"))
}

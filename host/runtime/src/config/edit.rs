//! stub
use anteroom_api::Problem;
use std::path::Path;
/// stub
pub fn change(_path: &Path, _key: &str, _value: Option<&serde_json::Value>) -> Result<(), Problem> {
    Ok(())
}

//! The releases of contract 1 that this host serves, one file each, and which of them a component was built for.
//! Past this door only the words of the newest are spoken.

mod v0_1;
mod v0_2;

use crate::wasm::hosted::Hosted;
use anteroom::tool::types::CallContext;
use exports::anteroom::tool::tools::{Output, ToolError, ToolManifest};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Engine, Store};

pub(crate) use v0_2::{anteroom, exports};

/// The interface whose version is the release.
const TOOLS: &str = "anteroom:tool/tools";

/// A release of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// Files, commands, canvases, agents, questions.
    V0_1,
    /// With requests, a store, skills and the catalogue.
    V0_2,
}

impl Release {
    /// All that are served, the newest last.
    pub(crate) const SERVED: [Self; 2] = [Self::V0_1, Self::V0_2];

    /// As it stands behind the `@`.
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1.0",
            Self::V0_2 => "0.2.0",
        }
    }

    /// The release that a component was built for, read from its type.
    ///
    /// # Errors
    /// In words what linking would say in type errors.
    pub(crate) fn of(engine: &Engine, component: &Component) -> Result<Self, String> {
        let about = component.component_type();
        let found = about.exports(engine).find_map(|(name, _)| {
            name.strip_prefix(TOOLS)?
                .strip_prefix('@')
                .map(str::to_owned)
        });
        let Some(found) = found else {
            return Err(format!(
                "it exports no `{TOOLS}`, so it is no toolset; build it with the SDK"
            ));
        };
        let mut served = Self::SERVED.into_iter();
        served
            .find(|release| release.version() == found)
            .ok_or_else(|| {
                let served = Self::SERVED.map(|release| format!("`{}`", release.version()));
                format!(
                    "it was built for `{TOOLS}@{}`, and this host serves {}; build it with a matching SDK, or use a newer Anteroom",
                    anteroom_gate::visible(&found),
                    served.join(" and ")
                )
            })
    }
}

/// A component that is ready to be instantiated, of whichever release.
pub(crate) enum ToolsetPre<T: 'static> {
    V0_1(v0_1::ToolsetPre<T>),
    V0_2(v0_2::ToolsetPre<T>),
}

impl<T: 'static> Clone for ToolsetPre<T> {
    fn clone(&self) -> Self {
        match self {
            Self::V0_1(toolset) => Self::V0_1(toolset.clone()),
            Self::V0_2(toolset) => Self::V0_2(toolset.clone()),
        }
    }
}

impl<T: Send + 'static> ToolsetPre<T> {
    /// Finds the exports of its release.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn new(release: Release, instance: InstancePre<T>) -> wasmtime::Result<Self> {
        Ok(match release {
            Release::V0_1 => Self::V0_1(v0_1::ToolsetPre::new(instance)?),
            Release::V0_2 => Self::V0_2(v0_2::ToolsetPre::new(instance)?),
        })
    }

    /// Instantiates it and asks for its tools.
    ///
    /// # Errors
    /// A trap of the guest or of a limit.
    pub(crate) async fn describe(
        &self,
        store: &mut Store<T>,
    ) -> wasmtime::Result<Vec<ToolManifest>> {
        match self {
            Self::V0_1(toolset) => {
                let toolset = toolset.instantiate_async(&mut *store).await?;
                let tools = toolset.anteroom_tool_tools().call_describe(store).await?;
                Ok(tools.into_iter().map(Into::into).collect())
            }
            Self::V0_2(toolset) => {
                let toolset = toolset.instantiate_async(&mut *store).await?;
                toolset.anteroom_tool_tools().call_describe(store).await
            }
        }
    }

    /// Instantiates it and runs one of its tools.
    ///
    /// # Errors
    /// As [`Self::describe`].
    pub(crate) async fn call(
        &self,
        store: &mut Store<T>,
        context: &CallContext,
        tool: &str,
        arguments: &str,
    ) -> wasmtime::Result<Result<Output, ToolError>> {
        match self {
            Self::V0_1(toolset) => {
                let toolset = toolset.instantiate_async(&mut *store).await?;
                let tools = toolset.anteroom_tool_tools();
                let context = context.clone().into();
                let answer = tools.call_call(store, &context, tool, arguments).await?;
                Ok(answer.map(Into::into).map_err(Into::into))
            }
            Self::V0_2(toolset) => {
                let toolset = toolset.instantiate_async(&mut *store).await?;
                let tools = toolset.anteroom_tool_tools();
                tools.call_call(store, context, tool, arguments).await
            }
        }
    }
}

/// Links what the host lends, for every release.
///
/// # Errors
/// Only when two of our own definitions collide.
pub(crate) fn link(linker: &mut Linker<Hosted>) -> wasmtime::Result<()> {
    v0_1::Toolset::add_to_linker::<Hosted, HasSelf<Hosted>>(linker, |hosted| hosted)?;
    v0_2::Toolset::add_to_linker::<Hosted, HasSelf<Hosted>>(linker, |hosted| hosted)
}

//! What a call is lent, for as long as it is: grants end, run out and are taken back while calls run.

use crate::ambient::Ambient;
use anteroom_api::{Capability, GrantOp, GrantReach, GrantWhere, ModuleId, ModuleOrigin};
use anteroom_storage::{GrantUse, Storage, StorageError};
use anteroom_tools::{Definition, Grants, Lent, NotLent};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

/// The grants of the calls that run in this process.
#[derive(Default)]
pub(crate) struct Running(Mutex<Vec<Weak<CallGrants>>>);

/// Whose grants, and where.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) module: ModuleId,
    /// SHA-256 of the component that will answer.
    pub(crate) hash: String,
    /// The workspace of the call, absolute.
    pub(crate) workspace: String,
    /// What the tool declares.
    pub(crate) declared: Vec<Capability>,
}

impl Holder {
    pub(crate) fn new(definition: &Definition, workspace: String) -> Self {
        Self {
            module: definition.module.clone(),
            hash: definition.hash.clone(),
            workspace,
            declared: definition.capabilities.clone(),
        }
    }

    fn is_for(&self, grant: &GrantOp) -> bool {
        let is_here = match &grant.place {
            GrantWhere::Everywhere => true,
            GrantWhere::Workspace(place) => *place == self.workspace,
        };
        is_here
            && grant.module == self.module
            && grant.hash == self.hash
            && self.declared.contains(&grant.capability)
    }
}

/// Whether a grant holds at this moment.
pub(crate) fn holds(grant: &GrantOp, ambient: &Ambient) -> Result<(), NotLent> {
    if grant.expires_at.is_some_and(|end| end <= ambient.now()) {
        return Err(NotLent::Expired);
    }
    if grant.calls == Some(0) {
        return Err(NotLent::UsedUp);
    }
    Ok(())
}

impl Running {
    /// The capabilities a call may use as things are, for judging it. Takes nothing off any grant.
    pub(crate) async fn capabilities(
        &self,
        (storage, ambient): (&Storage, &Ambient),
        definition: &Definition,
        workspace: &str,
    ) -> Result<Vec<Capability>, StorageError> {
        if definition.origin == ModuleOrigin::BuiltIn {
            return Ok(definition.capabilities.clone());
        }
        let holder = Holder::new(definition, workspace.to_owned());
        let given = storage.grants(&holder.hash).await?;
        let mut capabilities: Vec<Capability> = given
            .iter()
            .filter(|grant| holder.is_for(grant) && holds(grant, ambient).is_ok())
            .map(|grant| grant.capability)
            .collect();
        capabilities.dedup();
        Ok(capabilities)
    }

    /// Takes the call off what is counted, on the disk, and lends what was granted: built-in modules have what
    /// they ask for, others what a person gave to exactly this binary.
    pub(crate) async fn lend(
        &self,
        (storage, ambient): (&Storage, &Ambient),
        definition: &Definition,
        workspace: &str,
    ) -> Result<Lent, StorageError> {
        if definition.origin == ModuleOrigin::BuiltIn {
            let asked = definition.capabilities.iter();
            return Ok(asked
                .map(|capability| (*capability, GrantReach::default()))
                .collect());
        }
        let holder = Holder::new(definition, workspace.to_owned());
        let wanted = GrantUse {
            module: holder.module.clone(),
            hash: holder.hash.clone(),
            workspace: holder.workspace.clone(),
            capabilities: holder.declared.clone(),
            at: ambient.now(),
        };
        let usable = storage.use_grants(wanted).await?;
        // The others only for saying what became of them.
        let given = storage.grants(&holder.hash).await?;
        let is_usable = |grant: &GrantOp| {
            usable
                .iter()
                .any(|other| (other.capability, &other.place) == (grant.capability, &grant.place))
        };
        let over = given
            .iter()
            .filter(|grant| holder.is_for(grant) && !is_usable(grant));
        let over = over.map(|grant| Held {
            grant: grant.clone(),
            state: State::Over(holds(grant, ambient).err().unwrap_or(NotLent::Revoked)),
        });
        let usable = usable.iter().map(|grant| Held {
            grant: grant.clone(),
            state: State::Lent,
        });
        let held = usable.chain(over).collect();
        let grants = Arc::new(CallGrants {
            holder,
            ambient: ambient.clone(),
            held: RwLock::new(held),
        });
        let mut running = self.lock();
        running.retain(|call| call.strong_count() > 0);
        running.push(Arc::downgrade(&grants));
        Ok(Lent::new(grants))
    }

    /// Takes grants back from calls that run: they hold for nothing that comes from now on.
    pub(crate) fn revoke(&self, module: &ModuleId, capability: Option<Capability>) {
        for call in self.calls() {
            if call.holder.module == *module {
                call.change(|held| {
                    if capability.is_none_or(|wanted| wanted == held.grant.capability) {
                        held.state = State::Over(NotLent::Revoked);
                    }
                });
            }
        }
    }

    /// A grant was given anew: what runs on the one before has what is said now.
    pub(crate) fn regrant(&self, grant: &GrantOp) {
        for call in self.calls() {
            if call.holder.is_for(grant) {
                call.change(|held| {
                    let same = (held.grant.capability, &held.grant.place);
                    if same == (grant.capability, &grant.place) {
                        // A call that runs was counted already.
                        held.grant = grant.clone();
                        held.state = State::Lent;
                    }
                });
            }
        }
    }

    fn calls(&self) -> Vec<Arc<CallGrants>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<CallGrants>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The grants of one call of a third party's tool.
struct CallGrants {
    holder: Holder,
    ambient: Ambient,
    held: RwLock<Vec<Held>>,
}

struct Held {
    grant: GrantOp,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Lent,
    Over(NotLent),
}

impl CallGrants {
    fn change(&self, change: impl FnMut(&mut Held)) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.iter_mut().for_each(change);
    }
}

impl Held {
    /// That it holds now; its number of calls was looked at when the call began.
    fn check(&self, ambient: &Ambient) -> Result<(), NotLent> {
        match self.state {
            State::Over(why) => Err(why),
            State::Lent
                if self
                    .grant
                    .expires_at
                    .is_some_and(|end| end <= ambient.now()) =>
            {
                Err(NotLent::Expired)
            }
            State::Lent => Ok(()),
        }
    }
}

impl Grants for CallGrants {
    fn reach(&self, capability: Capability) -> Result<Arc<GrantReach>, NotLent> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let mut why = NotLent::NotGranted;
        let mut reach: Option<GrantReach> = None;
        for one in held.iter() {
            if one.grant.capability != capability {
                continue;
            }
            match one.check(&self.ambient) {
                Ok(()) => {
                    reach = Some(match reach {
                        None => one.grant.reach.clone(),
                        Some(other) => both(&other, &one.grant.reach),
                    });
                }
                Err(over) => why = over,
            }
        }
        reach.map(Arc::new).ok_or(why)
    }
}

/// What is reached by either: an empty list reaches everything.
fn both(one: &GrantReach, other: &GrantReach) -> GrantReach {
    let joined = |one: &[String], other: &[String]| {
        if one.is_empty() || other.is_empty() {
            return Vec::new();
        }
        [one, other].concat()
    };
    GrantReach {
        folders: joined(&one.folders, &other.folders),
        commands: joined(&one.commands, &other.commands),
        hosts: joined(&one.hosts, &other.hosts),
        // Of secrets only what is named is reached.
        secrets: [&one.secrets[..], &other.secrets[..]].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::UnixMillis;

    fn grant(place: GrantWhere, folders: &[&str], expires_at: Option<i64>) -> GrantOp {
        GrantOp {
            module: ModuleId("csv".into()),
            hash: "c0ffee".into(),
            capability: Capability::FilesRead,
            reach: GrantReach {
                folders: folders.iter().map(|it| (*it).to_owned()).collect(),
                ..GrantReach::default()
            },
            place,
            expires_at: expires_at.map(UnixMillis),
            calls: None,
        }
    }

    fn call(grants: Vec<GrantOp>) -> (Running, Arc<CallGrants>, Ambient) {
        let ambient = Ambient::fixed(1000);
        let call = Arc::new(CallGrants {
            holder: Holder {
                module: ModuleId("csv".into()),
                hash: "c0ffee".into(),
                workspace: "/w".into(),
                declared: vec![Capability::FilesRead],
            },
            ambient: ambient.clone(),
            held: RwLock::new(
                grants
                    .into_iter()
                    .map(|grant| Held {
                        grant,
                        state: State::Lent,
                    })
                    .collect(),
            ),
        });
        let running = Running::default();
        running.lock().push(Arc::downgrade(&call));
        (running, call, ambient)
    }

    fn folders(call: &CallGrants) -> Result<Vec<String>, NotLent> {
        let reach = call.reach(Capability::FilesRead);
        reach.map(|reach| reach.folders.clone())
    }

    #[test]
    fn grants_reach_as_far_as_any_of_them() {
        let here = GrantWhere::Workspace("/w".into());
        let (_, narrow, _) = call(vec![
            grant(GrantWhere::Everywhere, &["a"], None),
            grant(here.clone(), &["b"], None),
        ]);
        assert_eq!(folders(&narrow), Ok(vec!["a".into(), "b".into()]));
        let (_, wide, _) = call(vec![
            grant(GrantWhere::Everywhere, &["a"], None),
            grant(here, &[], None),
        ]);
        assert_eq!(folders(&wide), Ok(vec![]));
        assert_eq!(wide.reach(Capability::Process), Err(NotLent::NotGranted));
    }

    #[test]
    fn a_grant_ends_while_its_call_runs() {
        let (_, call, ambient) = call(vec![grant(GrantWhere::Everywhere, &[], Some(1002))]);
        assert_eq!(folders(&call), Ok(vec![]));
        // Each id moves the clock on by a millisecond.
        let _ = ambient.uuid();
        assert_eq!(folders(&call), Ok(vec![]));
        let _ = ambient.uuid();
        assert_eq!(folders(&call), Err(NotLent::Expired));
    }

    #[test]
    fn what_is_taken_back_or_narrowed_holds_no_longer() {
        let (running, call, _) = call(vec![grant(GrantWhere::Everywhere, &[], None)]);
        let csv = ModuleId("csv".into());
        running.revoke(&ModuleId("other".into()), None);
        running.revoke(&csv, Some(Capability::Process));
        assert_eq!(folders(&call), Ok(vec![]));
        running.regrant(&grant(GrantWhere::Everywhere, &["docs"], None));
        assert_eq!(folders(&call), Ok(vec!["docs".into()]));
        let mut other = grant(GrantWhere::Everywhere, &[], None);
        other.hash = "decaf".into();
        running.regrant(&other);
        assert_eq!(folders(&call), Ok(vec!["docs".into()]));
        running.revoke(&csv, None);
        assert_eq!(folders(&call), Err(NotLent::Revoked));
    }
}

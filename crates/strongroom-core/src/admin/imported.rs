//! Keys of other products, kept for a named context; and whether its clients get a key of ours.

use std::collections::BTreeSet;

use strongroom_crypto::foreign::cryptoserve::KeyRing;
use strongroom_types::body::{
    ImportedKey, ImportedKeysAnswer, ImportedKeysPut, KeyBundleSetting, NamedContextInfo,
};
use strongroom_types::{ContextName, Format, KeyContext, Kind, Operation, Permission};

use super::named_contexts::put;
use super::{Administration, body_digest};
use crate::ask::{Answered, Ask};
use crate::caller::Caller;
use crate::denial::{Denial, Invalid, Refused};
use crate::door::keyring::ContextKeys;
use crate::door::{Account, KeyUse, Stopped};
use crate::named::{ImportedPlace, NamedContext, RING_BYTES_MAX, map_of};
use crate::ports::{Change, InStore, StoreRow};
use crate::strongroom::Strongroom;

/// The most keys of one request.
const KEYS_MAX: usize = 100;
/// The longest id of a key, in bytes.
const KEY_ID_BYTES_MAX: usize = 64;
/// How many versions of a key are kept.
const KEPT: u64 = 1;

impl Strongroom {
    /// Keeps keys of another product for a named context, to open what was sealed under them.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn imported_keys_put(
        &self,
        ask: &Ask,
        name: ContextName,
        request: ImportedKeysPut,
    ) -> Result<Answered<ImportedKeysAnswer>, Refused> {
        self.administer(ask, Put { name, request }).await
    }

    /// Says whether clients of a named context get a key to seal with by themselves.
    ///
    /// # Errors
    /// [`Refused`], with the entry where the caller is known.
    pub async fn key_bundle_allow(
        &self,
        ask: &Ask,
        name: ContextName,
        setting: KeyBundleSetting,
    ) -> Result<Answered<NamedContextInfo>, Refused> {
        let allowed = setting.allowed;
        self.administer(ask, Allow { name, allowed }).await
    }
}

struct Put {
    name: ContextName,
    request: ImportedKeysPut,
}

impl Put {
    fn check(&self) -> Result<(), Denial> {
        let keys = &self.request.keys;
        if keys.len() > KEYS_MAX {
            let (items, max) = (keys.len(), KEYS_MAX);
            return Err(Invalid::BatchItems { items, max }.into());
        }
        if self.request.formats.contains(&Format::Sr1) {
            return Err(Invalid::Field("formats".into()).into());
        }
        let ids: BTreeSet<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        if ids.len() != keys.len() {
            return Err(Invalid::Field("id".into()).into());
        }
        keys.iter().try_for_each(check_key)
    }
}

fn check_key(key: &ImportedKey) -> Result<(), Denial> {
    let id = key.id.as_str();
    // With a slash it would be one of ours.
    let odd = |letter: char| letter.is_control() || letter == '/';
    if id.is_empty() || id.len() > KEY_ID_BYTES_MAX || id.contains(odd) {
        return Err(Invalid::Field("id".into()).into());
    }
    let material = &key.material.0;
    if material.len() > RING_BYTES_MAX || KeyRing::decode(material).is_err() {
        return Err(Invalid::Field("material".into()).into());
    }
    Ok(())
}

impl Administration for Put {
    const OPERATION: Operation = Operation::ImportedKeysPut;
    const PERMISSION: Option<Permission> = Some(Permission::AdminImports);
    type Answer = ImportedKeysAnswer;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(ImportedKeysAnswer, Account), Stopped> {
        self.check()?;
        let map = map_of(&self.name)?;
        caller.require_context(&map)?;
        let named = room.named_context(&caller.state, &self.name).await?;
        let of = (named.id, &map);
        let keys = room.store_keys_for_sealing(caller, of).await?;
        let mut putting = Putting {
            room,
            caller,
            named: &named,
            keys: &keys,
            changes: room.place_for_imports(caller, &named).await?,
            answer: ImportedKeysAnswer {
                imported: 0,
                replaced: 0,
                there_already: 0,
                formats: named.body.formats.clone(),
            },
        };
        for key in &self.request.keys {
            putting.put(key, self.request.replace).await?;
        }
        putting.accept(&self.request.formats)?;
        self.account(putting)
    }
}

impl Put {
    fn account(&self, putting: Putting<'_>) -> Result<(ImportedKeysAnswer, Account), Stopped> {
        let Putting {
            caller,
            named,
            keys,
            changes,
            answer,
            ..
        } = putting;
        let ids = self.request.keys.iter().map(|key| key.id.as_str());
        let ids: Vec<&str> = ids.collect();
        let sealed = answer.imported.saturating_add(answer.replaced);
        let names: Vec<&str> = answer.formats.iter().map(|format| format.name()).collect();
        let mut account = Account::of_changes(changes)
            .fact("imported", &answer.imported.to_string())
            .fact("replaced", &answer.replaced.to_string())
            .fact("formats", &names.join(" "))
            .fact("body", &body_digest(&caller.state.keys, &ids)?);
        account = match sealed {
            0 => account.of_kind(Kind::Named, named.id, &keys.map),
            _ => account,
        };
        for _ in 0..sealed {
            account.use_key(KeyUse::sealing(keys), &keys.map);
            keys.sealed_one();
        }
        Ok((answer, account))
    }
}

/// Keys on their way into their rows.
struct Putting<'a> {
    room: &'a Strongroom,
    caller: &'a Caller,
    named: &'a NamedContext,
    keys: &'a ContextKeys,
    changes: Vec<Change>,
    answer: ImportedKeysAnswer,
}

impl Putting<'_> {
    /// Seals a key into its row, unless it is there and is to stay.
    async fn put(&mut self, key: &ImportedKey, replace: bool) -> Result<(), Stopped> {
        let (state, context) = (&self.caller.state, self.named.id);
        let place = ImportedPlace {
            context,
            key_id: &key.id,
        };
        let name = place.value_name(state);
        let store = &self.room.store;
        let there = store.store_value_version(state.id, context, &name).await?;
        let version = match there {
            InStore::Value(_) if !replace => {
                self.answer.there_already += 1;
                return Ok(());
            }
            InStore::Value(version) => {
                self.answer.replaced += 1;
                version.saturating_add(1)
            }
            InStore::NoStore | InStore::NoValue => {
                self.answer.imported += 1;
                1
            }
        };
        let bound = place.bound(state.id, version);
        let (material, entropy) = (&key.material.0, &*self.room.entropy);
        let sealed = self.keys.seal_for_store(&bound, material, entropy)?;
        let set = (self.caller.client.id, self.room.time.now());
        let value = sealed.into_value((name, version), set, material.len());
        self.changes
            .push(Change::PutStoreValue { value, keep: KEPT });
        Ok(())
    }

    /// Opens more formats, if some are not opened yet.
    fn accept(&mut self, formats: &[Format]) -> Result<(), Denial> {
        let known = &mut self.answer.formats;
        let before = known.len();
        known.extend(formats);
        known.sort();
        known.dedup();
        if known.len() == before {
            return Ok(());
        }
        let mut body = self.named.body.clone();
        body.formats.clone_from(known);
        let named = NamedContext {
            id: self.named.id,
            created: self.named.created,
            body,
        };
        self.changes.push(put(self.caller, &named)?);
        Ok(())
    }
}

impl Strongroom {
    /// The change that makes room for a named context's imported keys, where there was none.
    async fn place_for_imports(
        &self,
        caller: &Caller,
        named: &NamedContext,
    ) -> Result<Vec<Change>, Denial> {
        let (state, context) = (&caller.state, named.id);
        if self.store.store(state.id, context).await?.is_some() {
            return Ok(Vec::new());
        }
        let place: [&[u8]; 3] = [b"imported keys", state.id.as_bytes(), context.as_bytes()];
        Ok(vec![Change::InsertStore(StoreRow {
            context,
            body: state.keys.seal_body(&place, &())?,
            created: self.time.now(),
        })])
    }
}

struct Allow {
    name: ContextName,
    allowed: bool,
}

impl Administration for Allow {
    const OPERATION: Operation = Operation::KeyBundleAllow;
    const PERMISSION: Option<Permission> = Some(Permission::AdminKeyBundles);
    type Answer = NamedContextInfo;

    async fn decide(
        &self,
        room: &Strongroom,
        caller: &Caller,
    ) -> Result<(NamedContextInfo, Account), Stopped> {
        let map: KeyContext = map_of(&self.name)?;
        caller.require_context(&map)?;
        let known = room.named_context(&caller.state, &self.name).await?;
        let mut body = known.body.clone();
        body.key_bundle = self.allowed;
        let (id, created) = (known.id, known.created);
        let named = NamedContext { id, created, body };
        let changes = vec![put(caller, &named)?];
        let said = if self.allowed { "allowed" } else { "refused" };
        let account = Account::of_changes(changes)
            .of_kind(Kind::Named, id, &map)
            .fact("key_bundle", said);
        Ok((room.named_info(&caller.state, &named)?, account))
    }
}

//! Keys of theirs: derived or unwrapped here, sent some at a time, kept wrapped there.

use std::collections::BTreeMap;

use strongroom_crypto::foreign::cryptoserve::KeyRing;
use strongroom_types::body::{ImportedKey, ImportedKeysPut};
use strongroom_types::{ContextName, Format};

use super::database::{Key, is_last};
use super::report::Report;
use super::{CryptoServeArgs, CryptoServeImportError, Import};
use crate::failure::Failure;
use crate::progress;

/// Keys on their way, by context.
type Sending = BTreeMap<String, Vec<ImportedKey>>;

fn sent(id: String, ring: &KeyRing) -> ImportedKey {
    let material = ring.encode().into_vec().into();
    ImportedKey { id, material }
}

impl Import {
    /// All keys that a key of theirs can have been.
    pub(super) fn ring(&self, key: &Key) -> Result<KeyRing, CryptoServeImportError> {
        let early: &[Format] = if key.is_early() {
            &[Format::CsV1, Format::CsV2]
        } else {
            &[]
        };
        let formats = [early, &[Format::CsV3, Format::CsSdkV4]].concat();
        let place = (key.context.as_str(), self.tenant.id.as_str());
        let ring = self.master.ring(place, key.version, &formats);
        ring.map_err(|_length| CryptoServeImportError::Derivation)
    }

    pub(super) async fn keys(
        &self,
        args: &CryptoServeArgs,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let bar = progress::counted("keys", self.database.count(&self.tenant).await?);
        let mut after = String::new();
        loop {
            let keys = self.database.keys(&self.tenant, &after).await?;
            let last = is_last(keys.len());
            let mut sending = Sending::new();
            for key in keys {
                bar.inc(1);
                after.clone_from(&key.id);
                if key.is_retired() && !args.with_retired {
                    report.retired += 1;
                    continue;
                }
                let ring = self.ring(&key)?;
                let key_sent = sent(key.id, &ring);
                sending.entry(key.context).or_default().push(key_sent);
            }
            self.send(args, sending, report).await?;
            if last {
                return Ok(());
            }
        }
    }

    pub(super) async fn kem_keys(
        &self,
        args: &CryptoServeArgs,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let mut after = String::new();
        loop {
            let keys = self.database.kem_keys(&self.tenant, &after).await?;
            let last = is_last(keys.len());
            let mut sending = Sending::new();
            for key in keys {
                after.clone_from(&key.id);
                if key.is_retired() && !args.with_retired {
                    report.retired += 1;
                    continue;
                }
                match self.master.kem_ring(&key.row()) {
                    Ok(ring) => {
                        let key_sent = sent(key.id, &ring);
                        sending.entry(key.context).or_default().push(key_sent);
                    }
                    Err(_closed) => report.closed.push(key.id),
                }
            }
            self.send(args, sending, report).await?;
            if last {
                return Ok(());
            }
        }
    }

    async fn send(
        &self,
        args: &CryptoServeArgs,
        sending: Sending,
        report: &mut Report,
    ) -> Result<(), Failure> {
        for (context, keys) in sending {
            let Ok(name) = context.parse::<ContextName>() else {
                report.odd_keys += keys.len();
                continue;
            };
            let Some(client) = &self.client else {
                report.keys += u64::try_from(keys.len()).unwrap_or(u64::MAX);
                continue;
            };
            let request = ImportedKeysPut {
                keys,
                formats: self.formats.clone(),
                replace: args.replace,
            };
            let answer = client.named_contexts().import_keys(&name, &request).await?;
            report.keys += u64::from(answer.imported);
            report.keys_replaced += u64::from(answer.replaced);
            report.keys_there += u64::from(answer.there_already);
        }
        Ok(())
    }
}

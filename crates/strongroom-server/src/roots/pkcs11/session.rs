//! Sessions with a token, logged in and with the key at hand, and what is done with one.

use std::sync::{Arc, Mutex};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use strongroom_core::ports::{Clock, Outage, Refusal};
use zeroize::{Zeroize as _, Zeroizing};

use super::super::remote::Fault;
use super::IV_BYTES;
use super::fault::fault;
use super::gate::Visit;
use super::login::Pin;
use super::module::{self, Module, lock};

/// What a seed encrypted by `CKM_AES_GCM` begins with.
pub(super) const GCM: u8 = 1;
/// What a seed wrapped by `CKM_AES_KEY_WRAP` begins with.
pub(super) const KEY_WRAP: u8 = 2;

const TAG_BITS: u64 = 128;
const KEY_BYTES: u64 = 32;
/// What is wrapped to see whether a key works: RFC 3394 wraps multiples of 8.
const SAMPLE_BYTES: usize = 16;

/// Which key in which token.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) token: String,
    pub(super) label: Option<String>,
    pub(super) id: Option<Vec<u8>>,
    pub(super) pin: Pin,
}

/// Sessions that nobody uses just now.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<Opened>>);

/// A session with the key.
#[derive(Debug)]
pub(super) struct Opened {
    session: Session,
    key: ObjectHandle,
}

/// The sessions of one key.
#[derive(Debug)]
pub(super) struct Pool {
    module: Arc<Module>,
    target: Target,
    idle: Arc<Idle>,
    clock: Arc<dyn Clock>,
}

impl Idle {
    fn take(&self) -> Option<Opened> {
        lock(&self.0).pop()
    }

    fn put(&self, opened: Opened) {
        lock(&self.0).push(opened);
    }

    pub(super) fn close_all(&self) {
        lock(&self.0).clear();
    }
}

impl Pool {
    pub(super) fn new(module: Arc<Module>, target: Target, clock: Arc<dyn Clock>) -> Self {
        Self {
            idle: module.idle(),
            module,
            target,
            clock,
        }
    }

    /// Does a piece of work with a session of its own. After an outage that session and the idle
    /// ones are closed: a token that was taken out has forgotten them all.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // Dropped after the session: sessions live in here only.
        let (_visit, opened) = self.opened()?;
        let done = work(&opened);
        if matches!(done, Err(Fault::Outage(_))) {
            self.idle.close_all();
        } else {
            self.idle.put(opened);
        }
        done
    }

    /// A session. If the token is missed, the module is started anew and asked once more.
    fn opened(&self) -> Result<(Visit<'_>, Opened), Fault> {
        let visit = self.module.enter();
        let opened = self.idle.take().map_or_else(|| self.open(), Ok);
        if !matches!(opened, Err(Fault::Outage(_))) {
            return Ok((visit, opened?));
        }
        drop(visit);
        if !self.module.renew(self.clock.read().monotonic) {
            return Err(Outage::Unreachable.into());
        }
        let visit = self.module.enter();
        Ok((visit, self.open()?))
    }

    fn open(&self) -> Result<Opened, Fault> {
        let Target { token, pin, .. } = &self.target;
        let context = self.module.context()?;
        let slot = module::slot(&context, token)?;
        let session = context.open_ro_session(slot);
        let session = session.map_err(|error| fault(&error))?;
        let token = || context.get_token_info(slot).map_err(|error| fault(&error));
        self.module.logins.login(&session, token, pin)?;
        let key = self.target.find(&session)?;
        refuse_weak(&session, key)?;
        Ok(Opened { session, key })
    }
}

impl Drop for Pool {
    /// Sessions are closed in here only: outside, the module may be starting anew.
    fn drop(&mut self) {
        let _visit = self.module.enter();
        self.idle.close_all();
    }
}

impl Target {
    fn find(&self, session: &Session) -> Result<ObjectHandle, Fault> {
        let mut template = vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Token(true),
        ];
        let label = self.label.as_ref().map(|it| it.as_bytes().to_vec());
        template.extend(label.map(Attribute::Label));
        template.extend(self.id.clone().map(Attribute::Id));
        let found = session.find_objects(&template);
        match found.map_err(|error| fault(&error))?.as_slice() {
            [key] => Ok(*key),
            [] => Err(Refusal::KeyMissing.into()),
            [_, ..] => Err(Refusal::KeyKind.into()),
        }
    }
}

/// A key that can leave the device protects nothing that a key file does not. What the device does not
/// tell of a key is taken for no.
fn refuse_weak(session: &Session, key: ObjectHandle) -> Result<(), Fault> {
    let wanted = [
        AttributeType::Sensitive,
        AttributeType::Extractable,
        AttributeType::ValueLen,
    ];
    let found = session.get_attributes(key, &wanted);
    let found = found.map_err(|error| fault(&error))?;
    let stays = found.contains(&Attribute::Sensitive(true))
        && found.contains(&Attribute::Extractable(false));
    if stays && found.contains(&Attribute::ValueLen(KEY_BYTES.into())) {
        return Ok(());
    }
    Err(Refusal::KeyKind.into())
}

impl Opened {
    /// A device may draw the initialisation vector itself, so it is read back.
    pub(super) fn encrypt(
        &self,
        mut iv: [u8; IV_BYTES],
        digest: &[u8],
        seed: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let sealed = {
            let mechanism = gcm(&mut iv, digest).map_err(|error| fault(&error))?;
            self.session.encrypt(&mechanism, self.key, seed)
        };
        let sealed = sealed.map_err(|error| fault(&error))?;
        Ok([&[GCM], iv.as_slice(), &sealed].concat())
    }

    /// `sample` is a fresh initialisation vector, for a device that does not say what is wrong.
    pub(super) fn decrypt(
        &self,
        iv: [u8; IV_BYTES],
        digest: &[u8],
        sealed: &[u8],
        sample: [u8; IV_BYTES],
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let works = || {
            self.encrypt(sample, &[], &[])
                .and_then(|own| self.opens(&own))
        };
        self.open(iv, digest, sealed)
            .map_err(|error| judge(&error, works))
    }

    fn open(
        &self,
        mut iv: [u8; IV_BYTES],
        digest: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mechanism = gcm(&mut iv, digest)?;
        let opened = self.session.decrypt(&mechanism, self.key, sealed)?;
        Ok(Zeroizing::new(opened))
    }

    /// Opens what was sealed just now.
    fn opens(&self, own: &[u8]) -> Result<(), Fault> {
        let rest = own.get(1..).unwrap_or_default();
        let (iv, sealed) = rest.split_first_chunk().ok_or(Outage::Fault)?;
        let opened = self.open(*iv, &[], sealed);
        opened.map(drop).map_err(|error| fault(&error))
    }

    pub(super) fn wrap_key(&self, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Token(false),
            Attribute::Private(true),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
            Attribute::Value(bytes.to_vec()),
        ];
        let made = self.session.create_object(&template);
        for attribute in template {
            if let Attribute::Value(mut bytes) = attribute {
                bytes.zeroize();
            }
        }
        let made = made.map_err(|error| fault(&error))?;
        let wrapped = self
            .session
            .wrap_key(&Mechanism::AesKeyWrap, self.key, made);
        self.destroy(made)?;
        let wrapped = wrapped.map_err(|error| fault(&error))?;
        Ok([&[KEY_WRAP], wrapped.as_slice()].concat())
    }

    pub(super) fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let works = || {
            let own = self.wrap_key(&[0; SAMPLE_BYTES])?;
            let made = self.unwrapped(own.get(1..).unwrap_or_default());
            self.destroy(made.map_err(|error| fault(&error))?)
        };
        let made = self.unwrapped(wrapped);
        let made = made.map_err(|error| judge(&error, works))?;
        let bytes = self.session.get_attributes(made, &[AttributeType::Value]);
        self.destroy(made)?;
        match bytes.map_err(|error| fault(&error))?.pop() {
            Some(Attribute::Value(bytes)) => Ok(Zeroizing::new(bytes)),
            _ => Err(Outage::Fault.into()),
        }
    }

    fn unwrapped(&self, wrapped: &[u8]) -> Result<ObjectHandle, Error> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Token(false),
            Attribute::Private(true),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
        ];
        self.session
            .unwrap_key(&Mechanism::AesKeyWrap, self.key, wrapped, &template)
    }

    fn destroy(&self, object: ObjectHandle) -> Result<(), Fault> {
        self.session
            .destroy_object(object)
            .map_err(|error| fault(&error))
    }
}

/// Some devices call what does not open a general error. If the key opens what it sealed itself just
/// now, the fault was in what it was given; every other error means what it says.
fn judge(error: &Error, works: impl FnOnce() -> Result<(), Fault>) -> Fault {
    if !matches!(error, Error::Pkcs11(RvError::GeneralError, _)) {
        return fault(error);
    }
    works().map_or_else(|fault| fault, |()| Fault::WrongRoot)
}

fn gcm<'a>(iv: &'a mut [u8], digest: &'a [u8]) -> Result<Mechanism<'a>, Error> {
    let parameters = GcmParams::new(iv, digest, TAG_BITS.into())?;
    Ok(Mechanism::AesGcm(parameters))
}

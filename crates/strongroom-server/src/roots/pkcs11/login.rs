//! PINs, and which one each token was opened with.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::TokenInfo;
use cryptoki::types::AuthPin;
use strongroom_core::ports::{Outage, Refusal};
use strongroom_crypto::secret::Secret;

use super::super::remote::Fault;
use super::fault::fault;
use super::module::lock;

/// A PIN and its digest.
#[derive(Debug)]
pub(super) struct Pin {
    text: AuthPin,
    digest: Secret<32>,
}

impl Pin {
    pub(super) fn new(pin: &str) -> Self {
        let digest = digest(&SHA256, pin.as_bytes());
        let byte = |i| digest.as_ref().get(i).copied().unwrap_or_default();
        Self {
            text: AuthPin::from(pin),
            digest: Secret::from_bytes(core::array::from_fn(byte)),
        }
    }
}

/// The PINs that a token was shown, as digests.
#[derive(Debug, Default)]
struct Shown {
    accepted: Option<Secret<32>>,
    /// Never shown to the token again: a few wrong ones lock it.
    refused: Vec<Secret<32>>,
}

/// The PINs that each token was shown, by its serial number.
#[derive(Debug, Default)]
pub(super) struct Logins(Mutex<BTreeMap<String, Shown>>);

impl Logins {
    /// Logs the process in to the session's token, or checks that the PIN is the one that it is
    /// logged in with. One caller at a time: how many tries are left is asked when nobody else can
    /// spend one.
    pub(super) fn login(
        &self,
        session: &Session,
        token: impl FnOnce() -> Result<TokenInfo, Fault>,
        pin: &Pin,
    ) -> Result<(), Fault> {
        let mut logins = lock(&self.0);
        let token = token()?;
        let shown = logins.entry(token.serial_number().to_owned()).or_default();
        if is_logged_in(session)? {
            return match &shown.accepted {
                Some(accepted) if *accepted == pin.digest => Ok(()),
                _ => Err(Refusal::WrongPin.into()),
            };
        }
        // The last try before the token locks itself is for a person.
        let spent = token.user_pin_locked() || token.user_pin_final_try();
        if spent || shown.refused.contains(&pin.digest) {
            return Err(Refusal::WrongPin.into());
        }
        match session.login(UserType::User, Some(&pin.text)) {
            Ok(()) => {
                shown.accepted = Some(copy(&pin.digest));
                Ok(())
            }
            Err(error) => {
                let fault = fault(&error);
                if fault == Fault::Outage(Outage::Unreachable) {
                    // The token is gone: it has not seen the PIN.
                    return Err(fault);
                }
                // Whatever else a device says, it may have spent a try.
                shown.refused.push(copy(&pin.digest));
                Err(Refusal::WrongPin.into())
            }
        }
    }

    /// Nobody is logged in any more. What was refused is still wrong.
    pub(super) fn forget(&self) {
        for shown in lock(&self.0).values_mut() {
            shown.accepted = None;
        }
    }
}

fn is_logged_in(session: &Session) -> Result<bool, Fault> {
    let info = session.get_session_info().map_err(|error| fault(&error))?;
    Ok(matches!(
        info.session_state(),
        SessionState::RoUser | SessionState::RwUser
    ))
}

/// For the memory of logins, which outlives the key that brought the PIN.
fn copy(digest: &Secret<32>) -> Secret<32> {
    Secret::from_bytes(*digest.expose())
}

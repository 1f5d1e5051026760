//! What a return value of a device means.

use cryptoki::error::{Error, RvError};
use strongroom_core::ports::{Outage, Refusal};

use super::super::remote::Fault;

/// What an error means. A device that answers with something that is not listed is out of order.
pub(super) fn fault(error: &Error) -> Fault {
    tracing::debug!(%error, "device answered with an error");
    match error {
        Error::Pkcs11(value, _function) => of_value(*value),
        _ => Outage::Fault.into(),
    }
}

fn of_value(value: RvError) -> Fault {
    match value {
        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinLocked
        | RvError::PinExpired => Refusal::WrongPin.into(),
        RvError::KeyFunctionNotPermitted | RvError::ActionProhibited => Refusal::KeyDisabled.into(),
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange
        | RvError::WrappingKeyTypeInconsistent
        | RvError::UnwrappingKeyTypeInconsistent => Refusal::KeyKind.into(),
        RvError::EncryptedDataInvalid
        | RvError::EncryptedDataLenRange
        | RvError::WrappedKeyInvalid
        | RvError::WrappedKeyLenRange => Fault::WrongRoot,
        RvError::DeviceRemoved
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SlotIdInvalid
        | RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::UserNotLoggedIn
        | RvError::KeyHandleInvalid
        | RvError::ObjectHandleInvalid
        | RvError::WrappingKeyHandleInvalid
        | RvError::UnwrappingKeyHandleInvalid => Outage::Unreachable.into(),
        _ => Outage::Fault.into(),
    }
}

//! Who may have a data key, where one of several conditions is enough.

use strongroom_crypto::keys::ResolvedPolicy;
use strongroom_types::{ClaimValue, IssuerId, Lock};

use super::KeysetKey;
use crate::caller::Caller;
use crate::denial::{Denial, Invalid};
use crate::door::Account;
use crate::identity::Identity;

/// A claim and the value that it must have, or list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysetCondition {
    /// The claim.
    pub claim: String,
    /// The value; where there is none, that of the identity that seals.
    pub value: Option<ClaimValue>,
}

/// Conditions of which one is enough. They are part of the derivation; that one holds is a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysetPolicy {
    /// 1 to 16.
    pub conditions: Vec<KeysetCondition>,
}

impl KeysetPolicy {
    const CONDITIONS_MAX: usize = 16;
    /// The longest value of a condition: a policy is answered and kept with each key.
    const VALUE_BYTES_MAX: usize = 256;
    const FIELD: &str = "decryption_policy";

    /// The policy of a new data key.
    ///
    /// # Errors
    /// It breaks a limit, a value is missing and no identity has it, or it is not clear whose claims
    /// are meant.
    pub(super) fn for_sealing(&self, caller: &Caller) -> Result<ResolvedPolicy, Denial> {
        self.check()?;
        let issuer = match &caller.identity {
            Some(identity) => identity.issuer,
            None => only_issuer(caller)?,
        };
        let resolve = |condition: &KeysetCondition| {
            let claim = &condition.claim;
            let value = match &condition.value {
                Some(value) => value.clone(),
                None => self.identity(caller)?.bound_claim(claim)?,
            };
            if bytes(&value) > Self::VALUE_BYTES_MAX {
                return Err(Invalid::Field(Self::FIELD.into()).into());
            }
            Ok((claim.clone(), value))
        };
        let conditions = self.conditions.iter().map(resolve);
        Ok(ResolvedPolicy {
            issuer,
            conditions: conditions.collect::<Result<_, Denial>>()?,
        })
    }

    /// The policy of a data key that the caller shows, if one of its conditions holds for the caller.
    ///
    /// # Errors
    /// A value is missing, or none holds.
    pub(super) fn for_opening(&self, caller: &Caller) -> Result<ResolvedPolicy, Denial> {
        self.check()?;
        let stated = |condition: &KeysetCondition| {
            let value = condition.value.clone();
            let value = value.ok_or_else(|| Invalid::Field(Self::FIELD.into()))?;
            Ok((condition.claim.clone(), value))
        };
        let conditions: Vec<_> = self
            .conditions
            .iter()
            .map(stated)
            .collect::<Result<_, Denial>>()?;
        let identity = self.identity(caller)?;
        if !conditions
            .iter()
            .any(|(claim, value)| holds(identity, claim, value))
        {
            let claims = self.claims();
            return Err(Denial::LockNotMet { claims });
        }
        Ok(ResolvedPolicy {
            issuer: identity.issuer,
            conditions,
        })
    }

    fn check(&self) -> Result<(), Denial> {
        let named = |condition: &KeysetCondition| {
            let claim = &condition.claim;
            (1..=Lock::NAME_BYTES_MAX).contains(&claim.len())
                && !ClaimValue::UNBINDABLE.contains(&claim.as_str())
        };
        let count = (1..=Self::CONDITIONS_MAX).contains(&self.conditions.len());
        if count && self.conditions.iter().all(named) {
            return Ok(());
        }
        Err(Invalid::Field(Self::FIELD.into()).into())
    }

    fn claims(&self) -> Vec<String> {
        let claims = self.conditions.iter();
        claims.map(|condition| condition.claim.clone()).collect()
    }

    fn identity<'c>(&self, caller: &'c Caller) -> Result<&'c Identity, Denial> {
        let claims = || self.claims();
        caller
            .identity
            .as_deref()
            .ok_or_else(|| Denial::IdentityMissing { claims: claims() })
    }
}

/// With its values, as the client keeps it.
impl From<&ResolvedPolicy> for KeysetPolicy {
    fn from(policy: &ResolvedPolicy) -> Self {
        let conditions = policy.conditions.iter();
        let stated = |(claim, value): &(String, ClaimValue)| KeysetCondition {
            claim: claim.clone(),
            value: Some(value.clone()),
        };
        Self {
            conditions: conditions.map(stated).collect(),
        }
    }
}

/// What an entry says of the policies of a use. A policy is part of the derivation; that a condition of
/// it holds is no more than a check, and is called one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyUse {
    /// New data keys are derived under one.
    Bound,
    /// Who asks for data keys again was held against one.
    Checked,
}

impl PolicyUse {
    /// Says it in the account, if one of the keys has a policy.
    pub(super) fn noted<'a>(
        self,
        account: Account,
        mut keys: impl Iterator<Item = &'a KeysetKey>,
    ) -> Account {
        let said = match self {
            Self::Bound => "bound",
            Self::Checked => "checked",
        };
        if keys.any(|key| key.policy.is_some()) {
            account.fact("policy", said)
        } else {
            account
        }
    }
}

/// Bytes of a value.
fn bytes(value: &ClaimValue) -> usize {
    match value {
        ClaimValue::Bool(_) | ClaimValue::Integer(_) => 8,
        ClaimValue::Text(text) => text.len(),
        // Each with its quotes and comma, however short.
        ClaimValue::Set(members) => members.iter().map(|member| member.len() + 3).sum(),
    }
}

/// Whether the claim has the value, or lists it.
fn holds(identity: &Identity, claim: &str, value: &ClaimValue) -> bool {
    match (identity.bound_claim(claim), value) {
        (Ok(ClaimValue::Set(members)), ClaimValue::Text(member)) => members.contains(member),
        (Ok(held), value) => held == *value,
        (Err(_absent), _) => false,
    }
}

/// The issuer whose claims are meant by a caller without an identity: there must be one only.
fn only_issuer(caller: &Caller) -> Result<IssuerId, Denial> {
    let mut issuers = caller.state.issuers.iter();
    let mut trusted = issuers.by_ref().filter(|issuer| !issuer.body.disabled);
    match (trusted.next(), trusted.next()) {
        (Some(only), None) => Ok(only.id),
        _ => Err(Invalid::Field(KeysetPolicy::FIELD.into()).into()),
    }
}

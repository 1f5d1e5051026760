//! Their scopes and roles, and what they are here: the one table.

use strongroom_types::Permission;

/// Each scope is one permission.
pub(super) const SCOPES: [(&str, Permission); 15] = [
    ("data_key:generate", Permission::KeysetsGenerate),
    ("data_key:retrieve", Permission::KeysetsRetrieve),
    ("dataset:list", Permission::KeysetsList),
    ("dataset:create", Permission::AdminKeysets),
    ("dataset:enable", Permission::AdminKeysets),
    ("dataset:disable", Permission::AdminKeysets),
    ("dataset:modify", Permission::AdminKeysets),
    ("dataset:grant", Permission::AdminKeysets),
    ("dataset:revoke", Permission::AdminKeysets),
    ("client:create", Permission::AdminKeysets),
    ("client:list", Permission::AdminKeysets),
    ("client:delete", Permission::AdminKeysets),
    ("access_key:create", Permission::AdminClients),
    ("access_key:list", Permission::AdminClients),
    ("access_key:delete", Permission::AdminClients),
];

/// A role of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    /// Data keys, and listing keysets.
    Member,
    /// Management without data keys.
    Control,
    /// Both.
    Admin,
}

/// What a member may do.
const MEMBER: [Permission; 3] = [
    Permission::KeysetsGenerate,
    Permission::KeysetsRetrieve,
    Permission::KeysetsList,
];
/// What control may do.
const CONTROL: [Permission; 4] = [
    Permission::KeysetsList,
    Permission::AdminKeysets,
    Permission::AdminClients,
    Permission::AdminIssuers,
];

impl Role {
    /// What a new access key of the role may do.
    pub(super) fn permissions(self) -> Vec<Permission> {
        match self {
            Self::Member => MEMBER.to_vec(),
            Self::Control => CONTROL.to_vec(),
            Self::Admin => MEMBER.into_iter().chain(CONTROL).collect(),
        }
    }

    /// The role that is nearest to what may be done.
    pub(super) fn of(permissions: &[Permission]) -> Self {
        let has = |permission| permissions.contains(&permission);
        let data = has(Permission::KeysetsGenerate) || has(Permission::KeysetsRetrieve);
        match (data, has(Permission::AdminKeysets)) {
            (true, true) => Self::Admin,
            (false, true) => Self::Control,
            (_, false) => Self::Member,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Control => "control",
            Self::Admin => "admin",
        }
    }
}

/// What identities that act by themselves may do.
pub(crate) fn member() -> Vec<Permission> {
    Role::Member.permissions()
}

/// What an administrator's access key may do.
pub(crate) fn operator() -> Vec<Permission> {
    Role::Admin.permissions()
}

/// The scopes of who has these permissions, as a token names them.
pub(super) fn scopes(permissions: &[Permission]) -> String {
    let held = SCOPES
        .iter()
        .filter(|(_, permission)| permissions.contains(permission));
    let names: Vec<_> = held.map(|(name, _)| *name).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_gets_no_data_keys_and_a_member_no_management() {
        let of = |role: Role| scopes(&role.permissions());
        assert_eq!(
            of(Role::Member),
            "data_key:generate data_key:retrieve dataset:list"
        );
        assert!(!of(Role::Control).contains("data_key"));
        assert_eq!(of(Role::Admin).split(' ').count(), SCOPES.len());
        for role in [Role::Member, Role::Control, Role::Admin] {
            assert_eq!(Role::of(&role.permissions()), role);
        }
        assert_eq!(scopes(&[Permission::Decrypt]), "");
    }
}

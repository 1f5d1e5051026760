//! Roles: lists of permissions that have a name.

use strongroom_types::Permission;

/// A role of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks at contexts and applications.
    Viewer,
    /// Registers applications, administers its own, and seals and opens.
    Developer,
    /// Administers contexts, everybody's applications, and users up to its own role.
    Admin,
    /// Administers who else may do what.
    Owner,
}

impl Role {
    /// All of them, least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Developer, Self::Admin, Self::Owner];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What a user of the role may do.
    #[must_use]
    pub fn permissions(self) -> Vec<Permission> {
        let mut permissions = vec![
            Permission::NamedContextsList,
            Permission::ApplicationsList,
            Permission::UsersRead,
        ];
        if self >= Self::Developer {
            permissions.extend([
                Permission::Encrypt,
                Permission::Decrypt,
                Permission::ApplicationsRegister,
                Permission::Sign,
                Permission::Verify,
                Permission::Compute,
                Permission::AdminSigningKeys,
                Permission::SealTo,
                Permission::SealedOpen,
                Permission::AdminHybridKeys,
                Permission::Leases,
            ]);
        }
        if self >= Self::Admin {
            permissions.extend([
                Permission::AdminNamedContexts,
                Permission::AdminApplications,
                Permission::AdminContexts,
                Permission::AdminPolicies,
                Permission::AdminUsers,
                Permission::LogRead,
            ]);
        }
        if self >= Self::Owner {
            permissions.extend([
                Permission::AdminClients,
                Permission::AdminIssuers,
                Permission::ApprovePromotions,
                Permission::AdminImports,
                Permission::AdminKeyBundles,
            ]);
        }
        permissions
    }

    /// The greatest role whose permissions are all among these.
    #[must_use]
    pub fn of(held: &[Permission]) -> Option<Self> {
        let has = |role: &Self| role.permissions().iter().all(|one| held.contains(one));
        Self::ALL.into_iter().rev().find(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_lesser_ones_may() {
        for pair in Role::ALL.windows(2) {
            let (less, more) = (pair[0].permissions(), pair[1].permissions());
            assert!(less.iter().all(|one| more.contains(one)));
            assert!(more.len() > less.len());
        }
        assert!(!Role::Viewer.permissions().contains(&Permission::Decrypt));
        assert!(
            !Role::Admin
                .permissions()
                .contains(&Permission::AdminClients)
        );
    }

    #[test]
    fn a_role_is_what_its_permissions_are() {
        for role in Role::ALL {
            assert_eq!(Role::of(&role.permissions()), Some(role));
            assert_eq!(Role::named(role.name()), Some(role));
        }
        // One permission less is the role below, and none is none.
        let mut less = Role::Owner.permissions();
        less.retain(|one| *one != Permission::AdminClients);
        assert_eq!(Role::of(&less), Some(Role::Admin));
        assert_eq!(Role::of(&[Permission::Encrypt]), None);
        assert_eq!(Role::named("Owner"), None);
    }
}

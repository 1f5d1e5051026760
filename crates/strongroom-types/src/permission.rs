//! What a client may do.

use crate::coded::coded_enum;

coded_enum! {
    /// A permission of a client. Nothing is implied: a client has what its list says.
    Permission: u8 {
        /// Seal values and streams.
        Encrypt = 1, "encrypt";
        /// Open values and streams.
        Decrypt = 2, "decrypt";
        /// Move ciphertexts to the active key version.
        Rewrap = 3, "rewrap";
        /// Create and unwrap data keys.
        DataKeys = 4, "data-keys";
        /// Name another identity in `lock_for` when sealing.
        SealForOthers = 5, "seal-for-others";
        /// Read the log.
        LogRead = 6, "log:read";
        /// Make and list workspaces; only in the system workspace.
        AdminWorkspaces = 10, "admin:workspaces";
        /// Administer clients.
        AdminClients = 11, "admin:clients";
        /// Administer issuers. Whoever has it can impersonate identities.
        AdminIssuers = 12, "admin:issuers";
        /// Administer key contexts: create, rotate, disable, destroy.
        AdminContexts = 13, "admin:contexts";
        /// Administer context policies.
        AdminPolicies = 14, "admin:policies";
        /// Declare, list and destroy stores.
        AdminStores = 17, "admin:stores";
        /// Administer webhooks; with it and `log:read`, have the workspace's events sent somewhere.
        AdminWebhooks = 18, "admin:webhooks";
        /// Open objects, their old versions too.
        ObjectsRead = 20, "objects:read";
        /// Keep objects: create, replace, restore.
        ObjectsWrite = 21, "objects:write";
        /// Delete objects and destroy old versions.
        ObjectsDelete = 22, "objects:delete";
        /// List and describe objects and their versions, without values.
        ObjectsList = 23, "objects:list";
        /// Get values of stores.
        StoresRead = 24, "stores:read";
        /// Set values of stores.
        StoresWrite = 25, "stores:write";
        /// Administer customers' keys. Whoever has it decides who else can unwrap a tenant's keys.
        AdminCustomerKeys = 15, "admin:customer-keys";
        /// See, begin and cancel jobs.
        AdminJobs = 16, "admin:jobs";
        /// Derive new data keys of keysets.
        KeysetsGenerate = 30, "keysets:generate";
        /// Derive data keys of keysets again, and load keysets.
        KeysetsRetrieve = 31, "keysets:retrieve";
        /// List keysets.
        KeysetsList = 32, "keysets:list";
        /// Declare, change, suspend and grant keysets, and administer their clients.
        AdminKeysets = 33, "admin:keysets";
        /// Derive the server's shares of split keys, and fetch own grants.
        SplitKeysUse = 40, "split-keys:use";
        /// Grant and revoke split keys, and begin their epochs.
        AdminSplitKeys = 41, "admin:split-keys";
        /// List and describe named contexts.
        NamedContextsList = 50, "named-contexts:list";
        /// Declare and change named contexts.
        AdminNamedContexts = 51, "admin:named-contexts";
        /// List and describe applications.
        ApplicationsList = 52, "applications:list";
        /// Register applications, and administer those that the client registered.
        ApplicationsRegister = 53, "applications:register";
        /// Administer everybody's applications.
        AdminApplications = 54, "admin:applications";
        /// Sign with signing keys.
        Sign = 60, "sign";
        /// Check signatures, and read public keys.
        Verify = 61, "verify";
        /// Hash, authenticate and derive over what the client brings.
        Compute = 62, "compute";
        /// Make, rotate and destroy signing keys.
        AdminSigningKeys = 63, "admin:signing-keys";
        /// Seal and encapsulate to public keys, and read those of hybrid keys.
        SealTo = 64, "seal-to";
        /// Open and decapsulate with hybrid keys.
        SealedOpen = 65, "sealed:open";
        /// Make, rotate and destroy hybrid keys.
        AdminHybridKeys = 66, "admin:hybrid-keys";
        /// Keep secrets for a time, and open, renew and revoke those that the client keeps.
        Leases = 67, "leases";
        /// Approve the promotion of applications.
        ApprovePromotions = 68, "promotions:approve";
        /// Keep keys of other products, and say which formats of theirs open.
        AdminImports = 71, "admin:imports";
        /// Say which named contexts' clients get a key to seal with by themselves.
        AdminKeyBundles = 72, "admin:key-bundles";
        /// Invite users, and give and take roles that may no more than the client itself.
        AdminUsers = 73, "admin:users";
        /// Read what is said of the client itself as a user, and which roles there are.
        UsersRead = 74, "users:read";
    }
}

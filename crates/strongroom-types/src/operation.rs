//! What was asked for and how it ended: the closed lists of the log.

use crate::coded::coded_enum;

coded_enum! {
    /// Everything that makes an entry, on all surfaces.
    Operation: u16 {
        /// Sealing values.
        Encrypt = 1, "encrypt";
        /// Opening values.
        Decrypt = 2, "decrypt";
        /// Moving ciphertexts to the active key version.
        Rewrap = 3, "rewrap";
        /// Handing out a new data key.
        DataKeyCreate = 4, "data-key.create";
        /// Opening a wrapped data key.
        DataKeyUnwrap = 5, "data-key.unwrap";
        /// Moving a wrapped data key to the active key version.
        DataKeyRewrap = 6, "data-key.rewrap";
        /// Sealing a stream.
        StreamEncrypt = 7, "stream.encrypt";
        /// Opening a stream.
        StreamDecrypt = 8, "stream.decrypt";
        /// Exchanging a user's token for one of ours.
        TokenExchange = 9, "token.exchange";
        /// Reading entries with their private fields.
        LogRead = 10, "log.read";
        /// Moving a stored stream to the active key version, by its prefix.
        StreamRewrap = 11, "stream.rewrap";
        /// Making a workspace.
        WorkspaceCreate = 20, "workspace.create";
        /// Changing a workspace.
        WorkspaceUpdate = 21, "workspace.update";
        /// Making a client.
        ClientCreate = 30, "client.create";
        /// Changing a client.
        ClientUpdate = 31, "client.update";
        /// Giving a client another API key.
        ClientKeyCreate = 32, "client.key.create";
        /// Taking an API key away.
        ClientKeyRevoke = 33, "client.key.revoke";
        /// Trusting an issuer.
        IssuerCreate = 40, "issuer.create";
        /// Changing an issuer.
        IssuerUpdate = 41, "issuer.update";
        /// Making a key context, by name or by the first write.
        ContextCreate = 50, "context.create";
        /// Giving a key context a new active key version.
        ContextRotate = 51, "context.rotate";
        /// Suspending a key context.
        ContextDisable = 52, "context.disable";
        /// Resuming a key context.
        ContextEnable = 53, "context.enable";
        /// Destroying a key context's keys and lock secret.
        ContextDestroy = 54, "context.destroy";
        /// Destroying one rotated version of a context key.
        VersionDestroy = 55, "context.version.destroy";
        /// Making a context policy.
        PolicyCreate = 60, "policy.create";
        /// Changing a context policy.
        PolicyUpdate = 61, "policy.update";
        /// Removing a context policy.
        PolicyDelete = 62, "policy.delete";
        /// Reading what is administered: lists and descriptions.
        AdminRead = 70, "admin.read";
        /// A request that could not be read, by a caller who is known.
        Request = 80, "request";
        /// Denials beyond the quota, counted into one entry.
        DenialFlood = 81, "denial.flood";
        /// A new generation of the log, begun because an operator said so.
        LogGeneration = 90, "log.generation";
        /// Keeping a new object.
        ObjectCreate = 100, "object.create";
        /// Giving an object a new version.
        ObjectUpdate = 101, "object.update";
        /// Opening versions of objects.
        ObjectRead = 102, "object.read";
        /// Describing an object, without its value.
        ObjectDescribe = 103, "object.describe";
        /// Listing objects.
        ObjectList = 104, "object.list";
        /// Listing the versions of an object.
        ObjectVersions = 105, "object.versions";
        /// Deleting an object: its name is free, and it can be restored until it is purged.
        ObjectDelete = 106, "object.delete";
        /// Bringing a deleted object back.
        ObjectRestore = 107, "object.restore";
        /// Making an old version the newest again: its opening, and its sealing as a new version.
        ObjectVersionRestore = 108, "object.version.restore";
        /// Erasing one old version of an object.
        ObjectVersionDestroy = 109, "object.version.destroy";
        /// Erasing objects whose time is over.
        ObjectPurge = 110, "object.purge";
        /// Moving stored versions of objects to the active key version.
        ObjectRewrap = 111, "object.rewrap";
        /// Keeping a value under a name, in a new object or as a new version of the one there is.
        ObjectUpsert = 112, "object.upsert";
        /// Wrapping a data key for another key context.
        DataKeyRekey = 120, "data-key.rekey";
        /// Registering a customer's key.
        CustomerKeyRegister = 140, "customer-key.register";
        /// Trying a customer's key: a seed without a use is wrapped and unwrapped.
        CustomerKeyVerify = 141, "customer-key.verify";
        /// Changing what is known of a customer's key, for example its credentials.
        CustomerKeyUpdate = 142, "customer-key.update";
        /// Putting the key contexts that contain given pairs under a customer's key.
        CustomerKeyAttach = 143, "customer-key.attach";
        /// Putting another customer's key in the place of one.
        CustomerKeyReplace = 144, "customer-key.replace";
        /// Putting key contexts back under the workspace's root.
        CustomerKeyDetach = 145, "customer-key.detach";
        /// Suspending a customer's key.
        CustomerKeyDisable = 146, "customer-key.disable";
        /// Resuming a customer's key, for all uses or for moving away from it only.
        CustomerKeyEnable = 147, "customer-key.enable";
        /// Forgetting a customer's key that wraps nothing.
        CustomerKeyDelete = 148, "customer-key.delete";
        /// Beginning a job by name.
        JobCreate = 150, "job.create";
        /// Ending a job before it is done.
        JobCancel = 151, "job.cancel";
        /// Moving the seeds of key contexts from one wrapping key to another.
        ContextRewrap = 152, "context.rewrap";
        /// Suspending a key context that is to be destroyed after a time of waiting.
        ContextDestroyLater = 153, "context.destroy.later";
        /// Calling off a destruction before its time.
        ContextDestroyCancel = 154, "context.destroy.cancel";
        /// Moving the seeds of a workspace, or of the deployment itself, to another root.
        RootMove = 155, "root.move";
        /// Declaring a store, or changing what is said of it.
        StorePut = 160, "store.put";
        /// Destroying a store's keys and all that it holds.
        StoreDelete = 161, "store.delete";
        /// Opening a value of a store, or saying that there is none of the name.
        StoreGet = 162, "store.get";
        /// Keeping a value in a store.
        StoreSet = 163, "store.set";
        /// Moving values of a store to the active key version.
        StoreRewrap = 164, "store.rewrap";
        /// Registering a receiver of events.
        WebhookCreate = 170, "webhook.create";
        /// Changing a webhook.
        WebhookUpdate = 171, "webhook.update";
        /// Removing a webhook.
        WebhookDelete = 172, "webhook.delete";
        /// Sending events again that were sent before, or given up.
        WebhookReplay = 173, "webhook.replay";
        /// Sending events to their receiver.
        WebhookDeliver = 174, "webhook.deliver";
        /// Making a sealed store.
        SealedStoreCreate = 180, "sealed-store.create";
        /// Giving out sealed records with proofs, or the proof that there are none.
        SealedGet = 181, "sealed-store.get";
        /// Keeping or deleting sealed records. The entry states the new root of the store's map.
        SealedSet = 182, "sealed-store.set";
        /// Keeping a slot of a sealed store.
        SealedSlotPut = 183, "sealed-store.slot.put";
        /// Giving out a slot of a sealed store.
        SealedSlotGet = 184, "sealed-store.slot.get";
        /// Removing a slot of a sealed store.
        SealedSlotDelete = 185, "sealed-store.slot.delete";
        /// The server's part of hardening a passphrase: one guess.
        SealedEvaluate = 186, "sealed-store.evaluate";
        /// Erasing sealed records that expired. The entry states the new root of the store's map.
        SealedPurge = 187, "sealed-store.purge";
        /// Deriving new data keys of a keyset.
        KeysetGenerate = 190, "keyset.generate";
        /// Deriving data keys of a keyset again, for who shows their tags.
        KeysetRetrieve = 191, "keyset.retrieve";
        /// Giving out the key of a keyset's index terms.
        KeysetLoad = 192, "keyset.load";
        /// Declaring a keyset.
        KeysetCreate = 193, "keyset.create";
        /// Changing what is said of a keyset.
        KeysetUpdate = 194, "keyset.update";
        /// Resuming a keyset.
        KeysetEnable = 195, "keyset.enable";
        /// Suspending a keyset.
        KeysetDisable = 196, "keyset.disable";
        /// Letting a client of keysets use one.
        KeysetGrant = 197, "keyset.grant";
        /// Taking a keyset from a client of keysets.
        KeysetRevoke = 198, "keyset.revoke";
        /// Making a client of keysets.
        KeysetClientCreate = 199, "keyset.client.create";
        /// Removing a client of keysets with its grants.
        KeysetClientDelete = 200, "keyset.client.delete";
        /// Issuing an access token, for an API key or for an identity that acts by itself.
        AccessTokenIssue = 201, "access-token.issue";
        /// Letting the identities of an issuer act as a client, or ending that.
        IssuerActAs = 202, "issuer.act-as";
        /// Deriving the server's shares of split keys.
        SplitDerive = 210, "split.derive";
        /// Keeping the public key that a client gets its grants sealed to.
        SplitPublicKeyPut = 211, "split.public-key.put";
        /// Keeping the first grant of an epoch of split keys.
        SplitEpochCreate = 212, "split.epoch.create";
        /// Keeping a grant of the clients' share of split keys.
        SplitGrantPut = 213, "split.grant.put";
        /// Giving out a client's own grants of split keys.
        SplitGrantGet = 214, "split.grant.get";
        /// Taking a client's grants of split keys away.
        SplitGrantRevoke = 215, "split.grant.revoke";
        /// Making the client of a device that somebody signed in.
        DeviceApprove = 220, "device.approve";
        /// Declaring a named context.
        NamedContextCreate = 230, "named-context.create";
        /// Changing what is said of a named context.
        NamedContextUpdate = 231, "named-context.update";
        /// Registering an application, or giving a registered one new tokens.
        ApplicationRegister = 232, "application.register";
        /// Changing an application.
        ApplicationUpdate = 233, "application.update";
        /// Removing an application with its tokens.
        ApplicationDelete = 234, "application.delete";
        /// Giving an application a new refresh token in the place of all that it had.
        ApplicationRotate = 235, "application.rotate";
        /// Ending all tokens of an application.
        ApplicationRevoke = 236, "application.revoke";
        /// Issuing an access token for a refresh token.
        ApplicationRefresh = 237, "application.refresh";
        /// Ending the tokens of an application because a refresh token was shown whose successor had
        /// been used.
        ApplicationReuse = 238, "application.reuse";
        /// Making a signing key.
        SigningKeyCreate = 260, "signing-key.create";
        /// Giving a signing key a new version, and erasing the private key of the one before.
        SigningKeyRotate = 261, "signing-key.rotate";
        /// Destroying a signing key.
        SigningKeyDestroy = 262, "signing-key.destroy";
        /// Signing a message.
        Sign = 263, "sign";
        /// Checking a signature.
        Verify = 264, "verify";
        /// Hashing what the caller brings.
        Hash = 265, "hash";
        /// Authenticating what the caller brings, under a key of its own.
        Mac = 266, "mac";
        /// Deriving from a secret that the caller brings.
        Derive = 267, "derive";
        /// Hashing a password that the caller brings.
        PasswordHash = 268, "password.hash";
        /// Checking a password that the caller brings against its hash.
        PasswordCheck = 269, "password.check";
        /// Drawing random bytes for the caller.
        Random = 270, "random";
        /// Keeping a guard, in place of a former one of its name.
        GuardPut = 271, "guard.put";
        /// Removing a guard.
        GuardDelete = 272, "guard.delete";
        /// Making a hybrid key.
        HybridKeyCreate = 280, "hybrid-key.create";
        /// Giving a hybrid key a new version.
        HybridKeyRotate = 281, "hybrid-key.rotate";
        /// Destroying a hybrid key.
        HybridKeyDestroy = 282, "hybrid-key.destroy";
        /// Sealing to a public key.
        SealTo = 283, "seal-to";
        /// Opening what was sealed to a hybrid key.
        SealedOpen = 284, "sealed.open";
        /// Encapsulating a shared secret to a public key.
        Encapsulate = 285, "encapsulate";
        /// Getting a shared secret that was encapsulated to a hybrid key.
        Decapsulate = 286, "decapsulate";
        /// Making a key pair that agrees, for the caller.
        AgreementGenerate = 300, "agreement.generate";
        /// Agreeing on a secret, with keys that the caller brings.
        AgreementDerive = 301, "agreement.derive";
        /// Sealing to a public key that the caller brings.
        HpkeSeal = 302, "hpke.seal";
        /// Opening with a private key that the caller brings.
        HpkeOpen = 303, "hpke.open";
        /// Making a JWS with a key that the caller brings.
        JwsSign = 304, "jws.sign";
        /// Checking a JWS with a key that the caller brings.
        JwsVerify = 305, "jws.verify";
        /// Making a JWE with a key that the caller brings.
        JweEncrypt = 306, "jwe.encrypt";
        /// Opening a JWE with a key that the caller brings.
        JweDecrypt = 307, "jwe.decrypt";
        /// Making a JWK for the caller.
        JwkGenerate = 308, "jwk.generate";
        /// Naming a JWK by its thumbprint.
        JwkThumbprint = 309, "jwk.thumbprint";
        /// Measuring a password that the caller brings.
        PasswordMeasure = 310, "password.measure";
        /// Splitting a secret that the caller brings into shares.
        SecretSplit = 311, "secret.split";
        /// Combining shares of a secret.
        SecretCombine = 312, "secret.combine";
        /// Keeping a secret for a time.
        LeaseCreate = 313, "lease.create";
        /// Opening a secret that is kept for a time.
        LeaseRead = 314, "lease.read";
        /// Keeping a secret for longer.
        LeaseRenew = 315, "lease.renew";
        /// Erasing a secret that is kept for a time.
        LeaseRevoke = 316, "lease.revoke";
        /// Moving an application to another environment, or asking an owner to.
        ApplicationPromote = 317, "application.promote";
        /// Asking an owner to move an application before its time.
        PromotionExpedite = 318, "application.promotion.expedite";
        /// Moving an application that waits for an owner.
        PromotionApprove = 319, "application.promotion.approve";
        /// Keeping keys of another product's context, to open what was sealed there.
        ImportedKeysPut = 330, "imported-keys.put";
        /// Allowing or refusing that clients of a named context get a key to seal with by themselves.
        KeyBundleAllow = 331, "key-bundle.allow";
        /// Giving a client of a named context a key to seal with by itself.
        KeyBundle = 332, "key-bundle";
        /// Sealing again what another product sealed.
        ImportedRewrap = 333, "imported.rewrap";
        /// Inviting somebody to become a user.
        InvitationCreate = 340, "invitation.create";
        /// Withdrawing an invitation.
        InvitationRevoke = 341, "invitation.revoke";
        /// Becoming a user by an invitation and a proof of who it is.
        InvitationAccept = 342, "invitation.accept";
        /// Giving a user another role.
        UserRoleSet = 343, "user.role.set";
        /// Removing a user.
        UserRemove = 344, "user.remove";
        /// Giving a user another session for a proof of who it is.
        UserSession = 345, "user.session";
    }
}

coded_enum! {
    /// How it ended.
    Outcome: u8 {
        /// The door opened. The entry was durable before the key was used.
        Allowed = 1, "allowed";
        /// The door stayed shut.
        Denied = 2, "denied";
        /// The door had opened, and the operation failed: linked to its entry by `of`.
        Failed = 3, "failed";
        /// The door had opened, and a long operation ended well: linked to its entry by `of`.
        Completed = 4, "completed";
    }
}

//! The log: every use is in it, anyone with the key can check it, and its readers see only theirs.

use strongroom_client::{EntryFilter, PageQuery, origin_of, verifier_of_origin};
use strongroom_log::{Entry, Receipt, Tile, TileKind, leaf_hash};
use strongroom_tests::on_each_database;
use strongroom_tests::reply::Reply;
use strongroom_tests::room::{Room, tenant};
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::body::{
    ClientUpdate, ContextState, DecryptRequest, EncryptRequest, EntryView, IssuerUpdate,
    LogEntryId, PolicyBody,
};
use strongroom_types::{Code, ContextPattern, KeyVersion, Operation, Outcome, Permission, Reason};

on_each_database!(
    receipts_verify_offline,
    a_flipped_byte_of_an_entry_is_found,
    an_entry_left_out_or_moved_is_found,
    the_whole_log_verifies_with_the_public_key_alone,
    an_older_checkpoint_is_a_prefix_of_a_newer_one,
    the_key_and_its_origin_are_those_that_were_printed,
    denials_are_entries_with_the_true_reason,
    a_flood_of_denials_is_counted,
    every_act_of_administration_is_an_entry,
    filters_find_what_they_name,
    a_failed_opening_is_found_by_its_key_context,
    pages_end_to_end_are_the_whole_list,
    reading_the_log_is_an_entry,
    other_workspaces_logs_cannot_be_read,
    tiles_beyond_the_log_do_not_exist,
    the_entry_of_a_seal_holds_its_digest,
);

async fn seal(room: &Room, name: &str) -> (Vec<u8>, LogEntryId) {
    let request = EncryptRequest::new(tenant(name), "v");
    let sealed = room.client.encrypt(request).await.unwrap();
    (sealed.ciphertext.0, sealed.log_entry.unwrap())
}

async fn receipts_verify_offline(room: Room) {
    let mut entries = Vec::new();
    for name in ["a", "b", "c", "a", "b"] {
        entries.push(seal(&room, name).await.1);
    }
    for entry in entries {
        let text = room.client.log().proof(entry.index).await.unwrap();
        let proven = room
            .client
            .log()
            .prove(entry, &room.verifier())
            .await
            .unwrap();
        // From here on nothing is asked of the server.
        let receipt: Receipt = text.parse().unwrap();
        let note = receipt.checkpoint.to_string();
        let origin = origin_of(&note);
        let verifier = verifier_of_origin(&room.verifier(), origin).unwrap();
        assert!(receipt.verify(&proven.bytes, &verifier, origin).is_ok());
        for at in 0..proven.bytes.len() {
            let mut altered = proven.bytes.clone();
            altered[at] ^= 1;
            assert!(
                receipt.verify(&altered, &verifier, origin).is_err(),
                "byte {at}"
            );
        }
        let moved = Receipt {
            index: receipt.index + 1,
            ..receipt
        };
        assert!(moved.verify(&proven.bytes, &verifier, origin).is_err());
    }
}

async fn whole(room: &Room) -> WholeLog {
    WholeLog::fetch(&room.client, &room.verifier()).await
}

async fn a_flipped_byte_of_an_entry_is_found(room: Room) {
    for name in ["a", "b", "c"] {
        seal(&room, name).await;
    }
    let log = whole(&room).await;
    for entry in 0..log.entries.len() {
        for at in 0..log.entries[entry].len() {
            let mut altered = log.entries.clone();
            altered[entry][at] ^= 1;
            assert!(
                WholeLog::verify(&altered, &log.checkpoint).is_err(),
                "entry {entry} byte {at}"
            );
        }
    }
}

async fn an_entry_left_out_or_moved_is_found(room: Room) {
    for name in ["a", "b", "c"] {
        seal(&room, name).await;
    }
    let WholeLog {
        entries,
        checkpoint,
    } = whole(&room).await;
    assert!(WholeLog::verify(&entries, &checkpoint).is_ok());
    for at in 0..entries.len() {
        let mut fewer = entries.clone();
        fewer.remove(at);
        assert!(WholeLog::verify(&fewer, &checkpoint).is_err());
        let mut more = entries.clone();
        more.insert(at, entries[at].clone());
        assert!(WholeLog::verify(&more, &checkpoint).is_err());
    }
    for at in 1..entries.len() {
        let mut swapped = entries.clone();
        swapped.swap(at - 1, at);
        assert!(WholeLog::verify(&swapped, &checkpoint).is_err());
    }
}

async fn the_whole_log_verifies_with_the_public_key_alone(room: Room) {
    // Past one tile of 256 entries.
    for number in 0..270 {
        let request = EncryptRequest::new(tenant(&format!("{}", number % 3)), "v");
        room.client.encrypt(request).await.unwrap();
    }
    let log = whole(&room).await;
    assert!(log.checkpoint.size() > 270);
    let level_one = Tile::in_tree(TileKind::Hashes(1), 0, log.checkpoint.size()).unwrap();
    let hashes = room.client.log().tile(level_one).await.unwrap();
    assert_eq!(hashes.len(), 32);
    assert!(
        log.checkpoint
            .origin()
            .ends_with(&room.workspace.to_string())
    );
}

async fn an_older_checkpoint_is_a_prefix_of_a_newer_one(room: Room) {
    seal(&room, "a").await;
    let before = whole(&room).await;
    for name in ["b", "c"] {
        seal(&room, name).await;
    }
    let after = whole(&room).await;
    let size = before.entries.len();
    assert!(after.entries.len() > size);
    assert!(WholeLog::verify(&after.entries[..size], &before.checkpoint).is_ok());
}

async fn the_key_and_its_origin_are_those_that_were_printed(room: Room) {
    let reply = Reply::of(room.anonymous(reqwest::Method::GET, "/v1/log/key")).await;
    let key = String::from_utf8(reply.body).unwrap();
    assert_eq!(key.trim_end(), room.server.sheet().log_public_key);
    let note = room.client.log().checkpoint().await.unwrap();
    let other = room.server.second_client().unwrap();
    let theirs = other.log().checkpoint().await.unwrap();
    assert_ne!(origin_of(&note), origin_of(&theirs));
}

async fn denials_are_entries_with_the_true_reason(room: Room) {
    let (sealed, _) = seal(&room, "acme").await;
    let request = DecryptRequest::new(tenant("other"), sealed);
    let error = room.client.decrypt(request).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    let entry = room.entry(refusal.log_entry().unwrap()).await;
    assert_eq!(
        (entry.operation, entry.outcome),
        (Operation::Decrypt, Outcome::Denied)
    );
    assert_eq!(entry.reason, Some(Reason::ContextMismatch));
    assert_eq!(entry.request_id, refusal.request_id());
    assert_eq!(entry.key_context, Some(tenant("other")));
    assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
}

async fn a_flood_of_denials_is_counted(room: Room) {
    let (flooder, created) = room.make_client(&[Permission::LogRead], &[]).await;
    let (other, quiet) = room.make_client(&[Permission::LogRead], &[]).await;
    let mut named = Vec::new();
    for _ in 0..200 {
        let refused = flooder
            .encrypt(EncryptRequest::new(tenant("acme"), "v"))
            .await;
        named.push(refused.unwrap_err().refusal().unwrap().log_entry().unwrap());
    }
    other
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await
        .unwrap_err();
    let all = room.entries(EntryFilter::default()).await;
    let of = |client| {
        let denied = move |entry: &&EntryView| {
            entry.client == Some(client) && entry.outcome == Outcome::Denied
        };
        all.iter().filter(denied).collect::<Vec<_>>()
    };
    let written = of(created.client.id);
    // One by one up to the quota of a minute, and one entry that stands for the others; a minute
    // may have ended on the way.
    assert!(
        written.len() < 130,
        "{} entries for 200 denials",
        written.len()
    );
    let floods = |entry: &&&EntryView| entry.operation == Operation::DenialFlood;
    assert!(written.iter().any(|entry| floods(&entry)));
    assert!(
        written
            .iter()
            .all(|entry| entry.reason == Some(Reason::PermissionMissing))
    );
    // Each denial named an entry all the same, and nobody else is counted with it.
    assert!(
        named
            .iter()
            .all(|id| all.iter().any(|entry| entry.index == id.index))
    );
    let [one] = of(quiet.client.id)[..] else {
        panic!("one denial")
    };
    assert_eq!(one.operation, Operation::Encrypt);
}

async fn every_act_of_administration_is_an_entry(room: Room) {
    let policy = PolicyBody::of(ContextPattern::new([("t", "a")]).unwrap());
    let (_, created) = room.make_client(&[Permission::Encrypt], &[]).await;
    let (clients, id) = (room.client.clients(), created.client.id);
    clients.update(id, &ClientUpdate::default()).await.unwrap();
    let second = clients.create_key(id, None).await.unwrap();
    clients.revoke_key(id, second.info.id).await.unwrap();
    room.client
        .issuers()
        .update(room.issuer.id, &IssuerUpdate::default())
        .await
        .unwrap();
    let contexts = room.client.contexts();
    let context = contexts.create(tenant("acme")).await.unwrap().id;
    contexts.rotate(context).await.unwrap();
    contexts
        .destroy_version(context, KeyVersion(1))
        .await
        .unwrap();
    contexts.disable(context).await.unwrap();
    contexts.enable(context).await.unwrap();
    let destroyed = contexts.destroy(context).await.unwrap();
    assert_eq!(destroyed.state, ContextState::Destroyed);
    let saved = room.client.policies().create(&policy).await.unwrap();
    room.client
        .policies()
        .replace(saved.id, &policy)
        .await
        .unwrap();
    room.client.policies().delete(saved.id).await.unwrap();
    contexts.list(&PageQuery::default()).await.unwrap();
    for operation in [
        Operation::ClientCreate,
        Operation::ClientUpdate,
        Operation::ClientKeyCreate,
        Operation::ClientKeyRevoke,
        Operation::IssuerCreate,
        Operation::IssuerUpdate,
        Operation::ContextCreate,
        Operation::ContextRotate,
        Operation::VersionDestroy,
        Operation::ContextDisable,
        Operation::ContextEnable,
        Operation::ContextDestroy,
        Operation::PolicyCreate,
        Operation::PolicyUpdate,
        Operation::PolicyDelete,
        Operation::AdminRead,
    ] {
        let found = room.entries(EntryFilter {
            operation: Some(operation),
            ..EntryFilter::default()
        });
        let found = found.await;
        assert!(!found.is_empty(), "{operation}");
        assert!(found.iter().all(|entry| entry.outcome == Outcome::Allowed));
        // A workspace's first client is made by the deployment.
        assert!(
            found.iter().any(|entry| entry.client.is_some()),
            "{operation}"
        );
    }
}

/// Sets a filter's conditions.
type Change<'a> = &'a dyn Fn(&mut EntryFilter);

async fn filters_find_what_they_name(room: Room) {
    let (sealed, first) = seal(&room, "acme").await;
    let alice = room.person("alice").await;
    let by_alice = alice
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await
        .unwrap();
    let denied = room
        .client
        .decrypt(DecryptRequest::new(tenant("beta"), sealed))
        .await;
    let denied = denied.unwrap_err().refusal().unwrap().log_entry().unwrap();
    let by_alice = by_alice.log_entry.unwrap();
    let from = room.entry(by_alice).await.time;
    let issuer = &room.server.sheet().oidc.issuer;
    let encrypt = Some(Operation::Encrypt);
    let cases: [(Change<'_>, &[LogEntryId]); 9] = [
        (&|f| f.operation = encrypt, &[first, by_alice]),
        (
            &|f| (f.operation, f.from) = (encrypt, Some(from.clone())),
            &[by_alice],
        ),
        (
            &|f| (f.operation, f.to) = (encrypt, Some(from.clone())),
            &[first],
        ),
        (&|f| f.outcome = Some(Outcome::Denied), &[denied]),
        (&|f| f.subject = Some("alice".to_owned()), &[by_alice]),
        (&|f| f.subject = Some("Alice".to_owned()), &[]),
        (&|f| f.issuer = Some(issuer.clone()), &[by_alice]),
        (&|f| f.key_context = Some(tenant("beta")), &[denied]),
        (
            &|f| (f.operation, f.key_context) = (encrypt, Some(tenant("acme"))),
            &[first, by_alice],
        ),
    ];
    for (change, expected) in cases {
        let mut filter = EntryFilter::default();
        change(&mut filter);
        let found = room.entries(filter.clone()).await;
        let found: Vec<_> = found.iter().map(|entry| entry.index).collect();
        let expected: Vec<_> = expected.iter().map(|id| id.index).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn a_failed_opening_is_found_by_its_key_context(room: Room) {
    let (mut altered, _) = seal(&room, "acme").await;
    seal(&room, "other").await;
    *altered.last_mut().unwrap() ^= 1;
    let refused = DecryptRequest::new(tenant("acme"), altered);
    let refused = room.client.decrypt(refused).await.unwrap_err();
    let allowed = refused.refusal().unwrap().log_entry().unwrap().index;
    let failed = |name| EntryFilter {
        outcome: Some(Outcome::Failed),
        key_context: Some(tenant(name)),
        ..EntryFilter::default()
    };
    let found = room.entries(failed("acme")).await;
    let [entry] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(entry.of, Some(allowed));
    assert!(entry.key.is_some(), "{entry:?}");
    assert_eq!(room.entries(failed("other")).await, []);
}

async fn pages_end_to_end_are_the_whole_list(room: Room) {
    for name in ["a", "b", "c", "d", "e"] {
        seal(&room, name).await;
    }
    let encrypt = EntryFilter {
        operation: Some(Operation::Encrypt),
        limit: Some(2),
        ..EntryFilter::default()
    };
    let (mut filter, mut pages) = (encrypt, Vec::new());
    loop {
        let page = room.client.log().entries(&filter).await.unwrap();
        pages.push(
            page.entries
                .iter()
                .map(|entry| entry.index)
                .collect::<Vec<_>>(),
        );
        match page.next {
            None => break,
            next => filter.page = next,
        }
    }
    let all = pages.concat();
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted() && pages.iter().all(|page| page.len() <= 2));
}

async fn reading_the_log_is_an_entry(room: Room) {
    let read = EntryFilter {
        operation: Some(Operation::LogRead),
        ..EntryFilter::default()
    };
    let before = room.entries(read.clone()).await.len();
    room.client
        .log()
        .entries(&EntryFilter::default())
        .await
        .unwrap();
    assert!(room.entries(read).await.len() > before);
}

async fn other_workspaces_logs_cannot_be_read(room: Room) {
    let (_, ours) = seal(&room, "acme").await;
    let other = room.server.second_client().unwrap();
    let theirs = other
        .encrypt(EncryptRequest::new(tenant("acme"), "v"))
        .await
        .unwrap();
    let theirs = theirs.log_entry.unwrap();
    assert_ne!(ours.log, theirs.log);
    // There is no path that names another log; a page of one is no page of ours.
    let first = EntryFilter {
        limit: Some(1),
        ..EntryFilter::default()
    };
    let page = other.log().entries(&first).await.unwrap();
    let filter = EntryFilter {
        page: page.next,
        ..first
    };
    let refused = room.client.log().entries(&filter).await;
    let expected = (400, Code::InvalidRequest);
    room.assert_refused(refused, expected, Reason::InvalidRequest)
        .await;
    assert!(
        room.client
            .log()
            .prove(theirs, &room.verifier())
            .await
            .is_err()
    );
}

async fn tiles_beyond_the_log_do_not_exist(room: Room) {
    let size = whole(&room).await.checkpoint.size();
    for path in [
        "/v1/log/tile/0/009",
        "/v1/log/tile/entries/009.p/5",
        "/v1/log/tile/1/000",
    ] {
        room.read(path).await.assert_problem(404, "not_found");
    }
    let beyond = format!("/v1/log/proof?index={}", size + 1_000_000);
    room.read(&beyond).await.assert_problem(404, "not_found");
}

async fn the_entry_of_a_seal_holds_its_digest(room: Room) {
    let (sealed, id) = seal(&room, "acme").await;
    let proven = room.client.log().prove(id, &room.verifier()).await.unwrap();
    let entry = Entry::decode(&proven.bytes).unwrap();
    assert_eq!(entry.output, Some(strongroom_log::sha256(&sealed)));
    // The leaf is what the tile has.
    let tile = Tile::in_tree(TileKind::Hashes(0), id.index >> 8, proven.checkpoint.size());
    let hashes = room.client.log().tile(tile.unwrap()).await.unwrap();
    let at = usize::try_from(id.index & 0xff).unwrap() * 32;
    assert_eq!(&hashes[at..at + 32], leaf_hash(&proven.bytes).as_bytes());
    // Neither the key context nor the caller's address stands in it readably.
    let bytes = String::from_utf8_lossy(&proven.bytes);
    assert!(
        !bytes.contains("acme") && !bytes.contains("127.0.0.1"),
        "{bytes}"
    );
}

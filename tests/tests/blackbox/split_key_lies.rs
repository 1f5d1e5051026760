//! A server that lies about split keys.

use serde_json::{Value, json};
use strongroom_client::split::{SplitCredential, SplitError, SplitKeyset, SplitLie};
use strongroom_crypto::label::Label;
use strongroom_crypto::xwing::PRIVATE_KEY_BYTES;
use strongroom_log::sha256;
use strongroom_tests::on_each_database;
use strongroom_tests::room::Room;
use strongroom_types::{Reason, base32};

use super::sealed_store_lies::Liar;
use super::split_keys::{EMAIL, Vault, pair, stranger, vault};

on_each_database!(
    a_swapped_public_key_gets_no_share,
    a_grant_of_another_signer_is_not_believed,
    a_grant_of_another_share_is_not_believed,
    a_grant_for_another_client_is_not_believed,
    an_old_grant_that_is_shown_again_is_not_sealed_under,
    a_false_server_share_opens_nothing,
    malformed_grants_are_named,
    what_the_granting_key_did_not_sign_is_not_kept,
);

fn base64(bytes: &[u8]) -> Value {
    use ::base64::Engine as _;
    json!(::base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// The administrator's keyset, as its client sees it behind the liar.
async fn open(liar: &Liar, credential: &SplitCredential) -> Result<SplitKeyset, SplitError> {
    liar.client.split_keys().open(credential).await
}

async fn lie_told(liar: &Liar, credential: &SplitCredential) -> Option<SplitLie> {
    open(liar, credential).await.unwrap_err().lie()
}

/// What the liar would have answered, had it been honest.
async fn own_grants(liar: &Liar, vault: &Vault) -> Value {
    open(liar, &vault.credential).await.unwrap();
    liar.last()
}

/// The server puts a key of its own in the place of a client's that is about to be granted to.
async fn a_swapped_public_key_gets_no_share(room: Room) {
    let vault = vault(&room, "swapped").await;
    let liar = Liar::before(&room).await;
    let keys = open(&liar, &vault.credential).await.unwrap();
    let (member, mallory) = (stranger(&room).await, stranger(&room).await);
    let path = format!("/v1/split-keys/public-keys/{}", mallory.id);
    let theirs = room.read(&path).await.json();
    liar.tell_at("/public-keys", move |mut said| {
        said["public_key"] = theirs["public_key"].clone();
        said
    });
    let fingerprint = member.pair.fingerprint();
    let grant = || keys.grant(&vault.granting, member.id, &fingerprint);
    let refused = grant().await.unwrap_err();
    assert_eq!(refused.lie(), Some(SplitLie::OtherPublicKey));
    // Nothing was sealed to it.
    let path = format!("/v1/split-keys/keysets/{}/grants", vault.id);
    let granted = room.read(&path).await.json();
    assert_eq!(granted["items"].as_array().unwrap().len(), 1);
    liar.be_honest();
    assert!(grant().await.is_ok());
}

/// The server makes a share of its own, and grants it itself.
async fn a_grant_of_another_signer_is_not_believed(room: Room) {
    let vault = vault(&room, "signer").await;
    let liar = Liar::before(&room).await;
    let said = own_grants(&liar, &vault).await;
    // Signed by another granting key, that of another keyset, everything else being true.
    let signature = said["grants"][0]["signature"].clone();
    let other = super::split_keys::vault(&room, "other").await;
    let path = format!("/v1/split-keys/keysets/{}/own-grants", other.id);
    let others = room.read(&path).await.json();
    for wrong in [others["grants"][0]["signature"].clone(), base64(&[7; 64])] {
        assert_ne!(wrong, signature);
        liar.tell_at("/own-grants", move |mut said| {
            said["grants"][0]["signature"] = wrong.clone();
            said
        });
        let told = lie_told(&liar, &vault.credential).await;
        assert_eq!(told, Some(SplitLie::Signer));
    }
    // A whole grant of another keyset.
    liar.tell_at("/own-grants", move |_| others.clone());
    let told = lie_told(&liar, &vault.credential).await;
    assert_eq!(told, Some(SplitLie::Signer));
}

/// A share that is not the one that the client pins, even if the granting key signed it.
async fn a_grant_of_another_share_is_not_believed(room: Room) {
    let vault = vault(&room, "share").await;
    let liar = Liar::before(&room).await;
    for field in ["check", "sealed"] {
        liar.tell_at("/own-grants", move |mut said| {
            let text = said["grants"][0][field].as_str().unwrap();
            let flipped = if text.starts_with('A') { "B" } else { "A" };
            said["grants"][0][field] = json!(format!("{flipped}{}", &text[1..]));
            said
        });
        let told = lie_told(&liar, &vault.credential).await;
        assert_eq!(told, Some(SplitLie::Signer), "{field}");
    }
    // The granting key signed it, and the client was told of another share.
    liar.be_honest();
    let other = pinning_another_check(&vault.credential);
    assert_eq!(lie_told(&liar, &other).await, Some(SplitLie::FalseShare));
    assert!(open(&liar, &vault.credential).await.is_ok());
}

/// The same credential, of which the last byte of the pinned check value is another.
fn pinning_another_check(credential: &SplitCredential) -> SplitCredential {
    let text = credential.expose_text();
    let mut bytes = base32::decode(&text[4..]).unwrap();
    bytes.truncate(bytes.len() - 4);
    let pinned = bytes.len() - PRIVATE_KEY_BYTES;
    bytes[pinned - 1] ^= 1;
    let label = Label::SplitText.as_bytes();
    let check = sha256(&[label, b"skc_", &bytes].concat());
    bytes.extend(&check.as_bytes()[..4]);
    format!("skc_{}", base32::encode(&bytes)).parse().unwrap()
}

async fn a_grant_for_another_client_is_not_believed(room: Room) {
    let vault = vault(&room, "recipient").await;
    let liar = Liar::before(&room).await;
    let member = stranger(&room).await;
    member.granted(&vault).await;
    let request = room.anonymous(
        reqwest::Method::GET,
        &format!("/v1/split-keys/keysets/{}/own-grants", vault.id),
    );
    let request = request.bearer_auth(&member.api_key);
    let theirs = strongroom_tests::reply::Reply::of(request).await.json();
    let whole = theirs.clone();
    liar.tell_at("/own-grants", move |_| whole.clone());
    let told = lie_told(&liar, &vault.credential).await;
    assert_eq!(told, Some(SplitLie::OtherKeyset));
    // Said to be this client's: the signature is about the other one.
    liar.tell_at("/own-grants", move |said| {
        let mut grant = theirs["grants"][0].clone();
        grant["client"] = said["client"].clone();
        json!({ "client": said["client"], "grants": [grant] })
    });
    let told = lie_told(&liar, &vault.credential).await;
    assert_eq!(told, Some(SplitLie::Signer));
    liar.be_honest();
    // A key pair that is not the one that was granted to.
    let other = SplitCredential::new(pair(), *vault.credential.pin());
    assert_eq!(lie_told(&liar, &other).await, Some(SplitLie::Recipient));
}

/// The server hides a new epoch, so that values are sealed under a share that a revoked client has.
async fn an_old_grant_that_is_shown_again_is_not_sealed_under(room: Room) {
    let vault = vault(&room, "replayed").await;
    let liar = Liar::before(&room).await;
    let old = own_grants(&liar, &vault).await;
    let credential = vault
        .keys
        .begin_epoch(&vault.granting, vault.credential)
        .await
        .unwrap();
    liar.tell_at("/own-grants", move |_| old.clone());
    let told = lie_told(&liar, &credential).await;
    let expected = SplitLie::OldEpoch {
        pinned: 2,
        shown: 1,
    };
    assert_eq!(told, Some(expected));
    // The old one under the new number.
    liar.tell_at("/own-grants", |mut said| {
        said["grants"] = json!([said["grants"][0]]);
        said["grants"][0]["epoch"] = json!(2);
        said
    });
    let told = lie_told(&liar, &credential).await;
    assert_eq!(told, Some(SplitLie::Signer));
    liar.be_honest();
    assert_eq!(open(&liar, &credential).await.unwrap().epoch(), 2);
}

async fn a_false_server_share_opens_nothing(room: Room) {
    let vault = vault(&room, "false").await;
    let liar = Liar::before(&room).await;
    let keys = open(&liar, &vault.credential).await.unwrap();
    let sealed = keys.seal(&EMAIL, b"value").await.unwrap();
    liar.tell_at("/derive", |mut said| {
        said["share"] = base64(&[7; 32]);
        said
    });
    let told = keys.open(&EMAIL, &sealed).await.unwrap_err().lie();
    assert_eq!(told, Some(SplitLie::Altered));
    for (field, wrong, expected) in [
        ("share", base64(&[7; 31]), SplitLie::Malformed),
        ("lock_tag", base64(&[7; 16]), SplitLie::Malformed),
    ] {
        liar.tell_at("/derive", move |mut said| {
            said[field] = wrong.clone();
            said
        });
        let told = keys.open(&EMAIL, &sealed).await.unwrap_err().lie();
        assert_eq!(told, Some(expected), "{field}");
    }
    liar.tell_at("/derive", |mut said| {
        said["key"]["version"] = json!(2);
        said
    });
    let told = keys.open(&EMAIL, &sealed).await.unwrap_err().lie();
    assert_eq!(told, Some(SplitLie::Malformed));
    let elsewhere = super::split_keys::vault(&room, "elsewhere").await;
    let other = elsewhere.keys.seal(&EMAIL, b"value").await.unwrap();
    let (envelope, _) = strongroom_crypto::split::SplitKeyOf::parse(&other).unwrap();
    let context = envelope.header.context;
    liar.tell_at("/derive", move |mut said| {
        said["key"]["id"] = json!(context);
        said
    });
    let told = keys.open(&EMAIL, &sealed).await.unwrap_err().lie();
    assert_eq!(told, Some(SplitLie::OtherKeyset));
    liar.be_honest();
    assert!(keys.open(&EMAIL, &sealed).await.is_ok());
}

async fn malformed_grants_are_named(room: Room) {
    let vault = vault(&room, "malformed").await;
    let liar = Liar::before(&room).await;
    for (field, wrong) in [
        ("id", base64(&[1; 15])),
        ("check", base64(&[1; 31])),
        ("sealed", base64(&[1; 100])),
        ("signature", base64(&[])),
    ] {
        liar.tell_at("/own-grants", move |mut said| {
            said["grants"][0][field] = wrong.clone();
            said
        });
        let told = lie_told(&liar, &vault.credential).await;
        assert_eq!(told, Some(SplitLie::Malformed), "{field}");
    }
    liar.tell_at("/own-grants", |mut said| {
        said["grants"] = json!([said["grants"][0], said["grants"][0]]);
        said
    });
    let told = lie_told(&liar, &vault.credential).await;
    assert_eq!(told, Some(SplitLie::Malformed));
    liar.tell_at("/own-grants", |mut said| {
        said["grants"] = json!([]);
        said
    });
    let told = lie_told(&liar, &vault.credential).await;
    let none = SplitLie::OldEpoch {
        pinned: 1,
        shown: 0,
    };
    assert_eq!(told, Some(none));
}

/// Whoever administers grants, and has no granting key, gets none past the server.
async fn what_the_granting_key_did_not_sign_is_not_kept(room: Room) {
    let vault = vault(&room, "unsigned").await;
    let member = stranger(&room).await;
    let path = format!("/v1/split-keys/keysets/{}", vault.id);
    let [epochs, grants, own] = ["epochs", "grants", "own-grants"].map(|of| format!("{path}/{of}"));
    let before = room.read(&path).await.json();
    // True of the administrator's client, and of nobody else.
    let mut grant = room.read(&own).await.json()["grants"][0].clone();
    grant["client"] = json!(member.id);
    let mut next = grant.clone();
    next["epoch"] = json!(2);
    let next = json!({"signer": before["signer"], "grant": next});
    for (path, body) in [(&grants, grant), (&epochs, next)] {
        let refused = room.post(path, body.to_string()).await;
        let expected = (400, "invalid_request");
        room.assert_problem(&refused, expected, Reason::InvalidRequest)
            .await;
    }
    assert_eq!(room.read(&path).await.json()["epoch"], 1);
    let granted = room.read(&grants).await.json();
    assert_eq!(granted["items"].as_array().unwrap().len(), 1);
}

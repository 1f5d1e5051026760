//! Where a customer's key may be: whoever describes one chooses an address that the server calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use strongroom_core::ports::{ConnectError, Outage, Providers as _, Refusal};
use strongroom_tests::service;

use crate::gcp::{Gcp, KEY};
use crate::keys::{Maker, refused, unavailable, wrap};
use strongroom_tests::moto;

/// Descriptions that differ in their address alone.
fn descriptions(address: &str) -> Vec<Value> {
    vec![
        json!({"provider": "transit", "address": address, "key": "k", "token": "t"}),
        moto::description(address, "alias/k"),
        json!({"provider": "gcp_kms", "key": KEY, "endpoint": address, "access_token": "t"}),
        json!({
            "provider": "azure_key_vault", "vault": address, "key": "k", "tenant_id": "t",
            "client_id": "c", "client_secret": "s", "algorithm": "RSA-OAEP-256",
        }),
        json!({
            "provider": "azure_key_vault", "vault": "https://acme.vault.azure.net", "key": "k",
            "tenant_id": "t", "client_id": "c", "client_secret": "s", "authority": address, "algorithm": "RSA-OAEP-256",
        }),
    ]
}

#[tokio::test]
async fn no_key_is_at_an_address_that_is_out_of_reach() {
    let maker = Maker::new();
    for address in [
        "https://10.0.0.1",
        "https://169.254.169.254/latest",
        "http://vault.example",
        "https://[fd00::1]",
        "https://0x0a000001",
    ] {
        for described in descriptions(address) {
            let description = serde_json::from_value(described.clone()).unwrap();
            let refused = maker.providers.connect(&description).unwrap_err();
            let provider = description.kind();
            assert_eq!(refused, ConnectError::Address { provider }, "{described}");
        }
    }
}

#[tokio::test]
async fn a_service_account_does_not_name_an_address_that_is_out_of_reach() {
    let gcp = Gcp::start().await;
    let mut file = gcp.key_file();
    file["token_uri"] = json!("http://169.254.169.254/token");
    let mut description = gcp.description();
    description["service_account"] = json!(file.to_string());
    let description = serde_json::from_value(description).unwrap();
    let refused = Maker::new().providers.connect(&description).unwrap_err();
    let provider = "gcp_kms";
    assert_eq!(refused, ConnectError::Address { provider });
}

/// A redirect would carry the token along.
#[tokio::test]
async fn no_redirect_is_followed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let elsewhere = service::start(move |_asked| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Some((200, b"{}".to_vec())) }
    })
    .await;
    let url = service::redirecting(&elsewhere).await;
    for mut described in descriptions(&url) {
        if described["provider"] == "azure_key_vault" {
            described["vault"] = json!(url);
            described["authority"] = json!(url);
        }
        let key = Maker::new().make(&described);
        assert_eq!(wrap(&*key).await, Err(unavailable(&*key, Outage::Fault)));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_foreign_answer_is_an_outage() {
    for body in [b"<html>".to_vec(), b"{}".to_vec()] {
        let url = answering(body).await;
        for described in descriptions(&url).into_iter().take(3) {
            let key = Maker::new().make(&described);
            assert_eq!(wrap(&*key).await, Err(unavailable(&*key, Outage::Fault)));
        }
    }
}

/// An answer that is as documented, and one that is so but for its length.
#[tokio::test]
async fn an_endless_answer_is_an_outage() {
    let answer = json!({"data": {"ciphertext": "vault:v1:AAAA"}}).to_string();
    for (blanks, taken) in [(0, true), (1024 * 1024, false)] {
        let url = answering(format!("{answer}{}", " ".repeat(blanks)).into_bytes()).await;
        let transit = descriptions(&url).swap_remove(0);
        let key = Maker::new().make(&transit);
        let wrapped = wrap(&*key).await;
        assert_eq!(wrapped.is_ok(), taken, "{wrapped:?}");
        if let Err(error) = wrapped {
            assert_eq!(error, unavailable(&*key, Outage::Fault));
        }
    }
}

async fn answering(body: Vec<u8>) -> String {
    service::start(move |_asked| {
        let body = body.clone();
        async move { Some((200, body)) }
    })
    .await
}

#[tokio::test]
async fn a_plain_403_is_a_refusal_everywhere() {
    let url = service::start(|_asked| async { Some((403, b"{}".to_vec())) }).await;
    for described in descriptions(&url).into_iter().take(3) {
        if described["provider"] == "aws_kms" {
            continue;
        }
        let key = Maker::new().make(&described);
        let denied = refused(&*key, Refusal::AccessDenied);
        assert_eq!(wrap(&*key).await, Err(denied));
    }
}

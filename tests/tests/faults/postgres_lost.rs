//! PostgreSQL goes away under a running server, and comes back.

use std::sync::Arc;

use strongroom_client::{Client, ClientError, RetryPolicy};
use strongroom_tests::poll::poll;
use strongroom_tests::postgres;
use strongroom_tests::proxy::Proxy;
use strongroom_tests::room::{Database, tenant};
use strongroom_tests::server::Server;
use strongroom_tests::whole_log::WholeLog;
use strongroom_types::body::{DecryptRequest, EncryptAnswer, EncryptRequest};

async fn seal(client: &Client, number: u32) -> Result<EncryptAnswer, ClientError> {
    let request = EncryptRequest::new(tenant("acme"), number.to_be_bytes());
    client.encrypt(request).await
}

#[tokio::test]
async fn a_lost_database_stops_every_use_until_it_is_back() {
    if !Database::Postgres.is_tested() {
        return;
    }
    let url: reqwest::Url = postgres::database("lost").unwrap().parse().unwrap();
    let proxy = Proxy::start(url.port().unwrap()).await;
    let mut through = url.clone();
    through.set_port(Some(proxy.port)).unwrap();
    let server = tokio::task::spawn_blocking(move || Server::start_on(Some(through.to_string())));
    let server = Arc::new(server.await.unwrap().unwrap());
    let client = Client::builder(&server.sheet().url)
        .api_key(&server.sheet().api_key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let mut acknowledged = vec![seal(&client, 0).await.unwrap()];
    for round in 1..=3 {
        proxy.cut();
        let error = seal(&client, round).await.unwrap_err();
        let refusal = error.refusal().unwrap_or_else(|| panic!("{error:?}"));
        assert_eq!(
            (refusal.status(), refusal.log_entry()),
            (503, None),
            "{error:?}"
        );
        let request = DecryptRequest::new(tenant("acme"), acknowledged[0].ciphertext.clone());
        assert_eq!(
            client
                .decrypt(request)
                .await
                .unwrap_err()
                .refusal()
                .unwrap()
                .status(),
            503
        );
        proxy.join();
        acknowledged.push(poll(async || seal(&client, round).await.ok()).await);
    }
    let key = server.sheet().log_public_key.parse().unwrap();
    let log = WholeLog::fetch(&client, &key).await;
    for (number, answer) in (0_u32..).zip(acknowledged) {
        let entry = log.entry(answer.log_entry.unwrap().index);
        assert_eq!(
            entry.output,
            Some(strongroom_log::sha256(&answer.ciphertext.0))
        );
        let request = DecryptRequest::new(tenant("acme"), answer.ciphertext);
        let opened = client.decrypt(request).await.unwrap();
        assert_eq!(opened.plaintext.0, number.to_be_bytes());
    }
}
